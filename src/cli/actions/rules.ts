import { readConfig } from '../../config.ts'
import type { RulesView } from '../../functions/routes/rules.ts'
import type { JsonOption, ServiceOptions } from '../command.ts'
import { openService, type Service } from '../service/client.ts'
import { RefusedError } from '../service/refusal.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { printable } from '../terminal/printable.ts'
import { UsageError } from '../usage-error.ts'

/** Prints the rules in force, and what is in the way of newer ones, which also is the exit code 1. */
export async function rules(
  action: 'refresh' | undefined,
  { json = false, ...options }: JsonOption & ServiceOptions,
): Promise<void> {
  const service = await openService(options)
  const known = await (action === 'refresh' ? refresh(service) : service.call<RulesView>('rules'))
  console.log(json ? toJsonText(known) : formatRules(known))
  process.exitCode = known.candidate === null && known.trouble === null ? 0 : 1
}

/** Where nobody is asked who they are, the service takes a refresh from whoever knows the secret of its webhook. */
async function refresh(service: Service): Promise<RulesView> {
  const secret = service.address.isLocal ? readConfig().rulesWebhookSecret : undefined
  const basic = Buffer.from(`lakemark:${secret}`).toString('base64')
  try {
    return await service.call<RulesView>('refreshRules', {
      ...(secret !== undefined && { headers: { Authorization: `Basic ${basic}` } }),
    })
  } catch (error) {
    if (!(error instanceof RefusedError) || error.problem !== 'no-webhook') throw error
    throw new UsageError(
      `${error.message}\nUntil then: a folder of rules is watched, and a repository is asked every minute`,
    )
  }
}

function formatRules({ count, active, candidate, trouble }: RulesView): string {
  const lines = [
    `${count === 1 ? '1 rule is' : `${count} rules are`} in force`,
    ...(active === undefined ? [] : [`  from    ${active.address}`, `  since   ${active.since}`]),
    ...(active?.commit == null ? [] : [`  commit  ${active.commit}`]),
    ...(candidate === null
      ? []
      : [
          'Newer rules were refused, and the ones above go on',
          // Of a folder, that is a digest which tells nobody anything.
          ...(active?.commit == null ? [] : [`  commit  ${candidate.commit}`]),
          `  seen    ${candidate.seenAt}`,
          ...candidate.problems.map(problem => `  ${problem}`),
        ]),
    ...(trouble === null
      ? []
      : [`The last look for newer ones, at ${trouble.at}, failed: ${trouble.reason}`]),
  ]
  return lines.map(printable).join('\n')
}
