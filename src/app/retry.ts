import { type AssetHead, newCursor, type Version } from '../core/asset.ts'
import { TransientError } from '../core/errors.ts'
import { MAX_CONFLICTS } from '../core/limits.ts'
import { own } from '../core/record.ts'
import type { Announcer } from './announcer.ts'
import type { Clock, Ledger } from './ports.ts'

/** Versions looked at in one go; what failed before them is older than anyone asks for. */
const VERSIONS_PER_RETRY = 80

/**
 * Makes the failed deliveries of an asset pending again, of its newest versions. Undefined: there is no such
 * asset. A version that succeeds later than a newer one becomes what Azure ML shows as the latest.
 */
export function createRetry({
  ledger,
  announcer,
  clock,
}: {
  ledger: Ledger
  announcer: Announcer
  clock: Clock
}) {
  return async function retry(asset: string): Promise<{ retried: number } | undefined> {
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      const state = await ledger.readWork(asset)
      if (state === undefined) return undefined
      const head = structuredClone(state.head)
      const from = Math.max(1, head.lastOrdinal - VERSIONS_PER_RETRY + 1)
      const versions = await ledger.readVersions(asset, { from, limit: VERSIONS_PER_RETRY })
      const changed = versions.filter(version => reopen(head, version))
      if (changed.length === 0) return { retried: 0 }
      const now = clock.now()
      head.wakeAt = Math.min(head.wakeAt ?? now, now)
      const rest = { files: [], formerMembers: [], gatherings: [], closedGatherings: [] }
      if ((await ledger.commit(asset, state.etag, { ...rest, head, versions: changed })) === 'conflict')
        continue
      await announcer.work(asset, now, true)
      return { retried: changed.length }
    }
    throw new TransientError(`asset ${asset} is changed by too many at once`)
  }
}

/** Both are changed; false: nothing of this version has failed. */
function reopen(head: AssetHead, version: Version): boolean {
  if (version.movedTo !== undefined) return false
  const failed = Object.keys(version.outcomes).filter(alias => version.outcomes[alias]?.state === 'failed')
  for (const alias of failed) {
    delete version.outcomes[alias]
    const cursor = own(head.cursors, alias)
    if (cursor === undefined || version.ordinal < cursor.next)
      head.cursors[alias] = newCursor(version.ordinal)
  }
  return failed.length > 0
}
