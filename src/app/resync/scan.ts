import { absorb, type Chunk, MAX_CHUNK, MIN_ROW, newChunk, planRows } from '../../core/resync/chunk.ts'
import { blobHash, packHashes, stampOf } from '../../core/resync/known-blobs.ts'
import {
  boundBetween,
  endOfPrefix,
  isShortBound,
  type ListingOrder,
  orderInstead,
  sortTextOf,
} from '../../core/resync/name-order.ts'
import {
  type Checkpoint,
  type ListedPlace,
  noCounters,
  type RunCounters,
  sumCounters,
} from '../../core/resync/run.ts'
import { isDirectoryName } from '../../core/storage-events.ts'
import type { MatchingRules } from '../intake.ts'
import type { Lake, ListedBlob } from '../ports.ts'
import type { Comparison, createComparison } from './compare.ts'
import type { createExtensions } from './extensions.ts'
import type { createFollowing } from './follow.ts'
import type { ListingIndex } from './ports.ts'
import { createRowReader, NO_ROWS_READER, type RowReader } from './row-reader.ts'
import type { Session } from './session.ts'

const BLOBS_PER_PAGE = 5000
/** Rows that a chunk stands for at the most: where blobs were deleted, many may lie between two names. */
const MAX_ROWS = 8
/** Sorts directly behind the text that it is added to. */
const NEXT = '\u0000'
/** A part whose steps have met trouble so often counts the files that cause it, and goes on without them. */
const PATIENCE = 6

interface Dependencies {
  lake: Lake
  index: ListingIndex
  compare: ReturnType<typeof createComparison>
  extendTo: ReturnType<typeof createExtensions>
  following: ReturnType<typeof createFollowing>
  rules: () => MatchingRules
}

/**
 * Lists a part's place beside the rows of the index, chunk by chunk, until it is done or the step's time is up.
 * Nothing is kept of a chunk that is done. Throws what the lake, the ledger or the stores throw, and PartLost.
 */
