import { type AssetHead, newCursor, type Version } from '../core/asset/asset.ts'
import { TransientError } from '../core/errors.ts'
import { MAX_CONFLICTS, VERSIONS_PER_ROUND } from '../core/limits.ts'
import { own } from '../core/record.ts'
import { datastoreOf } from '../core/rules/datastore.ts'
import type { RuleSet } from '../core/rules/rule-set.ts'
import type { Announcer } from './announcer.ts'
import type { Clock, Ledger } from './ports.ts'

/** Versions looked at in one go, from the newest back. */
const MAX_VERSIONS = 10_000

interface Dependencies {
  ledger: Ledger
  announcer: Announcer
  rules: () => { rules: RuleSet }
  clock: Clock
}

/**
 * Makes the failed deliveries of an asset pending again. Undefined: there is no such asset. A version that no
 * workspace has goes to the datastore that the rules name now; all others stay where they point to.
 * A version that succeeds later than a newer one becomes what Azure ML shows as the latest.
 */
export function createRetry({ ledger, announcer, rules, clock }: Dependencies) {
  return async function retry(asset: string): Promise<{ retried: number } | undefined> {
    const state = await ledger.readWork(asset)
    if (state === undefined) return undefined
    const { lastOrdinal } = state.head
    let retried = 0
    for (let from = Math.max(1, lastOrdinal - MAX_VERSIONS + 1); from <= lastOrdinal; ) {
      const window = await retryWindow(asset, from, lastOrdinal)
      retried += window.retried
      from = window.next
    }
    // Also where nothing is left to change: whoever changed it may have died before the message was sent.
    const now = await ledger.readWork(asset)
    if (now?.head.wakeAt !== undefined) await announcer.work(asset, now.head.wakeAt - clock.now())
    return { retried }
  }

  async function retryWindow(
    asset: string,
    from: number,
    to: number,
  ): Promise<{ retried: number; next: number }> {
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      const state = await ledger.readWork(asset)
      const versions = await ledger.readVersions(asset, { from, to, limit: VERSIONS_PER_ROUND })
      const last = versions.at(-1)
      if (state === undefined || last === undefined) return { retried: 0, next: to + 1 }
      const head = structuredClone(state.head)
      const changed = versions.filter(version => reopen(head, version))
      const done = { retried: changed.length, next: last.ordinal + 1 }
      if (changed.length === 0) return done
      head.wakeAt = Math.min(head.wakeAt ?? clock.now(), clock.now())
      await announcer.expect(asset)
      const rest = { files: [], formerMembers: [], gatherings: [], closedGatherings: [] }
      const outcome = await ledger.commit(asset, state.etag, { ...rest, head, versions: changed })
      if (outcome === 'committed') return done
    }
    throw new TransientError(`asset ${asset} is changed by too many at once`)
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
