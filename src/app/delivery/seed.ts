import { budgetOf } from '../../core/arm-budget.ts'
import { reasonOf, TransientError } from '../../core/errors.ts'
import { FIRST_RETRY_MS, WORKSPACES_AT_ONCE } from '../../core/limits.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { AzureMl, Clock, Log } from '../ports.ts'
import type { Pacer } from './pacer.ts'

export interface Seeding {
  highest: number
  /** By alias: workspaces that take no questions now. */
  throttled: ReadonlyMap<string, TransientError>
}

/**
 * Asks the workspaces, once in an asset's life, for the highest number that is in use there: our numbers
 * begin behind it. A workspace that does not answer is left out; should it hold a number of ours when the
 * time comes, the delivery finds out and moves the data to another.
 */
export function createSeeding({
  azureMl,
  pacer,
  rules,
  clock,
  log,
}: {
  azureMl: AzureMl
  pacer: Pick<Pacer, 'stop' | 'isStopped'>
  rules: () => { rules: RuleSet }
  clock: Clock
  log: Log
}) {
  return async function highestInUse(asset: string, aliases: readonly string[]): Promise<Seeding> {
    const { workspaces } = rules().rules
    const throttled = new Map<string, TransientError>()
    let highest = 0
    await forEachAtMost(WORKSPACES_AT_ONCE, aliases, async alias => {
      const workspace = workspaces.get(alias)
      if (workspace === undefined || pacer.isStopped(budgetOf(workspace))) return
      try {
        const there = await azureMl.highestVersion(workspace, asset)
        highest = Math.max(highest, there)
      } catch (error) {
        const reason = reasonOf(error)
        log.warn('could not ask which numbers are in use', { asset, workspace: alias, reason })
        if (!(error instanceof TransientError && error.throttled)) return
        throttled.set(alias, error)
        await pacer.stop(budgetOf(workspace), clock.now() + (error.retryAfterMs ?? FIRST_RETRY_MS))
      }
    })
    return { highest, throttled }
  }
}
