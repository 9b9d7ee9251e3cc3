import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts'
import type { Fleet } from './fleet.ts'
import type { StorageEvent } from './history.ts'
import type { Profile } from './profile.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

/** Whoever has not answered by then is taken not to have got it. */
const ANSWER_MS = 30 * SECOND
const RETRIES_MS = [10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR]
const NOBODY_THERE_MS = 10 * SECOND
const MAX_BATCH = 6

interface Dependencies {
  timeline: Timeline
  random: Random
  trace: Trace
  profile: Profile
  fleet: Fleet
}

export interface EventGrid {
  publish(event: StorageEvent): void
  /** From now on nothing is lost, repeated or late any more; what was delayed before still comes late. */
  heal(): void
  /** Events that are still to be delivered. */
  outstanding(): number
}

/** Event Grid: at least once, in no order; says that an event is delivered when the one who got it has said so. */
export function createEventGrid({ timeline, random, trace, profile, fleet }: Dependencies): EventGrid {
  let faults = profile.events
  const waiting: { event: StorageEvent; at: number }[] = []
  let outstanding = 0

  function publish(event: StorageEvent): void {
    if (random.chance(faults.lost)) {
      event.isLost = true
      trace.count('events lost')
      trace.line('event-grid', `event ${event.id}`, 'lost')
      return
    }
    let delayMs = send(event)
    while (random.chance(faults.repeated)) {
      trace.count('events repeated')
      delayMs = send(event, random.chance(0.5) ? delayMs : undefined)
    }
  }

  function send(event: StorageEvent, inMs?: number): number {
    const delayMs = inMs ?? drawDelay()
    outstanding += 1
    waiting.push({ event, at: timeline.now() + delayMs })
    timeline.after(delayMs, deliverDue)
    return delayMs
  }

  function drawDelay(): number {
    let delayMs = random.between(20, 500)
    if (random.chance(faults.delayed)) {
      delayMs = Math.round(random.scale(SECOND, Math.max(2 * SECOND, faults.longestDelayMs)))
      trace.count('events delayed')
    }
    return delayMs
  }

  /** What is due, or nearly, travels together. */
  function deliverDue(): void {
    const window = random.pick([0, 0, 300, 2 * SECOND])
    const due = waiting
      .filter(({ at }) => at <= timeline.now() + window)
      .slice(0, random.between(1, MAX_BATCH))
    if (due.length === 0) return
    for (const it of due) waiting.splice(waiting.indexOf(it), 1)
    attempt(
      due.map(({ event }) => event),
      0,
    )
    if (waiting.some(({ at }) => at <= timeline.now())) timeline.after(1, deliverDue)
  }

  function attempt(events: readonly StorageEvent[], tries: number): void {
    const process = fleet.pick()
    if (process === undefined) {
      timeline.after(NOBODY_THERE_MS, () => attempt(events, tries))
      return
    }
    let isOpen = true
    const close = (then: () => void) => {
      if (!isOpen) return
      isOpen = false
      then()
    }
    const bodies = events.map(({ body }) => body)
    const what = trace.isWanted ? `events ${events.map(({ id }) => id).join(' ')}` : 'events'
    fleet
      .invoke(process, what, ({ intake }) => intake.events(bodies))
      .then(
        () => {
          // Also one whose answer comes too late: what it says is true.
          for (const event of events) event.acknowledgedAt ??= timeline.now()
          close(() => {
            outstanding -= events.length
          })
        },
        () => close(() => again(events, tries)),
      )
    timeline.after(ANSWER_MS, () => close(() => again(events, tries)))
  }

  function again(events: readonly StorageEvent[], tries: number): void {
    if (random.chance(faults.dropped)) {
      trace.count('events dropped', events.length)
      trace.line('event-grid', `events ${events.map(({ id }) => id).join(' ')}`, 'dropped')
      for (const event of events) event.isLost = true
      outstanding -= events.length
      return
    }
    trace.count('events sent again', events.length)
    const delayMs = RETRIES_MS[Math.min(tries, RETRIES_MS.length - 1)] ?? HOUR
    timeline.after(delayMs, () => attempt(events, tries + 1))
  }

  return {
    publish,
    heal() {
      faults = { lost: 0, dropped: 0, repeated: 0, delayed: 0, longestDelayMs: 0 }
    },
    outstanding: () => outstanding,
  }
}
