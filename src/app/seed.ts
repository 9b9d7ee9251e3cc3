import { reasonOf } from '../core/errors.ts'
import { WORKSPACES_AT_ONCE } from '../core/limits.ts'
import type { RuleSet } from '../core/rules/rule-set.ts'
import { forEachAtMost } from './concurrency.ts'
import type { AzureMl, Log } from './ports.ts'

/**
 * Asks the workspaces, once in an asset's life, for the highest number that is in use there: our numbers
 * begin behind it. A workspace that does not answer is left out; should it hold a number of ours when the
 * time comes, the delivery finds out and moves the data to another.
 */
export function createSeeding({
  azureMl,
  rules,
  log,
}: {
  azureMl: AzureMl
  rules: () => { rules: RuleSet }
  log: Log
}) {
  return async function highestInUse(asset: string, aliases: readonly string[]): Promise<number> {
    const { workspaces } = rules().rules
    let highest = 0
    await forEachAtMost(WORKSPACES_AT_ONCE, aliases, async alias => {
      const workspace = workspaces.get(alias)
      if (workspace === undefined) return
      try {
        const there = await azureMl.highestVersion(workspace, asset)
        highest = Math.max(highest, there)
      } catch (error) {
        log.warn('could not ask which numbers are in use', {
          asset,
          workspace: alias,
          reason: reasonOf(error),
        })
      }
    })
    return highest
  }
}
