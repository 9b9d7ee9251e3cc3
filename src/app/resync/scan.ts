import { PermanentError } from '../../core/errors.ts'
import { absorb, type Chunk, MAX_CHUNK, MIN_ROW, newChunk, planRows } from '../../core/resync/chunk.ts'
import { packFound, unpackFound } from '../../core/resync/found-blobs.ts'
import { blobHash, packHashes, stampOf } from '../../core/resync/known-blobs.ts'
import {
  boundBetween,
  endOfPrefix,
  isShortBound,
  type ListingOrder,
  orderInstead,
  sortTextOf,
} from '../../core/resync/name-order.ts'
import { type Checkpoint, keptCounters, type ListedPlace, sumCounters } from '../../core/resync/run.ts'
import { isDirectoryName } from '../../core/storage-events.ts'
import type { MatchingRules } from '../intake/intake.ts'
import type { Lake, ListedBlob } from '../ports.ts'
import type { Compare, Missing } from './compare.ts'
import type { createExtensions } from './extensions.ts'
import type { createFollowing } from './follow.ts'
import { createPages } from './pages.ts'
import type { ListingIndex } from './ports.ts'
import { createRowReader, NO_ROWS_READER, type RowReader } from './row-reader.ts'
import type { Session } from './session.ts'

/** Rows that a chunk stands for at the most: where blobs were deleted, many may lie between two names. */
const MAX_ROWS = 8
/** Sorts directly behind the text that it is added to. */
const NEXT = '\u0000'
/** A part whose steps have met trouble so often counts the files that cause it, and goes on without them. */
const PATIENCE = 6
/** Of the listing of one place. */
const MAX_RESTARTS = 20

interface Dependencies {
  lake: Lake
  index: Pick<ListingIndex, 'read' | 'change'>
  compare: Compare
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
    if (checkpoint.isListed) return 'done'
    const pages = createPages(lake, place, checkpoint.continuation)
    const found = unpackFound(checkpoint.found)
    const followed = following.begin(session.run.id, checkpoint.followed)
    let { counters } = session.part()
    let { order } = place
    let chunk = newChunk(checkpoint.from ?? sortTextOf(prefix, order), checkpoint.continuation)
    const begun = { from: chunk.from, continuation: chunk.continuation, listed: counters.listed }
    let blobs: ListedBlob[] = []
    let nearest: readonly string[] = []
    let rows = readerFrom(chunk.from)
    let last: string | undefined
    let isSkipping = checkpoint.from !== undefined
    let savedCounters = counters
    /** What was found missing, is counted, and was not saved as counted yet. */
    let counted: string[] = []

    for (;;) {
      const listed = await pages.next()
      if (listed === 'begin anew') return beginAnew()
      for (const blob of listed) {
        const adding = add(blob)
        // Most need not wait for anything, and a million waits are many.
        if (adding !== undefined) await adding
      }
      if (pages.following() === undefined) break
      await leavePage()
      await save()
      if (session.isTimeUp()) return 'more'
    }
    if (order !== 'unknown') await takeRowsBefore(endOfPrefix(sortTextOf(prefix, order)))
    await finish(true)
    const listed = { isListed: true, found: undefined, followed: followed.count() }
    await session.save({ counters, checkpoint: { ...checkpoint, ...listed } })
    return 'done'

    function add(blob: ListedBlob): Promise<void> | undefined {
      const text = sortTextOf(blob.path, order)
      if (isSkipping && checkpoint.from !== undefined && text < checkpoint.from) return undefined
      isSkipping = false
      const isDisorderly = last !== undefined && order !== 'unknown' && text <= sortTextOf(last, order)
      if (!isDisorderly && chunk.texts.length < MAX_CHUNK && !rows.mayHaveBefore(text + NEXT)) {
        take(blob, text)
        return undefined
      }
      return addSlowly(blob, text, isDisorderly)
    }

    async function addSlowly(blob: ListedBlob, text: string, isDisorderly: boolean): Promise<void> {
      if (isDisorderly && last !== undefined) await reorder(orderInstead(order, last, blob.path), blob.path)
      else if (order !== 'unknown') await advance(text)
      else await finish(false)
      take(blob, sortTextOf(blob.path, order))
    }

    function take(blob: ListedBlob, text: string): void {
      last = blob.path
      if (blob.isDirectory || isDirectoryName(blob.path)) return
      chunk.texts.push(text)
      blobs.push(blob)
    }

    /** Takes in the rows that begin before this name, and ends the chunk where it should end. */
    async function advance(text: string): Promise<void> {
      await takeRowsBefore(text + NEXT)
      if (chunk.texts.length < MAX_CHUNK) return
      const before = chunk.texts.at(-1) as string
      const bound = boundBetween(before, text)
      await startAnew(isShortBound(bound) ? bound : text, pages.current(), nearest)
    }

