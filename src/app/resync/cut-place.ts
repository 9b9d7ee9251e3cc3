import { PermanentError } from '../../core/errors.ts'
import { endOfPrefix, sortTextOf } from '../../core/resync/name-order.ts'
import { gapsBetween, splitByBounds, splitPrefixes } from '../../core/resync/parts.ts'
import type { ListedPlace } from '../../core/resync/run.ts'
import { SECOND } from '../../core/time.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { Clock, Lake } from '../ports.ts'
import type { ListingIndex } from './ports.ts'

/** Folders and files of one level that are looked at. */
const NAMES_LOOKED_AT = 5000
/** Levels that hold nothing but one folder are passed. */
const MAX_LEVELS = 8
const BOUNDS_PER_PAGE = 1000
/** Some hundreds of blobs each. */
const MAX_BOUNDS = 20_000
const GAPS_AT_ONCE = 8
/** An index of fewer bounds a part stands for little of what is there. */
const BOUNDS_PER_PART = 4
/** Each finds one name more in each gap. */
const MAX_LOOKS = 3
/** No request is begun later than this, so that even slow ones end before the lease of the step does. */
const CUTTING_MS = 20 * SECOND

interface Dependencies {
  lake: Pick<Lake, 'firstFrom' | 'listFolders'>
  index: Pick<ListingIndex, 'readBounds'>
  clock: Clock
}

/**
 * Cuts a place into at most `splits` prefixes, of which none covers another, that together hold every blob of it;
 * into itself alone where that cannot be done. Throws what lake and index throw.
 */
export function createCutPlace({ lake, index, clock }: Dependencies) {
  return async function cutPlace(place: ListedPlace): Promise<string[]> {
    const endsAt = clock.now() + CUTTING_MS
    return (await cutByIndex(place, endsAt)) ?? (await cutByFolders(place, endsAt))
  }

  /**
   * Where the blobs lay when they were last listed: parts of like size, also within a folder. What lies between the
   * prefixes would be in none of them, so that is looked at, and what is found there is taken into account; undefined:
   * there is something time and again.
   */
  async function cutByIndex(place: ListedPlace, endsAt: number): Promise<string[] | undefined> {
    const { prefix, splits } = place
    const bounds = await readBounds(place, endsAt)
    if (bounds === undefined || bounds.length < BOUNDS_PER_PART * splits) return undefined
    for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
      const prefixes = splitByBounds(prefix, bounds, splits)
      if (prefixes.length <= 1) return undefined
      const found = await lookBetween(prefixes, place, endsAt)
      if (found === undefined) return undefined
      if (found.length === 0) return prefixes
      bounds.push(...found)
    }
    return undefined
  }

  /** The first name of each gap that has one; undefined: that cannot be had. */
  async function lookBetween(
    prefixes: readonly string[],
    { account, container, prefix }: ListedPlace,
    endsAt: number,
  ): Promise<string[] | undefined> {
    const found: string[] = []
    try {
      await forEachAtMost(GAPS_AT_ONCE, gapsBetween(prefix, prefixes), async from => {
        if (clock.now() >= endsAt) throw new PermanentError('there is no time left to look')
        const first = await lake.firstFrom({ account, container, prefix }, from)
        // A service that does not know how to begin within a listing begins it at its beginning.
        if (first !== undefined && first < from) throw new PermanentError(`${first} sorts before ${from}`)
        // Within a prefix, the gap before it was passed: whatever the order, as all that is listed between is in none.
        if (first !== undefined && !prefixes.some(its => first.startsWith(its))) found.push(first)
      })
    } catch (error) {
      if (error instanceof PermanentError) return undefined
      throw error
    }
    return found
  }

  /** Undefined: there are too many of them, or none can be had. */
  async function readBounds(
    { account, container, prefix, order }: ListedPlace,
    endsAt: number,
  ): Promise<string[] | undefined> {
    if (order === 'unknown') return undefined
    const from = sortTextOf(prefix, order)
    const end = endOfPrefix(from)
    const bounds: string[] = []
    let continuation: string | undefined
    do {
      if (clock.now() >= endsAt) return undefined
      const page = { limit: BOUNDS_PER_PAGE, continuation }
      const found = await index.readBounds({ account, container, order }, from, page)
      const within = found.items.filter(bound => end === undefined || bound < end)
      for (const bound of within) bounds.push(prefix + bound.slice(from.length))
      if (bounds.length > MAX_BOUNDS) return undefined
      continuation = within.length < found.items.length ? undefined : found.continuation
    } while (continuation !== undefined)
    return bounds
  }

  async function cutByFolders(
    { account, container, prefix, splits }: ListedPlace,
    endsAt: number,
  ): Promise<string[]> {
    let level = prefix
    for (let levels = 0; levels < MAX_LEVELS && clock.now() < endsAt; levels += 1) {
      if (level !== '' && !level.endsWith('/')) break
      const found = await lake.listFolders({ account, container, prefix: level }, { limit: NAMES_LOOKED_AT })
      if (found.continuation !== undefined) break
      const names = [...found.items, ...found.blobs.map(({ path }) => path)]
      const [only] = names
      if (names.length > 1) return splitPrefixes(level, names, splits)
      if (only === undefined || !only.endsWith('/')) break
      level = only
    }
    return [prefix]
  }
}
