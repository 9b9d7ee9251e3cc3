import type { RunView } from '../../app/resync/run-view.ts'
import type { JsonOption, ServiceOptions } from '../command.ts'
import { openService, type Service } from '../service/client.ts'
import { warnOfUnknown, warnOfUnknownAsset } from '../service/near-names.ts'
import { RefusedError } from '../service/refusal.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { paragraphs } from '../terminal/output.ts'
import { printable } from '../terminal/printable.ts'
import { UsageError } from '../usage-error.ts'
import { followRun, goesOn } from './run-follow.ts'

export interface ResyncOptions extends JsonOption, ServiceOptions {
  container?: string
  prefix?: string
  rule?: string
  asset?: string
  workspace?: string
  since?: string
  dryRun?: boolean
  verify?: boolean
  wait: boolean
  idempotencyKey?: string
}

/** Starts a run, or joins the one over the same ground, and follows it to its end. */
export async function resync({
  json = false,
  url,
  audience,
  wait,
  idempotencyKey,
  ...wanted
}: ResyncOptions): Promise<void> {
  const service = await openService({ url, audience })
  const headers: Record<string, string> =
    idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }
  const run = await begin(service, wanted, headers)
  if (wait) {
    const { counters } = await followRun(service, run, json)
    if (wanted.asset !== undefined && counters.matched === 0) await tellOfAsset(service, wanted.asset)
    return
  }
  console.log(json ? toJsonText(run) : printable(`run ${run.id} ${run.state}`))
  if (!json && run.endedAt === null) console.error(goesOn(service, run.id))
}

/** No file makes it: it may be called otherwise. */
async function tellOfAsset(service: Service, asset: string): Promise<void> {
  const hint = await warnOfUnknownAsset(service, asset)
  if (hint !== '') console.error(printable(hint))
}

/** What the service refuses is most often a typing error in a name. */
async function begin(
  service: Service,
  wanted: Pick<ResyncOptions, 'rule' | 'workspace' | 'container'> & Record<string, unknown>,
  headers: Record<string, string>,
): Promise<RunView> {
  try {
    return await service.call<RunView>('resync', { body: wanted, headers })
  } catch (error) {
    if (!(error instanceof RefusedError) || error.problem !== 'refused') throw error
    const hints = [
      await warnOfUnknown(service, 'rules', wanted.rule),
      await warnOfUnknown(service, 'workspaces', wanted.workspace),
      await warnOfUnknown(service, 'containers', wanted.container),
    ]
    throw new UsageError(paragraphs(error.message, ...hints))
  }
}
