import { reasonOf, TransientError } from '../core/errors.ts'
import { FIRST_RETRY_MS, WORKSPACES_AT_ONCE } from '../core/limits.ts'
import type { RuleSet } from '../core/rules/rule-set.ts'
import { MINUTE } from '../core/time.ts'
import { forEachAtMost } from './concurrency.ts'
import type { AzureMl, Log } from './ports.ts'

/** A workspace that takes no questions for longer than this is left out. */
const LONGEST_WAIT_MS = MINUTE

/** `retryAfterMs`: a workspace takes no questions before then. */
export type Seeding = { highest: number } | { retryAfterMs: number }

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
  return async function highestInUse(asset: string, aliases: readonly string[]): Promise<Seeding> {
    const { workspaces } = rules().rules
    let highest = 0
    let retryAfterMs: number | undefined
    await forEachAtMost(WORKSPACES_AT_ONCE, aliases, async alias => {
      const workspace = workspaces.get(alias)
      if (workspace === undefined) return
      try {
        const there = await azureMl.highestVersion(workspace, asset)
        highest = Math.max(highest, there)
      } catch (error) {
        const waitMs =
          error instanceof TransientError && error.throttled ? (error.retryAfterMs ?? 0) : Infinity
        if (waitMs <= LONGEST_WAIT_MS) retryAfterMs = Math.max(retryAfterMs ?? FIRST_RETRY_MS, waitMs)
        const reason = reasonOf(error)
        log.warn('could not ask which numbers are in use', { asset, workspace: alias, reason })
      }
    })
    return retryAfterMs === undefined ? { highest } : { retryAfterMs }
  }
}
