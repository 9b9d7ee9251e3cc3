/** The names that a shell completes: of the service where it answers at once, else of the rules folder. */
import { readConfig } from '../../config.ts'
import { SECOND } from '../../core/time.ts'
import { loadRules } from '../../load-rules.ts'
import type { NameKind } from '../command.ts'
import { rulesFolder } from '../rules-place.ts'
import { openService } from '../service/client.ts'
import { knownNames, ruleNames } from '../service/known-names.ts'
import { UsageError } from '../usage-error.ts'
import type { FindNames } from './complete.ts'

/** People wait with their finger on the key. */
const PATIENCE_MS = SECOND

export const findNames: FindNames = async (kind, asked) => {
  const late = new Promise<undefined>(resolve => setTimeout(resolve, PATIENCE_MS, undefined).unref())
  const found = await Promise.race([ofService(kind, asked), late])
  return found ?? ofFolder(kind)
}

/** Undefined: it does not answer. That is no news to somebody who is typing, and the command itself will tell it. */
async function ofService(
  kind: NameKind,
  { beginning, ...options }: Parameters<FindNames>[1],
): Promise<readonly string[] | undefined> {
  try {
    const service = await openService(options)
    return await knownNames(service)[kind](beginning)
  } catch (error) {
    if (error instanceof UsageError) return undefined
    throw error
  }
}

async function ofFolder(kind: NameKind): Promise<readonly string[]> {
  if (kind === 'assets' || kind === 'runs') return []
  const { rules, rulesCommit, cloud } = readConfig()
  const loaded = await loadRules(rulesFolder(rules), rulesCommit, cloud)
  return ruleNames(loaded.rules, kind)
}
