import { type AssetHead, NO_ROWS, type Version } from '../../core/asset/asset.ts'
import { copyOf } from '../../core/copy.ts'
import { TransientError } from '../../core/errors.ts'
import { MAX_CONFLICTS, VERSIONS_PER_ROUND } from '../../core/limits.ts'
import type { Announcer } from '../announcer.ts'
import type { Clock, Ledger } from '../ports.ts'

interface Dependencies {
  ledger: Ledger
  announcer: Announcer
  clock: Clock
}

/**
 * Changes versions of an asset so that there is something to be delivered again, window by window, and has the
 * asset looked at. `change` gets the head and one version, may change both, and says whether it did; it is asked
 * again where somebody else was faster. Answers how many versions were changed.
 */
export function createVersionRewriter({ ledger, announcer, clock }: Dependencies) {
  return async function rewriteVersions(
    asset: string,
    range: { from: number; to: number },
    change: (head: AssetHead, version: Version) => boolean,
  ): Promise<number> {
    let changed = 0
    for (let from = range.from; from <= range.to; ) {
      const window = await rewriteWindow(asset, from, range.to, change)
      changed += window.changed
      from = window.next
    }
    // Also where nothing was left to change: whoever changed it may have died before the message was sent.
    const state = await ledger.readWork(asset)
    if (state?.head.wakeAt !== undefined) await announcer.work(asset, state.head.wakeAt - clock.now())
    return changed
  }

  async function rewriteWindow(
    asset: string,
    from: number,
    to: number,
    change: (head: AssetHead, version: Version) => boolean,
  ): Promise<{ changed: number; next: number }> {
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      const state = await ledger.readWork(asset)
      // What has moved to another number since the range was chosen lies behind its end.
      const end = Math.max(to, state?.head.lastOrdinal ?? 0)
      const versions = await ledger.readVersions(asset, { from, to: end, limit: VERSIONS_PER_ROUND })
      const last = versions.at(-1)
      if (state === undefined || last === undefined) return { changed: 0, next: to + 1 }
      const head = copyOf(state.head)
      const changed = versions.filter(version => change(head, version))
      const done = { changed: changed.length, next: last.ordinal + 1 }
      if (changed.length === 0) return done
      head.wakeAt = Math.min(head.wakeAt ?? clock.now(), clock.now())
      head.rewrites = (head.rewrites ?? 0) + 1
      await announcer.expect(asset)
      const outcome = await ledger.commit(asset, state.etag, { ...NO_ROWS, head, versions: changed })
      if (outcome !== 'conflict') return done
    }
    throw new TransientError(`asset ${asset} is changed by too many at once`)
  }
}
