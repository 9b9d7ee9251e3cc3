/** Brings the events of one subscription to its endpoint, or to the dead letters. */
import { reasonOf } from '../../core/errors.ts'
import { MINUTE, SECOND } from '../../core/time.ts'
import type { Backlog, Owed } from './backlog.ts'
import { type DeadLetter, toDeadLetter } from './dead-letter-event.ts'
import type { DeliverySchema, GridEvent } from './event.ts'
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

export interface DeliveryOptions {
  /** Of the subscription. */
  name: string
  schema: DeliverySchema
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

/** What the steps of a delivery need of it. */
interface Line extends DeliveryOptions {
  stop: AbortSignal
  offer(owed: Owed[]): void
  /** Does the step after the delay, unless closed by then. */
  later(delayMs: number, step: () => void): void
  /** A step that `close` waits for. It never rejects. */
  run(step: Promise<void>): void
}

/** Starts with the handshake, and repeats it until the endpoint agrees; what is offered meanwhile waits. */
export function startDelivery(options: DeliveryOptions): Delivery {
  const stop = new AbortController()
  const ready: Owed[] = []
  const underWay = new Set<Promise<void>>()
  const timers = new Set<NodeJS.Timeout>()
  let isAgreed = false
  let isClosed = false

  const line: Line = {
    ...options,
    stop: stop.signal,
    offer(owed) {
      for (const one of owed) ready.push(one)
      pump()
    },
    later(delayMs, step) {
      if (isClosed) return
      const timer = setTimeout(() => {
        timers.delete(timer)
        step()
      }, delayMs)
      timers.add(timer)
    },
    run(step) {
      const done = step.finally(() => {
        underWay.delete(done)
        pump()
      })
      underWay.add(done)
    },
  }

  function pump(): void {
    while (isAgreed && !isClosed && ready.length > 0 && underWay.size < MAX_POSTS_AT_ONCE) {
      line.run(deliver(line, takeBatch(ready, options.maxEventsPerBatch, options.webhook.toJson)))
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

  line.run(
    shakeHands(line, FIRST_HANDSHAKE_DELAY_MS, () => {
      isAgreed = true
    }),
  )
  return { offer: line.offer, close }
}

async function shakeHands(line: Line, delayMs: number, onAgreed: () => void): Promise<void> {
  const reason = await line.webhook.handshake(line.stop)
  if (reason === undefined) {
    onAgreed()
    return
  }
  if (line.stop.aborted) return
  line.log('the endpoint did not pass the handshake, it is repeated', {
    subscription: line.name,
    reason,
    delayMs,
  })
  const nextDelayMs = Math.min(delayMs * 2, MAX_HANDSHAKE_DELAY_MS)
  line.later(delayMs, () => line.run(shakeHands(line, nextDelayMs, onAgreed)))
}

async function deliver(line: Line, { owed, json }: Batch): Promise<void> {
  const at = line.now()
  const outcome = await line.webhook.post(json, owed[0]?.attempts ?? 0, line.stop)
  if (outcome === undefined) return
  if (outcome.kind === 'delivered') return finish(line, owed)
  await remember(line, () => line.backlog.tried(owed, at, outcome.name))
  const byReason = Map.groupBy(owed, one => giveUpReason(line.rules, outcome, one, line.now()))
  for (const [reason, some] of byReason) {
    if (reason !== undefined) await giveUp(line, some, reason)
    else tryAgain(line, some, outcome)
  }
}

function tryAgain(line: Line, owed: Owed[], { name: outcome, status }: Outcome): void {
  const delayMs = retryDelayMs(line.rules, owed[0]?.attempts ?? 1)
  const fields = { subscription: line.name, events: owed.length, outcome, status, delayMs }
  line.log('a delivery failed and is tried again', fields)
  line.later(delayMs, () => line.offer(owed))
}

async function giveUp(line: Line, owed: Owed[], reason: string): Promise<void> {
  const fields = { subscription: line.name, events: owed.length, first: owed[0]?.event.subject, reason }
  line.log(line.deadLetter ? 'events are dead-lettered' : 'events are dropped', fields)
  const letters = owed.map(one => toDeadLetter(one, reason, line.schema))
  try {
    await line.deadLetter?.(letters, line.name)
  } catch (error) {
    line.log('dead letters cannot be written, they are tried again', { ...fields, error: reasonOf(error) })
    line.later(DEAD_LETTER_DELAY_MS, () => line.run(giveUp(line, owed, reason)))
    return
  }
  await finish(line, owed)
}

async function finish(line: Line, owed: Owed[]): Promise<void> {
  await remember(line, () => line.backlog.finished(owed))
  line.onFinished()
}

/** Where the journal fails, this process still knows; a later one delivers again, which is allowed. */
async function remember(line: Line, step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    line.log('the journal of Event Grid cannot be written', {
      subscription: line.name,
      reason: reasonOf(error),
    })
  }
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
