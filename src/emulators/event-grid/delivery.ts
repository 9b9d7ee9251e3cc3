/** Brings the events of one subscription to its endpoint, or to the dead letters. */
import { reasonOf } from '../../core/errors.ts'
import { MINUTE, SECOND } from '../../core/time.ts'
import type { Backlog, Owed } from './backlog.ts'
import type { GridEvent } from './event.ts'
import { giveUpReason, type Outcome, type RetryRules, retryDelayMs } from './retry-rules.ts'
import type { Webhook } from './webhook.ts'

/** Event Grid's limit of one post. */
const MAX_BATCH_BYTES = 1024 * 1024
const MAX_POSTS_AT_ONCE = 8
/** Of the handshake: doubled each time. */
const FIRST_HANDSHAKE_DELAY_MS = 200
const MAX_HANDSHAKE_DELAY_MS = 10 * SECOND
/** When the dead letters cannot be written. */
const DEAD_LETTER_DELAY_MS = MINUTE
/** How long `close` waits for answers. */
const CLOSE_LIMIT_MS = 5 * SECOND

/** An undeliverable event with what Event Grid adds to it. Times are ISO 8601. */
export interface DeadLetter extends GridEvent {
  deadLetterReason: string
  deliveryAttempts: number
  lastDeliveryOutcome: string
  publishTime: string
  lastDeliveryAttemptTime: string
}

export interface DeliveryOptions {
  /** Of the subscription. */
  name: string
  webhook: Webhook
  backlog: Backlog
  rules: RetryRules
  maxEventsPerBatch: number
  /** Absent: undeliverable events are dropped. */
  deadLetter?: ((events: DeadLetter[], subscription: string) => Promise<void>) | undefined
  /** Some events are no longer owed. */
  onFinished(): void
  now(): number
  log(message: string, fields?: Record<string, unknown>): void
}

export interface Delivery {
  offer(owed: Owed[]): void
  /** Starts nothing more and waits a short while for answers; what has none by then stays owed. */
  close(): Promise<void>
}

interface Batch {
  owed: Owed[]
  json: string[]
}

/** Starts with the handshake, and repeats it until the endpoint agrees; what is offered meanwhile waits. */
export function startDelivery(options: DeliveryOptions): Delivery {
  const { name, webhook, backlog, rules, now, log } = options
  const stop = new AbortController()
  const ready: Owed[] = []
  const underWay = new Set<Promise<void>>()
  const timers = new Set<NodeJS.Timeout>()
  let isAgreed = false
  let isClosed = false

  function later(delayMs: number, step: () => void): void {
    if (isClosed) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      step()
    }, delayMs)
    timers.add(timer)
  }

  function run(step: Promise<void>): void {
    const done = step.finally(() => {
      underWay.delete(done)
      pump()
    })
    underWay.add(done)
  }

  function offer(owed: Owed[]): void {
    for (const one of owed) ready.push(one)
    pump()
  }

  function pump(): void {
    while (isAgreed && !isClosed && ready.length > 0 && underWay.size < MAX_POSTS_AT_ONCE) {
      run(deliver(takeBatch(ready, options.maxEventsPerBatch, webhook.toJson)))
    }
  }

  async function shakeHands(delayMs: number): Promise<void> {
    const refusal = await webhook.handshake(stop.signal)
    isAgreed = refusal === undefined
    if (isAgreed || isClosed) return
    log('the endpoint did not pass the handshake, it is repeated', {
      subscription: name,
      reason: refusal,
      delayMs,
    })
    later(delayMs, () => run(shakeHands(Math.min(delayMs * 2, MAX_HANDSHAKE_DELAY_MS))))
  }

  /** Never rejects. */
  async function deliver({ owed, json }: Batch): Promise<void> {
    const at = now()
    const outcome = await webhook.post(json, owed[0]?.attempts ?? 0, stop.signal)
    if (outcome === undefined) return
    if (outcome.kind === 'delivered') return finish(owed)
    await remember(() => backlog.tried(owed, at, outcome.name))
    const byReason = Map.groupBy(owed, one => giveUpReason(rules, outcome, one, now()))
    for (const [reason, some] of byReason) {
      if (reason !== undefined) await giveUp(some, reason)
      else tryAgain(some, outcome)
    }
  }

  function tryAgain(owed: Owed[], { name: result, status }: Outcome): void {
    const delayMs = retryDelayMs(rules, owed[0]?.attempts ?? 1)
    const fields = { subscription: name, events: owed.length, outcome: result, status, delayMs }
    log('a delivery failed and is tried again', fields)
    later(delayMs, () => offer(owed))
  }

  /** Never rejects. */
  async function giveUp(owed: Owed[], reason: string): Promise<void> {
    const fields = { subscription: name, events: owed.length, first: owed[0]?.event.subject, reason }
    log(options.deadLetter ? 'events are dead-lettered' : 'events are dropped', fields)
    const letters = owed.map(one => toDeadLetter(one, reason))
    try {
      await options.deadLetter?.(letters, name)
    } catch (error) {
      log('dead letters cannot be written, they are tried again', { ...fields, error: reasonOf(error) })
      later(DEAD_LETTER_DELAY_MS, () => run(giveUp(owed, reason)))
      return
    }
    await finish(owed)
  }

  async function finish(owed: Owed[]): Promise<void> {
    await remember(() => backlog.finished(owed))
    options.onFinished()
  }

  /** Where the journal fails, this process still knows; a later one delivers again, which is allowed. */
  async function remember(step: () => Promise<void>): Promise<void> {
    try {
      await step()
    } catch (error) {
      log('the journal of Event Grid cannot be written', { subscription: name, reason: reasonOf(error) })
    }
  }

  async function close(): Promise<void> {
    isClosed = true
    for (const timer of timers) clearTimeout(timer)
    // Only the answer to a post is worth waiting for.
    const limit = setTimeout(() => stop.abort(), isAgreed ? CLOSE_LIMIT_MS : 0)
    await Promise.all(underWay)
    clearTimeout(limit)
  }

  run(shakeHands(FIRST_HANDSHAKE_DELAY_MS))
  return { offer, close }
}

/** From the front of the queue: as many as fit, all with the same number of attempts. */
function takeBatch(ready: Owed[], maxEvents: number, toJson: (event: GridEvent) => string): Batch {
  const json: string[] = []
  let bytes = 0
  for (const { event, attempts } of ready) {
    const next = toJson(event)
    bytes += Buffer.byteLength(next) + 1
    const isFull = json.length === maxEvents || bytes + 1 > MAX_BATCH_BYTES
    if (json.length > 0 && (isFull || attempts !== ready[0]?.attempts)) break
    json.push(next)
  }
  return { owed: ready.splice(0, json.length), json }
}

function toDeadLetter(owed: Owed, deadLetterReason: string): DeadLetter {
  const { event, attempts, lastOutcome, publishedAt, lastAttemptAt } = owed
  return {
    ...event,
    deadLetterReason,
    deliveryAttempts: attempts,
    lastDeliveryOutcome: lastOutcome ?? '',
    publishTime: new Date(publishedAt).toISOString(),
    lastDeliveryAttemptTime: new Date(lastAttemptAt ?? publishedAt).toISOString(),
  }
}
