import { keyOf } from '../../core/asset/fingerprint.ts'
import type { BlobRef } from '../../core/blob-ref.ts'
import { parseDeadLetter } from '../../core/dead-letter.ts'
import { reasonOf, TransientError } from '../../core/errors.ts'
import { MINUTE } from '../../core/time.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { Clock, Counters, Ledger, Log, Page, PageRequest } from '../ports.ts'
import type { Intake } from './intake.ts'

/** One blob as it was listed. */
export interface DeadLetterBlob {
  ref: BlobRef
  etag: string
  sizeBytes: number
  /** Milliseconds since 1970. */
  writtenAt: number
  /** Nobody could read it: it is kept for people, and no business of ours until someone writes it anew. */
  isSetAside: boolean
}

/** Where Event Grid leaves what it could not deliver. Nothing happens to what has changed since it was listed. */
export interface DeadLetterStore {
  /** In the order of their names. No container is one without blobs. */
  list(page: PageRequest): Promise<Page<DeadLetterBlob>>
  /** Undefined: it is gone, or no longer what was listed. */
  read(blob: DeadLetterBlob): Promise<Uint8Array | undefined>
  remove(blob: DeadLetterBlob): Promise<void>
  /** One of our own: what could not be taken in, as Event Grid would write it. Writes over one of that path. */
  add(path: string, content: Uint8Array): Promise<void>
  /** Keeps the blob where it is, marked with the reason. */
  setAside(blob: DeadLetterBlob, reason: string): Promise<void>
}

/** The place under which blobs that cannot be read are shown among the refused files. */
export const DEAD_LETTER_RULE = 'dead-letter'
const PAGE = 200
const PAGES_PER_RUN = 100
const BLOBS_AT_ONCE = 8
/** Event Grid takes events of 1 MB at most and gathers them for minutes; those in memory at a time are bounded by it. */
export const MAX_DEAD_LETTER_BYTES = 16 * 1024 * 1024
/** No blob is begun later than this after the run has begun, so that the run ends within a function's time. */
const RUN_MS = 3 * MINUTE
/** Until then, what cannot be read may still be being written. */
export const FRESH_MS = 10 * MINUTE

interface Dependencies {
  deadLetters: DeadLetterStore
  intake: Intake
  ledger: Ledger
  clock: Clock
  counters: Counters
  log: Log
}

/** In blobs, but for `events`. */
export interface RedriveReport {
  events: number
  redriven: number
  /** Passing trouble, or still being written: the next run comes by again. */
  left: number
  /** Trouble that may not pass by itself: the next run comes by again all the same. */
  failed: number
  setAside: number
}

type Outcome = keyof Omit<RedriveReport, 'events'>

/**
 * Takes in the events that could not be delivered, as if they had just come: what is known already changes nothing,
 * so a run may be repeated or interrupted anywhere. A blob is removed only when all of it is in the ledger and only
 * if it is still what was read; what intake leaves out it leaves out for good, and has counted. What cannot be
 * understood is never deleted. One blob holds up no other; the run rejects only where listing does.
 */
export function createDeadLetterRedrive(dependencies: Dependencies) {
  const { deadLetters, intake, ledger, clock, counters, log } = dependencies
  /** Where the last run ended: those that stay do not keep later ones from their turn. */
  let resumeAt: string | undefined

  return async function redriveDeadLetters(): Promise<RedriveReport> {
    const report: RedriveReport = { events: 0, redriven: 0, left: 0, failed: 0, setAside: 0 }
    const endsAt = clock.now() + RUN_MS
    for (let page = 0; page < PAGES_PER_RUN && clock.now() < endsAt; page += 1) {
      const continuation = resumeAt
      // Should it no longer be good, the next run begins at the beginning.
      resumeAt = undefined
      const found = await deadLetters.list({ limit: PAGE, continuation })
      const blobs = found.items.filter(blob => !blob.isSetAside)
      await forEachAtMost(BLOBS_AT_ONCE, blobs, async blob => {
        if (clock.now() < endsAt) await redriveBlob(blob, report)
      })
      resumeAt = found.continuation
      if (resumeAt === undefined) break
    }
    if (report.redriven > 0) log.warn('events that could not be delivered were taken in', { ...report })
    return report
  }

  async function redriveBlob(blob: DeadLetterBlob, report: RedriveReport): Promise<void> {
    const fields = { path: blob.ref.path, sizeBytes: blob.sizeBytes, ageMs: clock.now() - blob.writtenAt }
    let outcome: Outcome | undefined
    try {
      outcome = await handle(blob, fields, report)
    } catch (error) {
      outcome = error instanceof TransientError ? 'left' : 'failed'
      const message = 'a dead letter could not be taken in; the next run tries again'
      log[outcome === 'left' ? 'warn' : 'error'](message, { ...fields, reason: reasonOf(error) })
    }
    if (outcome === undefined) return
    report[outcome] += 1
    counters.add(`deadletters:${outcome}`)
  }

  /** Undefined: somebody else had it, or it has changed since it was listed. */
  async function handle(
    blob: DeadLetterBlob,
    fields: Record<string, unknown>,
    report: RedriveReport,
  ): Promise<Outcome | undefined> {
    if (blob.sizeBytes > MAX_DEAD_LETTER_BYTES) {
      return setAside(blob, `is larger than ${MAX_DEAD_LETTER_BYTES} bytes`, fields)
    }
    const content = await deadLetters.read(blob)
    if (content === undefined) return undefined
    const parsed = parseDeadLetter(content)
    if (parsed.kind === 'unreadable') return setAside(blob, parsed.reason, fields)
    const { events, strangers, reasons } = parsed
    await intake.events(events)
    report.events += events.length
    counters.add('deadletters:events', events.length)
    if (strangers > 0) {
      const all = events.length + strangers
      const reason = `holds ${strangers} elements of ${all} that are no events; the others were taken in`
      return setAside(blob, reason, fields)
    }
    await deadLetters.remove(blob)
    log.info('a dead letter was taken in', { ...fields, events: events.length, reasons })
    return 'redriven'
  }

  async function setAside(
    blob: DeadLetterBlob,
    why: string,
    fields: Record<string, unknown>,
  ): Promise<Outcome> {
    const { ref, etag, writtenAt } = blob
    if (clock.now() - writtenAt < FRESH_MS) {
      log.info('a dead letter cannot be read yet', { ...fields, reason: why })
      return 'left'
    }
    const reason = `the dead letter ${why}`
    log.error('a dead letter was set aside', { ...fields, reason })
    // Shown first: once it is set aside nobody looks at it again.
    const refusal = { rule: DEAD_LETTER_RULE, ref, key: keyOf(ref), etag, asset: undefined, reason }
    await ledger.refuse([{ ...refusal, at: clock.now() }])
    await deadLetters.setAside(blob, reason)
    return 'setAside'
  }
}
