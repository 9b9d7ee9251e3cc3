import { reasonOf } from '../core/errors.ts'
import type { EventGridTrigger, HostFunction } from './host-function.ts'
import type { HttpAnswer, HttpCall } from './http-message.ts'
import type { Invoker } from './invoker.ts'
import type { HostLog } from './log.ts'

export type EventGridWebhook = (call: HttpCall) => HttpAnswer | Promise<HttpAnswer>

/** Event Grid sends at most 1 MB; a batch of exactly that size must not be refused for its brackets. */
export const MAX_EVENT_GRID_BODY_BYTES = 2 * 1024 * 1024
/** The most that Event Grid puts into one batch. */
export const MAX_EVENTS = 5000
/** What the extension answers to every handshake of CloudEvents, whoever asks. */
const ALLOWED_ORIGIN = 'eventgrid.azure.net'
const METHODS = ['GET', 'POST', 'DELETE', 'OPTIONS']

/**
 * The webhook of the Functions host's Event Grid extension, which was asked itself (version 3.3.0) what it answers.
 * Every event is an invocation of its own, all of a batch at the same time, or the whole batch is one, as the
 * function's binding says; when one fails the answer is 500 and Event Grid sends the whole batch again. So it does
 * with what is no JSON or no event, too: 400 and 413 would have it thrown away.
 */
export function createEventGridWebhook(
  functions: readonly HostFunction[],
  invoker: Invoker,
  log: HostLog,
): EventGridWebhook {
  return call => {
    const name = queryValue(call.url, 'functionname')
    const fn = functions.find(one => one.name === name && one.trigger.type === 'eventGridTrigger')
    if (!METHODS.includes(call.method)) return { status: 405, headers: { allow: METHODS.join(', ') } }
    if (fn === undefined) {
      log('warn', 'events came for an unknown function', { function: name })
      return { status: 404, body: 'There is no Event Grid function of this name.' }
    }
    if (call.method === 'OPTIONS') {
      return { status: 200, headers: { 'webhook-allowed-origin': ALLOWED_ORIGIN } }
    }
    switch (String(call.headers['aeg-event-type'] ?? '').toLowerCase()) {
      case 'subscriptionvalidation':
        log('info', 'Event Grid validates a subscription', { function: fn.name })
        return validate(call)
      case 'notification':
        return deliver(fn, call)
      case 'unsubscribe':
        return { status: 202 }
      default:
        return {
          status: 400,
          body: 'The header aeg-event-type must be SubscriptionValidation, Notification or Unsubscribe.',
        }
    }
  }

  async function deliver(fn: HostFunction, call: HttpCall): Promise<HttpAnswer> {
    const body = parse(await call.readBody(MAX_EVENT_GRID_BODY_BYTES))
    if (body === undefined)
      return { status: 500, body: 'The body must be a JSON array of events, or one event.' }
    const events: unknown[] = Array.isArray(body) ? body : [body]
    if (events.length > MAX_EVENTS) return { status: 413, body: `More than ${MAX_EVENTS} events.` }
    const failed = isForMany(fn) ? await deliverTogether(fn, events) : await deliverEach(fn, events)
    if (failed === undefined) return ACCEPTED
    log('warn', 'events failed; Event Grid sends the batch again', {
      function: fn.name,
      events: events.length,
      failed: failed.count,
      error: events.every(isObject)
        ? reasonOf(failed.reason)
        : 'an element of the batch is not a JSON object',
    })
    return { status: 500, body: 'Not every event was taken; send all of them again.' }
  }

  /** The function is not asked what it thinks of a batch that is not made of events. */
  async function deliverTogether(fn: HostFunction, events: unknown[]): Promise<Failed | undefined> {
    const count = events.length
    if (!events.every(isObject)) return { count, reason: undefined }
    try {
      await invoker.invoke(fn, { input: { value: events } })
      return undefined
    } catch (reason) {
      return { count, reason }
    }
  }

  async function deliverEach(fn: HostFunction, events: unknown[]): Promise<Failed | undefined> {
    const objects = events.filter(isObject)
    const results = await Promise.allSettled(objects.map(value => invoker.invoke(fn, { input: { value } })))
    const rejected = results.filter(result => result.status === 'rejected')
    const count = events.length - objects.length + rejected.length
    return count === 0 ? undefined : { count, reason: rejected[0]?.reason }
  }
}

/** Of the events of a batch. */
interface Failed {
  count: number
  /** The first function's that failed; undefined where none was asked. */
  reason: unknown
}

const ACCEPTED: HttpAnswer = { status: 202 }

function isForMany(fn: HostFunction): boolean {
  return (fn.trigger as EventGridTrigger).cardinality === 'many'
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function validate(call: HttpCall): Promise<HttpAnswer> {
  const body = parse(await call.readBody(MAX_EVENT_GRID_BODY_BYTES))
  const validationCode = codeOf(Array.isArray(body) ? body[0] : body)
  if (validationCode === undefined) return { status: 500, body: 'The event has no data.validationCode.' }
  return { status: 200, body: JSON.stringify({ validationResponse: validationCode }) }
}

function codeOf(event: unknown): string | undefined {
  const data = (event as { data?: unknown } | null | undefined)?.data
  // Subscriptions in the CloudEvents schema have been seen to encode their data twice.
  const inner = typeof data === 'string' ? parse(Buffer.from(data)) : data
  const code = (inner as { validationCode?: unknown } | null | undefined)?.validationCode
  return typeof code === 'string' ? code : undefined
}

const UTF8 = new TextDecoder()

/** The body's JSON when it is an array or an object. */
function parse(body: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(UTF8.decode(body))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function queryValue(url: URL, lowerCaseName: string): string | undefined {
  for (const [name, value] of url.searchParams) if (name.toLowerCase() === lowerCaseName) return value
  return undefined
}
