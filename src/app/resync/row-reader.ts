import type { OldRow } from '../../core/resync/chunk.ts'
import { unpackHashes } from '../../core/resync/known-blobs.ts'
import type { IndexPlace, ListingIndex } from './ports.ts'

/** Some eight kilobytes each. */
const ROWS_PER_PAGE = 64

export interface RowReader {
  /** The next row, where its bound sorts before `end`; undefined: before any end. */
  next(end: string | undefined): Promise<OldRow | undefined>
  /** Whether it is worth asking. */
  mayHaveBefore(end: string): boolean
}

/** Reads the rows of the index beside a listing, page by page. */
export function createRowReader(
  index: Pick<ListingIndex, 'read'>,
  place: IndexPlace,
  from: string,
  stamp: string,
): RowReader {
  let rows: OldRow[] = []
  let at = 0
  let continuation: string | undefined
  let isLast = false

  return {
    async next(end) {
      while (at >= rows.length && !isLast) await readOn()
      const row = rows[at]
      if (row === undefined || (end !== undefined && row.bound >= end)) return undefined
      at += 1
      return row
    },
    mayHaveBefore(end) {
      const row = rows[at]
      return row === undefined ? !isLast : row.bound < end
    },
  }

  async function readOn(): Promise<void> {
    const page = await index.read(place, from, { limit: ROWS_PER_PAGE, continuation })
    rows = page.items.map(row => ({
      bound: row.bound,
      isCurrent: row.stamp === stamp,
      hashes: unpackHashes(row.hashes),
    }))
    at = 0
    continuation = page.continuation
    isLast = continuation === undefined
  }
}

/** Where nothing may be concluded from what is remembered, or nothing can be found there. */
export const NO_ROWS_READER: RowReader = { next: async () => undefined, mayHaveBefore: () => false }
