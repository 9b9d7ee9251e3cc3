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
const CLOUD_EVENT_TYPES = ['application/cloudevents+json', 'application/cloudevents-batch+json']

/**
 * The webhook of the Functions host's Event Grid extension. Every event is an invocation of its own, all of a
 * batch at the same time; when one fails the answer is 500 and Event Grid sends the whole batch again. Array
 * elements that are no objects reach the function as they are: only it can say that one is worth nothing, and
 * a refusal here would condemn the good events around it.
 */
export function createEventGridWebhook(
  functions: readonly HostFunction[],
  invoker: Invoker,
  log: HostLog,
): EventGridWebhook {
  return async call => {
    const name = queryValue(call.url, 'functionname')
    const fn = functions.find(one => one.name === name && one.trigger.type === 'eventGridTrigger')
    if (fn === undefined) {
      log('warn', 'events came for an unknown function', { function: name })
      return { status: 404, body: 'There is no Event Grid function of this name.' }
    }
    if (call.method === 'OPTIONS') return allowOrigin(call)
    if (call.method !== 'POST') return { status: 405, headers: { allow: 'POST, OPTIONS' } }
    const body = parse(await call.readBody(MAX_EVENT_GRID_BODY_BYTES))
    if (body === undefined)
      return { status: 400, body: 'The body must be a JSON array of events, or one event.' }

    switch (eventTypeOf(call)) {
      case 'subscriptionvalidation':
        log('info', 'Event Grid validates a subscription', { function: fn.name })
        return validate(body)
      case 'notification':
        return deliver(fn, body)
      case 'unsubscribe':
        return { status: 202 }
      default:
        return {
          status: 400,
          body: 'The header aeg-event-type must be SubscriptionValidation, Notification or Unsubscribe.',
        }
    }
  }

  async function deliver(fn: HostFunction, body: object): Promise<HttpAnswer> {
    const events: unknown[] = Array.isArray(body) ? body : [body]
    if (events.length > MAX_EVENTS) return { status: 413, body: `More than ${MAX_EVENTS} events.` }
    const many = (fn.trigger as EventGridTrigger).cardinality === 'many'
    const values = many ? [events] : events
    const results = await Promise.allSettled(values.map(value => invoker.invoke(fn, { input: { value } })))
    const failed = results.filter(result => result.status === 'rejected')
    if (failed.length === 0) return { status: 202 }
    log('warn', 'events failed; Event Grid sends the batch again', {
      function: fn.name,
      events: events.length,
      failed: many ? events.length : failed.length,
      error: reasonOf(failed[0]?.reason),
    })
    return { status: 500, body: 'Not every event was taken; send all of them again.' }
  }
}

/** The CloudEvents handshake: see "HTTP 1.1 Web Hooks for Event Delivery", abuse protection. */
function allowOrigin(call: HttpCall): HttpAnswer {
  const origin = call.headers['webhook-request-origin']
  if (typeof origin !== 'string')
    return { status: 400, body: 'The header WebHook-Request-Origin is missing.' }
  return { status: 200, headers: { 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' } }
}

/**
 * CloudEvents that come from elsewhere do not carry Event Grid's header; their content type says what they
 * are.
 */
function eventTypeOf(call: HttpCall): string | undefined {
  const header = call.headers['aeg-event-type']
  if (typeof header === 'string') return header.toLowerCase()
  const contentType = call.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
  return CLOUD_EVENT_TYPES.includes(contentType) ? 'notification' : undefined
}

function validate(body: object): HttpAnswer {
  const validationCode = codeOf(Array.isArray(body) ? body[0] : body)
  if (validationCode === undefined) return { status: 400, body: 'The event has no data.validationCode.' }
  const answer = JSON.stringify({ validationResponse: validationCode })
  return { status: 200, headers: { 'content-type': 'application/json' }, body: answer }
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
