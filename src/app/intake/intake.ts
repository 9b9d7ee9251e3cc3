import { keyOf } from '../../core/asset/fingerprint.ts'
import { type News, toIntent } from '../../core/asset/to-intent.ts'
import type { BlobRef } from '../../core/blob-ref.ts'
import { TransientError } from '../../core/errors.ts'
import { joinMatches, joinWanted } from '../../core/join-matches.ts'
import type { Match, Matcher } from '../../core/matching.ts'
import {
  type BlobChange,
  isDirectoryName,
  parseStorageEvent,
  type WrittenBlob,
} from '../../core/storage-events.ts'
import type { Announcer } from '../announcer.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { ActiveRules, Clock, Counters, Lake, Ledger, Log } from '../ports.ts'
import type { Recorded } from './record-attempts.ts'
import type { createRecorder } from './recorder.ts'
import { createWakes, type Wakes } from './wakes.ts'

/** The rules in force, ready to be matched against. `since` grows from one set to the next. */
export type MatchingRules = ActiveRules & Matcher & { since: number }

interface Dependencies {
  rules: () => MatchingRules
  recorder: ReturnType<typeof createRecorder>
  announcer: Announcer
  ledger: Ledger
  lake: Lake
  clock: Clock
  counters: Counters
  log: Log
}

export interface Intake {
  /**
   * Takes in storage events as they came. Resolves once everything that matters is in the ledger and the
   * work is announced: only then may the sender be told so. Rejects with TransientError where sending the
   * same events again makes sense; an event that cannot be understood is counted and logged, never a reason
   * to reject.
   */
  events(events: readonly unknown[]): Promise<void>
  /** The same for changes that were found otherwise, by listing. */
  changes(changes: readonly BlobChange[]): Promise<void>
  /** The same for one, and only for what is wanted of it; tells what became of it, asset by asset. */
  change(change: BlobChange, wants?: (match: Match) => boolean): Promise<Taken[]>
}

/** What became of a file as far as one asset is concerned. */
export interface Taken {
  /** Undefined: it has no name that would do. */
  asset: string | undefined
  outcome: Recorded['outcome'] | 'refused'
}

/** Changes that are under way at a time. */
const CHANGES_AT_ONCE = 1000

export function createIntake(dependencies: Dependencies): Intake {
  const { rules, recorder, announcer, ledger, lake, clock, counters, log } = dependencies

  function events(input: readonly unknown[]): Promise<void> {
    const news: BlobChange[] = []
    const folders: BlobRef[] = []
    for (const event of input) {
      counters.add('events')
      const parsed = parseStorageEvent(event)
      if (parsed.kind === 'changes') news.push(...parsed.changes)
      else if (parsed.kind === 'listing') folders.push(parsed.folder)
      else {
        counters.add(`ignored:${parsed.reason}`)
        log.info('event ignored', { reason: parsed.reason, detail: parsed.detail })
      }
    }
    if (folders.length === 0) return changes(news)
    return changesAndListings(news, folders)
  }

  async function changesAndListings(news: readonly BlobChange[], folders: readonly BlobRef[]): Promise<void> {
    const watched = folders.filter(({ account, container }) => rules().watches(account, container))
    const [taken] = await Promise.allSettled([
      changes(news),
      forEachAtMost(CHANGES_AT_ONCE, watched, folder =>
        announcer.listing({ folder, continuation: undefined, backfill: undefined }, 0),
      ),
    ]).then(results => results.filter(result => result.status === 'rejected'))
    if (taken !== undefined) throw taken.reason
  }

  /** What goes well is not undone by what does not: all are tried, then the first failure is thrown. */
  function changes(changes: readonly BlobChange[]): Promise<void> {
    return waking(wakes => forEachAtMost(CHANGES_AT_ONCE, changes, change => takeIn(change, wakes)))
  }

  /** What was recorded is announced, also where something else went wrong. */
  async function waking<T>(record: (wakes: Wakes) => Promise<T>): Promise<T> {
    const wakes = createWakes(announcer, clock)
    let recorded: T
    try {
      recorded = await record(wakes)
    } catch (error) {
      await wakes.done()
      throw error
    }
    await wakes.done()
    return recorded
  }

  async function takeIn(
    change: BlobChange,
    wakes: Wakes,
    wants?: (match: Match) => boolean,
  ): Promise<Taken[]> {
    const active = rules()
    const { account, container, path } = change.ref
    const found = isDirectoryName(path) ? [] : active.match(change.ref)
    const matches = wants === undefined ? joinMatches(found) : joinWanted(found, wants)
    if (matches.length === 0) {
      const isWatched = active.watches(account, container)
      counters.add(isWatched ? 'ignored:no-rule-matches' : 'ignored:container-not-watched')
      return []
    }
    const news = await believe(change, matches)
    if (news === undefined) return []
    const [only] = matches
    if (matches.length === 1 && only !== undefined) return [await recordMatch(news, only, active, wakes)]
    const taken: Taken[] = []
    await forEachAtMost(matches.length, matches, async match =>
      taken.push(await recordMatch(news, match, active, wakes)),
    )
    return taken
  }

  /** Asks the lake where the change leaves something open; undefined: there is nothing to register. */
  function believe(change: BlobChange, matches: readonly Match[]): News | Promise<News | undefined> {
    const { ref, sequencer } = change
    if (change.kind === 'removed') return { ref, content: undefined, sequencer }
    const { etag, sizeBytes, doubt } = change
    const isEmptyMarker = doubt === 'no bytes' && matches.every(match => match.role === 'marker')
    if (etag !== undefined && sizeBytes !== undefined && (doubt === undefined || isEmptyMarker)) {
      return { ref, content: { etag, sizeBytes }, sequencer }
    }
    return askLake(change)
  }

  async function askLake({ ref, etag, sequencer, doubt }: WrittenBlob): Promise<News | undefined> {
    const blob = await lake.head(ref)
    if (blob === undefined || blob.isDirectory) {
      const reason = blob === undefined ? 'gone' : 'directory'
      counters.add(`ignored:${reason}`)
      log.info('event ignored', { reason, detail: doubt, path: ref.path })
      return undefined
    }
    if (blob.isBeingCopied) throw new TransientError(`a copy into ${ref.path} has not ended`)
    // The answer may be newer than the event: only where it is the same is the event's order worth anything.
    return { ref, content: blob, sequencer: etag === blob.etag ? sequencer : undefined }
  }

  async function recordMatch(news: News, match: Match, active: MatchingRules, wakes: Wakes): Promise<Taken> {
    const made = toIntent(news, match, active)
    if ('refused' in made) return refuse(news, match, made.refused)
    const { asset, intent } = made
    const { outcome, wakeAt } = await recorder(asset, intent)
    counters.add(`files:${outcome}`)
    if (outcome === 'other-type') {
      return refuse(news, match, `asset ${asset} exists with another type than ${match.rule.type}`)
    }
    if (wakeAt !== undefined) wakes.add(asset, wakeAt)
    return { asset, outcome }
  }

  async function refuse({ ref, content }: News, match: Match, reason: string): Promise<Taken> {
    const taken: Taken = { asset: match.asset, outcome: 'refused' }
    if (content === undefined) return taken
    counters.add('files:refused')
    log.warn('file refused', { rule: match.rule.name, path: ref.path, reason })
    const { rule, asset } = match
    const { etag } = content
    await ledger.refuse([{ rule: rule.name, ref, key: keyOf(ref), etag, asset, reason, at: clock.now() }])
    return taken
  }

  return { events, changes, change: (change, wants) => waking(wakes => takeIn(change, wakes, wants)) }
}