    /** Undefined: all that are left. */
    async function takeRowsBefore(end: string | undefined): Promise<void> {
      for (let row = await rows.next(end); row !== undefined; row = await rows.next(end)) {
        if (chunk.texts.length >= MIN_ROW || chunk.rows.length >= MAX_ROWS) {
          await startAnew(row.bound, pages.current())
        }
        absorb(chunk, row)
        nearest = row.isCurrent ? row.hashes : []
      }
    }

    /** Another step need not list again what this one has done with. */
    async function leavePage(): Promise<void> {
      // Where nothing is known of the order, only whole pages can be left behind.
      if (order === 'unknown') return startAnew('', pages.following())
      if (chunk.texts.length === 0) chunk.continuation = pages.following()
      else if (session.isTimeUp() && !hasGotOn() && last !== undefined) {
        await startAnew(sortTextOf(last, order) + NEXT, pages.following(), nearest)
      }
    }

    function hasGotOn(): boolean {
      return chunk.from !== begun.from || chunk.continuation !== begun.continuation
    }

    /** The container is not listed in the order that was taken for granted. */
    async function reorder(next: ListingOrder, path: string): Promise<void> {
      order = next
      await finish(false, false)
      chunk = newChunk(sortTextOf(path, order), pages.current())
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
      const foundBefore = (at: number) => (found.size === 0 ? undefined : found.get(hashes[at] as string))
      const isKnown = (at: number) =>
        isTrusting && chunk.known.has(hashes[at] as string) && foundBefore(at) === undefined
      const remembered = { isKnown, foundBefore }
      const of = { account, container, prefix }
      const compared = await compare(of, blobs, remembered, filter, active, missing => note(missing, hashes))
      const { confirmed, matches, trouble } = compared
      if (!filter.dryRun) {
        await followed.add(await extendTo(filter.workspace, matches))
        const isEdge = isEnd && endOfPrefix(prefix) !== undefined
        const confirmedHashes = hashes.map((hash, at) => (confirmed[at] ? hash : undefined))
        if (isOrdered) await remember(isTrusting ? chunk : withoutKnown(chunk), confirmedHashes, isEdge)
      }
      if (trouble !== undefined) {
        if (session.part().attempts < PATIENCE) throw trouble.error
        compared.counters.troubled += trouble.blobs
      }
      counters = sumCounters([counters, compared.counters, followed.takeUnfollowed()])
      for (const hash of found.size === 0 ? [] : hashes) if (found.has(hash)) counted.push(hash)
      blobs = []
      chunk.texts = []
    }

    /** Whoever goes on if this step dies counts what it finds taken in, and has it followed. */
    async function note({ found: missing, assets }: Missing, hashes: readonly string[]): Promise<void> {
      forgetCounted()
      for (const [position, what] of missing) found.set(hashes[position] as string, what)
      await followed.add(assets)
      if (order === 'unknown') {
        const { checkpoint: saved } = session.part()
        return session.note({ counters: savedCounters, checkpoint: { ...saved, found: packFound(found) } })
      }
      await session.note({ ...here(), counters })
      savedCounters = counters
    }

    /**
     * What is counted in what is saved now need not be known any more; nor what was found once, and is not there now.
     * Where the order is unknown, all since the last page goes by what was saved then.
     */
    function forgetCounted(): void {
      if (order === 'unknown') return
      for (const hash of counted) found.delete(hash)
      counted = []
      if (counters.listed - begun.listed >= 2 * MAX_CHUNK) found.clear()
    }

    async function remember(of: Chunk, hashes: (string | undefined)[], isEdge: boolean): Promise<void> {
      const change = planRows(of, hashes, isEdge)
      if (change === undefined || order === 'unknown') return
      const put = change.put.map(row => ({ bound: row.bound, stamp, hashes: packHashes(row.hashes) }))
      await index.change({ account, container, order }, put, change.remove)
    }

    async function save(): Promise<void> {
      if (order === 'unknown') found.clear()
      forgetCounted()
      await session.save({ ...here(), counters })
      savedCounters = counters
    }

    /** Where the chunk that is open begins is where another step goes on. */
    function here(): { checkpoint: Checkpoint; place: ListedPlace } {
      const { continuation } = chunk
      const from = order === 'unknown' ? undefined : chunk.from
      const done = { continuation, from, found: packFound(found), followed: followed.count() }
      return { checkpoint: { ...checkpoint, ...done }, place }
    }

    /** From the first page on, whose names are passed by; where their order is unknown, they are counted anew. */
    async function beginAnew(): Promise<'more'> {
      forgetCounted()
      const { checkpoint: there } = here()
      const restarts = (checkpoint.restarts ?? 0) + 1
      if (restarts > MAX_RESTARTS)
        throw new PermanentError('a listing cannot be gone on with, time and again')
      await session.save({
        place,
        counters: order === 'unknown' ? keptCounters(savedCounters) : counters,
        checkpoint: { ...there, continuation: undefined, restarts },
      })
      return 'more'
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
