/** The local Event Grid: takes events, keeps them safe, and brings each to every subscription that wants it. */
import { PermanentError } from '../../core/errors.ts'
import { type Backlog, openBacklog } from './backlog.ts'
import type { DeadLetter } from './dead-letter-event.ts'
import { type Delivery, startDelivery } from './delivery.ts'
import type { DeliverySchema, GridEvent } from './event.ts'
import { ANSWER_LIMIT_MS, MAX_ATTEMPTS, RETRY_DELAYS_MS, TIME_TO_LIVE_MS } from './retry-rules.ts'
import { createWebhook } from './webhook.ts'

/** Event Grid's limit of one event. */
const MAX_EVENT_BYTES = 1024 * 1024
const DEFAULT_EVENTS_PER_BATCH = 16

export interface Subscription {
  name: string
  endpoint: string
  includedEventTypes: string[]
  /** 16 when absent. Posts never wait to be filled. */
  maxEventsPerBatch?: number | undefined
  deliverySchema?: DeliverySchema | undefined
}

export interface EventGridOptions {
  /** Absent: what is undelivered is lost on close. */
  journalFile?: string | undefined
  subscriptions: Subscription[]
  /** Absent: Event Grid's own, see retry-rules.ts. The last delay repeats. */
  retryDelaysMs?: readonly number[] | undefined
  maxAttempts?: number | undefined
  timeToLiveMs?: number | undefined
  /** How long an endpoint may take to answer. */
  answerLimitMs?: number | undefined
  /** Called with the name of the subscription too; a rejection is tried again. Absent: dropped with a line in the log. */
  deadLetter?: ((events: DeadLetter[], subscription: string) => Promise<void>) | undefined
  now?: (() => number) | undefined
  log?: ((message: string, fields?: Record<string, unknown>) => void) | undefined
}

export interface EventGrid {
  /**
   * Resolves when the event is in the journal: it will be delivered at least once, in no particular order.
   * Rejects with a PermanentError for an event above 1 MB.
   */
  publish(event: GridEvent): Promise<void>
  /** Deliveries owed: one event to two subscriptions counts twice. */
  pending(): number
  /** Resolves when nothing is owed any more; rejects when closed before that. */
  drained(): Promise<void>
  /** Delivers nothing more. What is owed stays in the journal, for the next start. */
  close(): Promise<void>
}

/** What the journal still owes is delivered again at once, whatever its schedule was; counts go on. */
export async function startEventGrid(options: EventGridOptions): Promise<EventGrid> {
  const { subscriptions, now = Date.now } = options
  const log = options.log ?? (() => undefined)
  const backlog = await openBacklog(options.journalFile)
  const waiting = createWaiting(() => backlog.size() === 0)
  const deliveries = new Map(
    subscriptions.map(subscription => [
      subscription.name,
      deliveryOf(subscription, { ...options, backlog, now, log, onFinished: waiting.check }),
    ]),
  )
  await resume(backlog, deliveries, log)
  let closing: Promise<void> | undefined

  async function publish(event: GridEvent): Promise<void> {
    if (closing !== undefined) throw new Error('Event Grid is closed and takes no more events')
    const bytes = Buffer.byteLength(JSON.stringify(event))
    if (bytes > MAX_EVENT_BYTES) {
      throw new PermanentError(`The event is ${bytes} bytes long; Event Grid takes up to ${MAX_EVENT_BYTES}`)
    }
    const wanted = subscriptions.filter(({ includedEventTypes }) =>
      includedEventTypes.includes(event.eventType),
    )
    if (wanted.length === 0) return
    const names = wanted.map(({ name }) => name)
    for (const owed of await backlog.add(event, names, now()))
      deliveries.get(owed.subscription)?.offer([owed])
  }

  async function end(): Promise<void> {
    await Promise.all(Array.from(deliveries.values(), delivery => delivery.close()))
    await backlog.close()
    waiting.fail(new Error(`Event Grid was closed with ${backlog.size()} deliveries still owed`))
  }

  return {
    publish,
    pending: backlog.size,
    drained: waiting.wait,
    close: () => {
      closing ??= end()
      return closing
    },
  }
}

type Parts = EventGridOptions & {
  backlog: Backlog
  onFinished(): void
  now(): number
  log(message: string, fields?: Record<string, unknown>): void
}

function deliveryOf(subscription: Subscription, parts: Parts): Delivery {
  const { name, endpoint, deliverySchema: schema = 'EventGridSchema' } = subscription
  const { maxEventsPerBatch = DEFAULT_EVENTS_PER_BATCH } = subscription
  const answerLimitMs = parts.answerLimitMs ?? ANSWER_LIMIT_MS
  return startDelivery({
    ...parts,
    name,
    schema,
    maxEventsPerBatch,
    webhook: createWebhook({ name, endpoint, schema, isBatched: maxEventsPerBatch > 1, answerLimitMs }),
    rules: {
      retryDelaysMs: parts.retryDelaysMs ?? RETRY_DELAYS_MS,
      maxAttempts: parts.maxAttempts ?? MAX_ATTEMPTS,
      timeToLiveMs: parts.timeToLiveMs ?? TIME_TO_LIVE_MS,
    },
  })
}

/** What is owed to a subscription that no longer exists is owed to nobody. */
async function resume(backlog: Backlog, deliveries: Map<string, Delivery>, log: Parts['log']): Promise<void> {
  for (const [subscription, owed] of Map.groupBy(backlog.owed(), one => one.subscription)) {
    const delivery = deliveries.get(subscription)
    if (delivery !== undefined) delivery.offer(owed)
    else {
      log('events of a removed subscription are dropped', { subscription, events: owed.length })
      await backlog.finished(owed)
    }
  }
}

/** Promises for "it is so", asked again whenever it may have become so. */
function createWaiting(isSo: () => boolean) {
  let waiters: PromiseWithResolvers<void>[] = []
  const settle = (step: (waiter: PromiseWithResolvers<void>) => void) => {
    const all = waiters
    waiters = []
    all.forEach(step)
  }
  return {
    wait(): Promise<void> {
      if (isSo()) return Promise.resolve()
      const waiter = Promise.withResolvers<void>()
      waiters.push(waiter)
      return waiter.promise
    },
    check: () => {
      if (isSo()) settle(waiter => waiter.resolve())
    },
    fail: (error: Error) => settle(waiter => waiter.reject(error)),
  }
}
