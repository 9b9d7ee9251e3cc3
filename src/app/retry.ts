import { type AssetHead, newCursor, type Version } from '../core/asset/asset.ts'
import { MAX_VERSIONS_RETRIED } from '../core/limits.ts'
import { own } from '../core/record.ts'
import { datastoreOf } from '../core/rules/datastore.ts'
import type { RuleSet } from '../core/rules/rule-set.ts'
import type { Ledger } from './ports.ts'
import type { createVersionRewriter } from './rewrite-versions.ts'

interface Dependencies {
  ledger: Ledger
  rewriteVersions: ReturnType<typeof createVersionRewriter>
  rules: () => { rules: RuleSet }
}

/**
 * Makes the failed deliveries of an asset pending again. Undefined: there is no such asset. A version that no
 * workspace has goes to the datastore that the rules name now; all others stay where they point to.
 * A version that succeeds later than a newer one becomes what Azure ML shows as the latest.
 */
export function createRetry({ ledger, rewriteVersions, rules }: Dependencies) {
  return async function retry(asset: string): Promise<{ retried: number } | undefined> {
    const state = await ledger.readWork(asset)
    if (state === undefined) return undefined
    const { lastOrdinal } = state.head
    const from = Math.max(1, lastOrdinal - MAX_VERSIONS_RETRIED + 1)
    return { retried: await rewriteVersions(asset, { from, to: lastOrdinal }, reopen) }
  }

  /** Both are changed; false: nothing of this version has failed. */
  function reopen(head: AssetHead, version: Version): boolean {
    if (version.movedTo !== undefined) return false
    const states = Object.entries(version.outcomes)
    const failed = states.filter(([, { state }]) => state === 'failed').map(([alias]) => alias)
    for (const alias of failed) {
      delete version.outcomes[alias]
      const cursor = own(head.cursors, alias)
      if (cursor === undefined || version.ordinal < cursor.next)
        head.cursors[alias] = newCursor(version.ordinal)
    }
    if (failed.length > 0 && Object.keys(version.outcomes).length === 0) {
      const { account, container } = version.spec
      const { name, kind } = datastoreOf(rules().rules, account, container)
      version.spec.datastore = { name, kind }
    }
    return failed.length > 0
  }
}
