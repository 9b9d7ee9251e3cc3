import { reasonOf } from '../core/errors.ts'
import type { EventGridTrigger, HostFunction } from './host-function.ts'
import type { HttpAnswer, HttpCall } from './http-message.ts'
import type { Invoker } from './invoker.ts'
import type { HostLog } from './log.ts'

export type EventGridWebhook = (call: HttpCall) => Promise<HttpAnswer>

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
  return async call => {
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
        return validate(parse(await call.readBody(MAX_EVENT_GRID_BODY_BYTES)))
      case 'notification':
        return deliver(fn, parse(await call.readBody(MAX_EVENT_GRID_BODY_BYTES)))
      case 'unsubscribe':
        return { status: 202 }
      default:
        return {
          status: 400,
          body: 'The header aeg-event-type must be SubscriptionValidation, Notification or Unsubscribe.',
        }
    }
  }

  async function deliver(fn: HostFunction, body: object | undefined): Promise<HttpAnswer> {
    if (body === undefined)
      return { status: 500, body: 'The body must be a JSON array of events, or one event.' }
    const events: unknown[] = Array.isArray(body) ? body : [body]
    if (events.length > MAX_EVENTS) return { status: 413, body: `More than ${MAX_EVENTS} events.` }
    const many = (fn.trigger as EventGridTrigger).cardinality === 'many'
    const objects = events.filter(isObject)
    const areAll = objects.length === events.length
    // The function is not asked what it thinks of a batch that is not made of events.
    const values = many ? (areAll ? [events] : []) : objects
    const results = await Promise.allSettled(values.map(value => invoker.invoke(fn, { input: { value } })))
    const failed = results.filter(result => result.status === 'rejected')
    if (areAll && failed.length === 0) return { status: 202 }
    log('warn', 'events failed; Event Grid sends the batch again', {
      function: fn.name,
      events: events.length,
      failed: many ? events.length : events.length - results.length + failed.length,
      error: areAll ? reasonOf(failed[0]?.reason) : 'an element of the batch is not a JSON object',
    })
    return { status: 500, body: 'Not every event was taken; send all of them again.' }
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function validate(body: object | undefined): HttpAnswer {
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
