/** The events that are still owed to some subscription; what stands here outlives the process. */
import { type Journal, openJournal } from '../journal.ts'
import type { GridEvent } from './event.ts'

/** Finished deliveries in the journal before it is rewritten without them. */
const COMPACT_AFTER = 10_000

/** One event for one subscription. */
export interface Owed {
  /** Unlike `event.id` never given twice: the same event may be published again. */
  readonly number: number
  readonly event: GridEvent
  readonly subscription: string
  /** Milliseconds since 1970. */
  readonly publishedAt: number
  attempts: number
  lastAttemptAt: number | undefined
  /** Name of the outcome. */
  lastOutcome: string | undefined
}

/** The attempts of one subscription so far. */
type Progress = Pick<Owed, 'subscription' | 'attempts'> & Partial<Pick<Owed, 'lastAttemptAt' | 'lastOutcome'>>

type Entry =
  | { kind: 'published'; number: number; event: GridEvent; publishedAt: number; to: Progress[] }
  | { kind: 'tried'; subscription: string; numbers: number[]; at: number; outcome: string }
  | { kind: 'finished'; subscription: string; numbers: number[] }

export interface Backlog {
  /** Everything owed now, oldest first. */
  owed(): Owed[]
  size(): number
  /** Resolves when the event is safe, with what is owed now because of it. */
  add(event: GridEvent, subscriptions: string[], publishedAt: number): Promise<Owed[]>
  /** Counts a failed attempt. */
  tried(owed: Owed[], at: number, outcome: string): Promise<void>
  /** Delivered, dead-lettered or dropped: no longer owed. */
  finished(owed: Owed[]): Promise<void>
  close(): Promise<void>
}

/** `file` undefined: nothing outlives the process. */
export async function openBacklog(file: string | undefined): Promise<Backlog> {
  const journal: Journal<Entry> = await openJournal<Entry>(file)
  const byKey = new Map<string, Owed>()
  let lastNumber = 0
  for (const entry of journal.restored) lastNumber = Math.max(lastNumber, replay(byKey, entry))
  let finishedInJournal = 0
  await journal.rewrite(toEntries(byKey))

  async function append(entry: Entry): Promise<void> {
    replay(byKey, entry)
    await journal.append(entry)
  }

  return {
    owed: () => [...byKey.values()],
    size: () => byKey.size,
    async add(event, subscriptions, publishedAt) {
      lastNumber += 1
      const number = lastNumber
      const keys = subscriptions.map(subscription => keyOf(subscription, number))
      const to = subscriptions.map(subscription => ({ subscription, attempts: 0 }))
      try {
        await append({ kind: 'published', number, event, publishedAt, to })
      } catch (error) {
        // Its publisher hears that it failed, so nobody is owed anything.
        for (const key of keys) byKey.delete(key)
        throw error
      }
      return keys.flatMap(key => byKey.get(key) ?? [])
    },
    tried: (owed, at, outcome) => append({ kind: 'tried', ...namesOf(owed), at, outcome }),
    async finished(owed) {
      await append({ kind: 'finished', ...namesOf(owed) })
      finishedInJournal += owed.length
      if (finishedInJournal < COMPACT_AFTER) return
      finishedInJournal = 0
      await journal.rewrite(toEntries(byKey))
    },
    close: () => journal.close(),
  }
}

/**
 * Applying an entry twice must change nothing but attempts: what is added while the journal is being
 * rewritten may stand in the new one twice. Returns the entry's number, if it has one.
 */
function replay(byKey: Map<string, Owed>, entry: Entry): number {
  if (entry.kind === 'published') {
    const { number, event, publishedAt } = entry
    for (const { subscription, attempts, lastAttemptAt, lastOutcome } of entry.to) {
      const owed = { number, event, subscription, publishedAt, attempts, lastAttemptAt, lastOutcome }
      byKey.set(keyOf(subscription, number), owed)
    }
    return number
  }
  for (const number of entry.numbers) {
    const key = keyOf(entry.subscription, number)
    const owed = byKey.get(key)
    if (entry.kind === 'finished') byKey.delete(key)
    else if (owed !== undefined) {
      owed.attempts += 1
      owed.lastAttemptAt = entry.at
      owed.lastOutcome = entry.outcome
    }
  }
  return 0
}

/** Lazily, so that the journal writes what is owed at the moment of writing. */
function* toEntries(byKey: Map<string, Owed>): Iterable<Entry> {
  for (const { number, event, publishedAt, ...progress } of byKey.values()) {
    yield { kind: 'published', number, event, publishedAt, to: [progress] }
  }
}

function keyOf(subscription: string, number: number): string {
  return `${number} ${subscription}`
}

function namesOf(owed: Owed[]): { subscription: string; numbers: number[] } {
  return { subscription: owed[0]?.subscription ?? '', numbers: owed.map(({ number }) => number) }
}