export function createScan(dependencies: Dependencies) {
  const { lake, index, compare, extendTo, following, rules } = dependencies

  return async function scan(session: Session, place: ListedPlace): Promise<'done' | 'more'> {
    const { filter } = session.run
    const { account, container, prefix } = place
    const active = rules()
    const stamp = stampOf(active.rules, account, container)
    // What is known may not be believed where the ledger itself is in doubt, and is not enough for a workspace.
    const isTrusting = !filter.verify && filter.workspace === undefined
    const { checkpoint } = session.part()
    let { counters } = session.part()
    let { followed } = checkpoint
    let { order } = place
    let chunk = newChunk(checkpoint.from ?? sortTextOf(prefix, order), checkpoint.continuation)
    let blobs: ListedBlob[] = []
    let nearest: readonly string[] = []
    let rows = readerFrom(chunk.from)
    let last: string | undefined
    let isSkipping = checkpoint.from !== undefined
    let page: string | undefined = checkpoint.continuation
    const saved = { counters, made: noCounters() }

    for (;;) {
      const listed = await lake.listFlat(
        { account, container, prefix },
        { limit: BLOBS_PER_PAGE, continuation: page },
      )
      for (const blob of listed.items) await add(blob)
      page = listed.continuation
      if (page === undefined) break
      // Where nothing is known of the order, only whole pages can be left behind.
      if (order === 'unknown') await startAnew('', page)
      await save()
      if (session.isTimeUp()) return 'more'
    }
    if (order !== 'unknown') await takeRowsBefore(endOfPrefix(sortTextOf(prefix, order)))
    await finish(true)
    await session.save({ counters, checkpoint: { ...checkpoint, followed } })
    return 'done'

    async function add(blob: ListedBlob): Promise<void> {
      const text = sortTextOf(blob.path, order)
      if (isSkipping && checkpoint.from !== undefined && text < checkpoint.from) return
      isSkipping = false
      if (last !== undefined && order !== 'unknown' && text <= sortTextOf(last, order)) {
        await reorder(orderInstead(order, last, blob.path), blob.path)
      } else if (order !== 'unknown') await advance(text)
      else if (chunk.texts.length >= MAX_CHUNK) await finish(false)
      last = blob.path
      if (blob.isDirectory || isDirectoryName(blob.path)) return
      chunk.texts.push(sortTextOf(blob.path, order))
      blobs.push(blob)
    }

    /** Takes in the rows that begin before this name, and ends the chunk where it should end. */
    async function advance(text: string): Promise<void> {
      await takeRowsBefore(text + NEXT)
      if (chunk.texts.length < MAX_CHUNK) return
      const before = chunk.texts.at(-1) as string
      const bound = boundBetween(before, text)
      await startAnew(isShortBound(bound) ? bound : text, page, nearest)
    }

    /** Undefined: all that are left. */
    async function takeRowsBefore(end: string | undefined): Promise<void> {
      for (let row = await rows.next(end); row !== undefined; row = await rows.next(end)) {
        if (chunk.texts.length >= MIN_ROW || chunk.rows.length >= MAX_ROWS) await startAnew(row.bound, page)
        absorb(chunk, row)
        nearest = row.isCurrent ? row.hashes : []
      }
    }

    /** The container is not listed in the order that was taken for granted. */
    async function reorder(next: ListingOrder, path: string): Promise<void> {
      order = next
      await finish(false, false)
      chunk = newChunk(sortTextOf(path, order), page)
      rows = readerFrom(chunk.from)
      place = { ...place, order }
    }

    async function startAnew(from: string, continuation: string | undefined, known?: readonly string[]) {
      await finish(false)
      chunk = newChunk(from, continuation, known)
      if (session.isQuiet()) await (order === 'unknown' ? session.save({}) : save())
    }

    /** Compares the chunk with the ledger and writes the rows that are to stand for it. */
    async function finish(isEnd: boolean, isOrdered = order !== 'unknown'): Promise<void> {
      const hashes = blobs.map(({ path, etag }) => blobHash(path, etag))
      const isKnown = (at: number) => isTrusting && chunk.known.has(hashes[at] as string)
      const comparison = await compare({ account, container, prefix }, blobs, isKnown, filter, active)
      const { confirmed, trouble } = comparison
      try {
        if (!filter.dryRun) {
          await follow(comparison)
          const isEdge = isEnd && endOfPrefix(prefix) !== undefined
          const confirmedHashes = hashes.map((hash, at) => (confirmed[at] ? hash : undefined))
          if (isOrdered) await remember(isTrusting ? chunk : withoutKnown(chunk), confirmedHashes, isEdge)
        }
        if (trouble !== undefined && session.part().attempts < PATIENCE) throw trouble.error
      } catch (error) {
        await noteMade(comparison.made)
        throw error
      }
      count(comparison)
      blobs = []
      chunk.texts = []
    }

    /** Also what a workspace is given of what the assets have. */
    async function follow({ touched, matches, made }: Comparison): Promise<void> {
      const { id } = session.run
      followed = await following.add(id, touched, followed, made)
      followed = await following.add(id, await extendTo(filter.workspace, matches), followed, made)
    }

    async function remember(of: Chunk, hashes: (string | undefined)[], isEdge: boolean): Promise<void> {
      const change = planRows(of, hashes, isEdge)
      if (change === undefined || order === 'unknown') return
      const put = change.put.map(row => ({ bound: row.bound, stamp, hashes: packHashes(row.hashes) }))
      await index.change({ account, container, order }, put, change.remove)
    }

    function count({ seen, made, trouble }: Comparison): void {
      seen.troubled += trouble?.blobs ?? 0
      counters = sumCounters([counters, seen, made])
      saved.made = sumCounters([saved.made, made])
    }

    /** Another step compares the chunk again: what was seen is counted then, what was done is counted now. */
    async function noteMade(made: RunCounters): Promise<void> {
      if (order === 'unknown') {
        await session.note({ counters: sumCounters([saved.counters, saved.made, made]) })
      } else await session.note({ ...here(), counters: sumCounters([counters, made]) })
    }

    async function save(): Promise<void> {
      await session.save({ ...here(), counters })
      saved.counters = counters
      saved.made = noCounters()
    }

    /** Where the chunk that is open begins is where another step goes on. */
    function here(): { checkpoint: Checkpoint; place: ListedPlace } {
      const from = order === 'unknown' ? undefined : chunk.from
      return { checkpoint: { ...checkpoint, continuation: chunk.continuation, from, followed }, place }
    }

    function readerFrom(from: string): RowReader {
      return order === 'unknown'
        ? NO_ROWS_READER
        : createRowReader(index, { account, container, order }, from, stamp)
    }
  }
}

/** All of it is written anew: what was known was not believed. */
function withoutKnown(chunk: Chunk): Chunk {
  return { ...chunk, known: new Set() }
}
