import { newCursor } from '../core/asset/asset.ts'
import { TransientError } from '../core/errors.ts'
import { MAX_CONFLICTS, VERSIONS_PER_ROUND } from '../core/limits.ts'
import { own } from '../core/record.ts'
import type { BackfillMode } from '../core/rules/rule-set.ts'
import type { Announcer } from './announcer.ts'
import type { Clock, Ledger } from './ports.ts'

interface Dependencies {
  ledger: Ledger
  announcer: Announcer
  clock: Clock
}

/**
 * Gives an asset's versions to workspaces that did not have them: the newest version, or all. Where every
 * workspace has what it should, nothing is written.
 */
export function createExtend({ ledger, announcer, clock }: Dependencies) {
  return async function extend(
    asset: string,
    workspaces: readonly string[],
    mode: BackfillMode,
  ): Promise<void> {
    if (mode === 'none') return
    const state = await ledger.readWork(asset)
    if (state === undefined || state.head.lastOrdinal === 0) return
    const { lastOrdinal } = state.head
    let extended = false
    for (let from = mode === 'all' ? 1 : lastOrdinal; from <= lastOrdinal; ) {
      const window = await extendWindow(asset, workspaces, from, lastOrdinal)
      extended ||= window.extended
      from = window.next
    }
    if (extended) await announcer.work(asset, 0)
  }

  async function extendWindow(
    asset: string,
    workspaces: readonly string[],
    from: number,
    to: number,
  ): Promise<{ extended: boolean; next: number }> {
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      const state = await ledger.readWork(asset)
      const versions = await ledger.readVersions(asset, { from, to, limit: VERSIONS_PER_ROUND })
      const last = versions.at(-1)
      if (state === undefined || last === undefined) return { extended: false, next: to + 1 }
      const head = structuredClone(state.head)
      const changed = versions.filter(({ movedTo, ordinal, spec }) => {
        const missing = workspaces.filter(alias => movedTo === undefined && !spec.workspaces.includes(alias))
        for (const alias of missing) {
          spec.workspaces.push(alias)
          const cursor = own(head.cursors, alias)
          if (cursor === undefined || ordinal < cursor.next) head.cursors[alias] = newCursor(ordinal)
        }
        return missing.length > 0
      })
      const done = { extended: changed.length > 0, next: last.ordinal + 1 }
      if (changed.length === 0) return done
      head.wakeAt = Math.min(head.wakeAt ?? clock.now(), clock.now())
      await announcer.expect(asset)
      const rest = { files: [], formerMembers: [], gatherings: [], closedGatherings: [] }
      if ((await ledger.commit(asset, state.etag, { ...rest, head, versions: changed })) === 'committed')
        return done
    }
    throw new TransientError(`asset ${asset} is changed by too many at once`)
  }
}
