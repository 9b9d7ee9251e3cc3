/** An endpoint that Event Grid posts to: the handshake that proves its consent, and the posts themselves. */
import { randomUUID } from 'node:crypto'
import { reasonOf } from '../../core/errors.ts'
import { type DeliverySchema, type GridEvent, toCloudEvent } from './event.ts'
import { type Outcome, toOutcome } from './retry-rules.ts'

/** What Event Grid calls itself in the CloudEvents handshake. */
const ORIGIN = 'eventgrid.azure.net'

export interface WebhookOptions {
  /** Of the subscription. */
  name: string
  endpoint: string
  schema: DeliverySchema
  /** CloudEvents only: one event is posted as an object, several as an array. */
  isBatched: boolean
  answerLimitMs: number
}

export interface Webhook {
  /** Undefined: the endpoint agreed. Otherwise why not, for people. */
  handshake(stop: AbortSignal): Promise<string | undefined>
  toJson(event: GridEvent): string
  /** Posts events in JSON. `attempts`: how many there were before. Undefined: stopped before the answer came. */
  post(events: string[], attempts: number, stop: AbortSignal): Promise<Outcome | undefined>
}

export function createWebhook(options: WebhookOptions): Webhook {
  const { name, endpoint, schema, isBatched, answerLimitMs } = options
  const isCloud = schema === 'CloudEventSchemaV1_0'

  function send(init: RequestInit, stop: AbortSignal): Promise<Response> {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(answerLimitMs)])
    return fetch(endpoint, { ...init, redirect: 'manual', signal })
  }

  return {
    async handshake(stop) {
      try {
        return isCloud
          ? await askForOrigin(init => send(init, stop))
          : await validate(name, init => send(init, stop))
      } catch (error) {
        return reasonOf(error instanceof Error ? (error.cause ?? error) : error)
      }
    },
    toJson: event => JSON.stringify(isCloud ? toCloudEvent(event) : event),
    async post(events, attempts, stop) {
      const headers = {
        'Content-Type': contentType(isCloud, isBatched),
        'aeg-event-type': 'Notification',
        'aeg-subscription-name': name,
        'aeg-delivery-count': String(attempts),
        'aeg-metadata-version': '1',
      }
      const body = isCloud && !isBatched ? events.join() : `[${events.join()}]`
      try {
        const answer = await send({ method: 'POST', headers, body }, stop)
        // Read to its end, or the connection cannot be used again.
        await answer.arrayBuffer()
        return toOutcome(answer.status)
      } catch (error) {
        if (stop.aborted) return undefined
        const isLate = error instanceof DOMException && error.name === 'TimeoutError'
        return { kind: 'failed', name: isLate ? 'TimedOut' : 'SocketError' }
      }
    },
  }
}

function contentType(isCloud: boolean, isBatched: boolean): string {
  if (!isCloud) return 'application/json; charset=utf-8'
  return `application/cloudevents${isBatched ? '-batch' : ''}+json; charset=utf-8`
}

type Send = (init: RequestInit) => Promise<Response>

/** Event Grid schema: the endpoint has to return the code that it is sent. */
async function validate(name: string, send: Send): Promise<string | undefined> {
  const validationCode = randomUUID()
  const event = {
    id: randomUUID(),
    topic: '',
    subject: '',
    data: { validationCode },
    eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
    eventTime: new Date().toISOString(),
    metadataVersion: '1',
    dataVersion: '2',
  }
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'aeg-event-type': 'SubscriptionValidation',
    'aeg-subscription-name': name,
  }
  const answer = await send({ method: 'POST', headers, body: JSON.stringify([event]) })
  const text = await answer.text()
  if (answer.status !== 200) return `answered ${answer.status} instead of 200`
  return isValidation(JSON.parse(text), validationCode) ? undefined : 'answered without the validation code'
}

function isValidation(answer: unknown, code: string): boolean {
  if (typeof answer !== 'object' || answer === null || !('validationResponse' in answer)) return false
  return answer.validationResponse === code
}

/** CloudEvents (its webhook specification): the endpoint has to allow us by name, or everyone. */
async function askForOrigin(send: Send): Promise<string | undefined> {
  const answer = await send({ method: 'OPTIONS', headers: { 'WebHook-Request-Origin': ORIGIN } })
  await answer.arrayBuffer()
  if (!answer.ok) return `answered ${answer.status} instead of 200`
  const allowed = answer.headers.get('WebHook-Allowed-Origin')
  return allowed === '*' || allowed === ORIGIN
    ? undefined
    : `allowed the origin ${allowed} instead of ${ORIGIN}`
}
