import { boundBetween, isShortBound } from './name-order.ts'

/**
 * Blobs that were listed one after the other and are compared together, and the rows of the index that stood for
 * them. Texts are the names as they sort.
 */
export interface Chunk {
  /** Sorts behind all that was done before, and not behind any of these. */
  from: string
  /** Of the page in which it begins. */
  continuation: string | undefined
  texts: string[]
  /** The rows whose bounds lie here. */
  rows: OldRow[]
  /** What these rows, and the one before them, know. */
  known: Set<string>
}

export interface OldRow {
  bound: string
  /** Whether it was written under the rules that are in force. */
  isCurrent: boolean
  hashes: readonly string[]
}

export interface NewRow {
  bound: string
  hashes: string[]
}

/** A row of fewer blobs is joined with the next. */
export const MIN_ROW = 128
/** A row of more blobs is cut in two. */
export const SPLIT_ROW = 768
/** Blobs that are compared at a time. */
export const MAX_CHUNK = 1024

export function newChunk(from: string, continuation: string | undefined, known?: Iterable<string>): Chunk {
  return { from, continuation, texts: [], rows: [], known: new Set(known) }
}

export function absorb(chunk: Chunk, row: OldRow): void {
  chunk.rows.push(row)
  if (row.isCurrent) for (const hash of row.hashes) chunk.known.add(hash)
}

/**
 * The rows that are to stand for the chunk. `confirmed`: by position, the hashes of the blobs that need not be looked
 * at again, undefined of the others. `isEdge`: the last row may stand for names behind this part's, too. Undefined:
 * the index is as it should be.
 */
export function planRows(
  chunk: Chunk,
  confirmed: readonly (string | undefined)[],
  isEdge: boolean,
): { put: NewRow[]; remove: string[] } | undefined {
  // A bound that is too long for a key: the blobs are compared anew every time.
  if (!isShortBound(chunk.from)) return undefined
  const hashes = confirmed.filter(hash => hash !== undefined)
  const kept = isEdge ? [...chunk.known].filter(hash => !hashes.includes(hash)) : []
  if (kept.length > 0 && kept.length + hashes.length <= SPLIT_ROW) hashes.push(...kept)
  if (isUnchanged(chunk, hashes)) return undefined
  const put = hashes.length === 0 ? [] : cutInTwo(chunk, confirmed, hashes)
  const bounds = put.map(({ bound }) => bound)
  const remove = chunk.rows.map(({ bound }) => bound).filter(bound => !bounds.includes(bound))
  return put.length + remove.length === 0 ? undefined : { put, remove }
}

function isUnchanged({ from, rows }: Chunk, hashes: readonly string[]): boolean {
  const [row] = rows
  if (row === undefined || rows.length > 1 || row.bound !== from || !row.isCurrent) return false
  if (row.hashes.length !== hashes.length) return false
  const there = new Set(row.hashes)
  return hashes.every(hash => there.has(hash))
}

function cutInTwo(
  { from, texts }: Chunk,
  confirmed: readonly (string | undefined)[],
  hashes: string[],
): NewRow[] {
  const middle = Math.floor(texts.length / 2)
  const before = texts[middle - 1]
  const bound = before === undefined ? '' : boundBetween(before, texts[middle] as string)
  if (hashes.length <= SPLIT_ROW || !isShortBound(bound) || bound <= from) return [{ bound: from, hashes }]
  const first = confirmed.slice(0, middle).filter(hash => hash !== undefined)
  return [
    { bound: from, hashes: first },
    { bound, hashes: hashes.slice(first.length) },
  ]
}
