import type { Counters, Log } from '../ports.ts'
import type { DeadLetterStore } from './dead-letters.ts'

/**
 * Leaves events that could not be taken in where Event Grid leaves those that it could not deliver: they are tried again
 * from there for as long as it takes. `id` names them: leaving them twice is the same as once. Rejects with TransientError
 * where the store does not answer.
 */
export function createLeaveEvents({
  deadLetters,
  counters,
  log,
}: {
  deadLetters: Pick<DeadLetterStore, 'add'>
  counters: Counters
  log: Log
}) {
  return async function leaveEvents(id: string, events: readonly unknown[]): Promise<void> {
    if (events.length === 0) return
    const path = `lakemark-events/${id}.json`
    await deadLetters.add(path, Buffer.from(JSON.stringify(events), 'utf8'))
    counters.add('deadletters:left-by-queue', events.length)
    log.warn('events of the queue could not be taken in; they are tried again as dead letters', { path })
  }
}
