import { type AssetHead, type Cursor, isPending, newCursor, type Version } from '../../core/asset/asset.ts'
import { MAX_REQUESTS_PER_TURN } from '../../core/limits.ts'
import { own } from '../../core/record.ts'
import type { Ledger } from '../ports.ts'

/** So many windows without anything to do are passed over in one look; the next goes on from there. */
const WINDOWS_PASSED = 20

/** What a workspace has to be sent next. */
export interface Outstanding {
  /** At the first version that is pending. */
  cursor: Cursor
  /** How many are pending, from there on, of those that one turn may be given for. 0: none of all. */
  count: number
}

/**
 * Tells what really is to be sent to workspaces, so that they ask for no larger part of the budget: behind a failure
 * that is tried again, most versions may have been delivered long ago. `cut`: versions that are about to be committed
 * with the head. Where only the newest version is left, nothing is read.
 */
export function createOutstanding({ ledger }: { ledger: Pick<Ledger, 'readVersions'> }) {
  return async function outstanding(
    asset: string,
    head: AssetHead,
    cut: readonly Version[],
    aliases: readonly string[],
  ): Promise<Map<string, Outstanding>> {
    const windows = new Map<number, Promise<Version[]>>()
    const found = new Map<string, Outstanding>()
    await Promise.all(
      aliases.map(async alias => {
        const cursor = own(head.cursors, alias)
        if (cursor !== undefined) found.set(alias, await lookFrom(cursor, alias))
      }),
    )
    return found

    async function lookFrom(cursor: Cursor, alias: string): Promise<Outstanding> {
      if (cursor.next >= head.lastOrdinal) return { cursor, count: 1 }
      let from = cursor.next
      for (let passed = 0; passed < WINDOWS_PASSED && from <= head.lastOrdinal; passed += 1) {
        const window = await windowFrom(from)
        const pending = window.filter(version => isPending(version, alias))
        const first = pending[0]
        if (first !== undefined) return { cursor: movedTo(first.ordinal, cursor), count: pending.length }
        const isLast = window.length < MAX_REQUESTS_PER_TURN
        from = isLast ? head.lastOrdinal + 1 : (window.at(-1)?.ordinal ?? head.lastOrdinal) + 1
      }
      return { cursor: movedTo(from, cursor), count: from > head.lastOrdinal ? 0 : 1 }
    }

    function windowFrom(from: number): Promise<Version[]> {
      const reading = windows.get(from) ?? readFrom(from)
      windows.set(from, reading)
      return reading
    }

    async function readFrom(from: number): Promise<Version[]> {
      const limit = MAX_REQUESTS_PER_TURN
      const rows = await ledger.readVersions(asset, { from, to: head.lastOrdinal, limit })
      const fresh = cut.filter(({ ordinal }) => ordinal >= from)
      return rows.length < limit ? [...rows, ...fresh].slice(0, limit) : rows
    }
  }
}

/** What a cursor says beside its place is of the version that it points to. */
function movedTo(ordinal: number, cursor: Cursor): Cursor {
  return ordinal === cursor.next ? cursor : { ...newCursor(ordinal), turn: cursor.turn }
}
