import { deliveryOf, type Version } from '../../core/asset/asset.ts'
import { UnreadableError } from '../../core/errors.ts'
import { own } from '../../core/record.ts'
import { noCounters, type RunCounters } from '../../core/resync/run.ts'
import { HOUR, MINUTE, SECOND } from '../../core/time.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { Clock, Ledger, Log } from '../ports.ts'
import type { FollowedAsset, RunStore, Stored } from './ports.ts'
import { ComeAgain, type Session } from './session.ts'

/** Assets that one part of a run has followed; what becomes of more is not counted. */
const MAX_FOLLOWED = 2000
const ASSETS_PER_PAGE = 200
const MAX_PAGES = 1000
const READS_AT_ONCE = 16
/** Versions of an asset that are looked at, from the newest back. */
const VERSIONS_LOOKED_AT = 1000
/** A run waits for deliveries no longer than this, and says how many are pending then. */
const FOLLOW_MS = HOUR
const FIRST_LOOK_MS = 5 * SECOND
const LAST_LOOK_MS = MINUTE

interface Dependencies {
  store: RunStore
  ledger: Ledger
  clock: Clock
  log: Log
}

/** The assets that one step has followed. */
export interface Followed {
  /** Those that are followed already do not matter; those that are too many are counted. */
  add(assets: ReadonlySet<string>): Promise<void>
  /** How many the part has had followed. */
  count(): number
  /** Those that were too many since this was asked last. */
  takeUnfollowed(): RunCounters
}

/** Remembers assets of which a run has found something, and what became of their deliveries. */
export function createFollowing({ store, ledger, clock, log }: Dependencies) {
  /** For a part that has had so many followed already. */
  function begin(run: string, already: number): Followed {
    const its = new Set<string>()
    let count = already
    let unfollowed = 0
    return {
      async add(assets) {
        const more = [...assets].filter(asset => !its.has(asset))
        const some = more.slice(0, Math.max(0, MAX_FOLLOWED - count))
        const document: FollowedAsset = { decided: undefined }
        if (some.length > 0) {
          await store.put(
            'asset',
            run,
            some.map(id => ({ id, document })),
          )
        }
        for (const asset of some) its.add(asset)
        count += some.length
        unfollowed += more.length - some.length
      },
      count: () => count,
      takeUnfollowed() {
        const counters = { ...noCounters(), unfollowed }
        unfollowed = 0
        return counters
      },
    }
  }

  /** Looks at all that is not decided yet. Throws ComeAgain while there is any, and PartLost. */
  async function follow(session: Session): Promise<void> {
    const { run } = session
    const { checkpoint } = session.part()
    const since = checkpoint.since ?? clock.now()
    const counters = noCounters()
    let continuation: string | undefined
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page = await store.list('asset', run.id, { limit: ASSETS_PER_PAGE, continuation })
      await forEachAtMost(READS_AT_ONCE, page.items, async item => {
        const { registered, failed, pending } = await lookAt(item, run.id, run.startedAt ?? run.createdAt)
        counters.registered += registered
        counters.failed += failed
        counters.pending += pending
      })
      await session.save({ checkpoint: { ...checkpoint, since } })
      continuation = page.continuation
      if (continuation === undefined) break
    }
    await session.save({ counters, checkpoint: { ...checkpoint, since } })
    const waited = clock.now() - since
    if (counters.pending === 0 || waited >= FOLLOW_MS) return
    const delayMs = Math.min(LAST_LOOK_MS, Math.max(FIRST_LOOK_MS, waited))
    throw new ComeAgain(`${counters.pending} deliveries are pending`, delayMs)
  }

  async function lookAt({ id, document }: Stored<FollowedAsset>, run: string, startedAt: number) {
    if (document.decided !== undefined) return { ...document.decided, pending: 0 }
    const counts = await countDeliveries(id, startedAt)
    if (counts.pending > 0) return counts
    const { registered, failed } = counts
    await store.put('asset', run, [{ id, document: { decided: { registered, failed } } }])
    return counts
  }

  /** What still gathers counts as one that is pending. */
  async function countDeliveries(asset: string, startedAt: number) {
    const counts = { registered: 0, failed: 0, pending: 0 }
    const state = await workOf(asset)
    if (state === undefined) return counts
    const { head, gatherings } = state
    counts.pending += gatherings.length
    const from = Math.max(1, head.lastOrdinal - VERSIONS_LOOKED_AT + 1)
    const versions = await ledger.readVersions(asset, { from, limit: VERSIONS_LOOKED_AT })
    for (const version of versions) {
      if (version.movedTo !== undefined) continue
      for (const alias of version.spec.workspaces) {
        const { state } = deliveryOf(version, alias, head)
        if (state === 'pending') counts.pending += 1
        else if (decidedAt(version, alias) >= startedAt) counts[state] += 1
      }
    }
    return counts
  }

  /** Undefined: nothing can be said of it, and the others are followed all the same. */
  async function workOf(asset: string) {
    try {
      return await ledger.readWork(asset)
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error
      log.error('re-sync cannot read an asset', { asset, error })
      return undefined
    }
  }

  return { begin, follow }
}

function decidedAt({ outcomes }: Version, alias: string): number {
  return own(outcomes, alias)?.at ?? 0
}
