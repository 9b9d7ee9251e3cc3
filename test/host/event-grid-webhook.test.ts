import { app, type EventGridEvent } from '@azure/functions'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MAX_EVENT_GRID_BODY_BYTES, MAX_EVENTS } from '../../src/host/event-grid-webhook.ts'
import { createGate, startTestHost, type TestHost } from './host-world.ts'

let host: TestHost
let seen: unknown[]
let onEvent: (event: unknown) => unknown

beforeAll(async () => {
  host = await startTestHost({ register: registerApp })
})
afterAll(() => host.close({ graceMs: 1000 }))
beforeEach(() => {
  seen = []
  onEvent = () => undefined
})

function registerApp(): void {
  const handler = async (event: EventGridEvent) => {
    seen.push(event)
    return onEvent(event)
  }
  app.eventGrid('onBlobEvent', { handler })
  app.generic('onBatch', {
    trigger: { type: 'eventGridTrigger', name: 'events', cardinality: 'many' },
    handler,
  })
  app.get('notForEvents', () => ({}))
}

interface Post {
  functionName?: string
  path?: string
  method?: string
  headers?: Record<string, string>
}

const NOTIFICATION = { 'aeg-event-type': 'Notification' }
const WEBHOOK = '/runtime/webhooks/EventGrid?functionName='

function post(
  body: unknown,
  { functionName = 'onBlobEvent', path, method = 'POST', headers = NOTIFICATION }: Post = {},
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return fetch(host.url + (path ?? WEBHOOK + functionName), { method, headers, body: text })
}

const one = { id: '1', eventType: 'Microsoft.Storage.BlobCreated', data: { Api: 'PutBlob' } }
const two = { ...one, id: '2' }

describe('the Event Grid webhook', () => {
  it('takes an array of events, one invocation each, and a single event', async () => {
    expect((await post([one, two])).status).toBe(202)
    expect(seen).toEqual([one, two])
    expect((await post(two)).status).toBe(202)
    expect(seen).toEqual([one, two, two])
    expect((await post([])).status).toBe(202)
  })

  it('runs the events of a batch at the same time', async () => {
    const met = createGate()
    onEvent = async () => {
      if (seen.length === 2) met.open()
      await met.opened
    }
    expect((await post([one, two])).status).toBe(202)
  })

  it('answers 500 without a reason when one of the events fails, after the others have ended', async () => {
    let ended = 0
    onEvent = async event => {
      await Promise.resolve()
      if ((event as { id: string }).id === '1') throw new Error('the secret reason')
      ended += 1
    }

    const response = await post([one, two])

    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
    expect(ended).toBe(1)
  })

  it.each([
    ['onBlobEvent', [one, two]],
    ['onBatch', []],
  ])('answers 500 to a batch with what is no event, for %s', async (functionName, invoked) => {
    for (const rubbish of [null, 5, 'text', [one], true]) {
      seen = []
      expect((await post([one, rubbish, two], { functionName })).status).toBe(500)
      expect(seen).toEqual(invoked)
    }
    expect((await post([{}], { functionName })).status).toBe(202)
  })

  it('is not harmed by what is nested absurdly deep', async () => {
    const depth = 200_000
    const response = await post(`[${'['.repeat(depth)}${']'.repeat(depth)}, ${JSON.stringify(two)}]`)
    expect(response.status).toBe(500)
    expect(seen).toEqual([two])
  })

  it('hands the whole batch to a function with cardinality many', async () => {
    expect((await post([one, two], { functionName: 'onBatch' })).status).toBe(202)
    expect((await post(one, { functionName: 'onBatch' })).status).toBe(202)
    expect(seen).toEqual([[one, two], [one]])
  })

  it('answers 500 when the function gives back what cannot be written down, though nobody takes it', async () => {
    onEvent = () => 'well'
    expect((await post(one)).status).toBe(202)
    const circle: { itself?: unknown } = {}
    circle.itself = circle
    onEvent = () => circle
    for (const functionName of ['onBlobEvent', 'onBatch']) {
      expect((await post(one, { functionName })).status).toBe(500)
    }
  })

  it.each([
    '/runtime/webhooks/eventgrid?functionName=onBlobEvent',
    '/RUNTIME/WebHooks/EventGrid/?code=x&FUNCTIONNAME=onBlobEvent',
  ])('is found at %s', async path => {
    expect((await post([one], { path })).status).toBe(202)
    expect(seen).toEqual([one])
  })

  it.each(['nobody', 'onblobevent', 'notForEvents', ''])(
    'answers 404 for the function %j',
    async functionName => {
      expect((await post([one], { functionName })).status).toBe(404)
      expect(host.lines.at(-1)).toMatchObject({ level: 'warn', fields: { function: functionName } })
    },
  )

  it.each(['', 'rubbish', '{"id":', '5', 'null', '"text"'])(
    'answers 500 to the body %j, so that it is sent again',
    async body => {
      expect((await post(body)).status).toBe(500)
      expect(seen).toEqual([])
    },
  )

  it('answers 400 when it is not said what the body is', async () => {
    expect((await post([one], { headers: {} })).status).toBe(400)
    expect((await post([one], { headers: { 'aeg-event-type': 'Surprise' } })).status).toBe(400)
    const cloudEvents = { 'content-type': 'application/cloudevents-batch+json' }
    expect((await post([one], { headers: cloudEvents })).status).toBe(400)
    expect(seen).toEqual([])
  })

  it('takes a batch of full size and answers 413 to what no Event Grid sends', async () => {
    const full = JSON.stringify([{ ...one, data: { text: 'x'.repeat(1024 * 1024) } }])
    expect((await post(full)).status).toBe(202)
    expect((await post(`[${' '.repeat(MAX_EVENT_GRID_BODY_BYTES)}]`)).status).toBe(413)
    expect((await post(Array(MAX_EVENTS).fill({}))).status).toBe(202)
    seen = []
    expect((await post(Array(MAX_EVENTS + 1).fill({}))).status).toBe(413)
    expect(seen).toEqual([])
  })

  it('takes no events without a body, nor by methods that it does not know', async () => {
    const ask = (method: string) =>
      fetch(`${host.url}${WEBHOOK}onBlobEvent`, { method, headers: NOTIFICATION })
    expect((await ask('GET')).status).toBe(500)
    expect((await ask('PUT')).status).toBe(405)
    expect(seen).toEqual([])
  })
})

describe('the handshake of a subscription', () => {
  const headers = { 'aeg-event-type': 'SubscriptionValidation' }

  it.each([
    ['in the Event Grid schema', [{ id: 'x', data: { validationCode: '512d38b6' } }]],
    ['in the CloudEvents schema', { id: 'x', data: { validationCode: '512d38b6' } }],
    ['in the CloudEvents schema with data as text', { id: 'x', data: '{"validationCode":"512d38b6"}' }],
  ])('%s is answered with its code', async (_, body) => {
    const response = await post(body, { headers })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ validationResponse: '512d38b6' })
    expect(seen).toEqual([])
  })

  it.each([[[]], [[{ data: {} }]], [{ data: 'text' }], [[null]]])(
    'without a code is answered 500: %j',
    async body => {
      expect((await post(body, { headers })).status).toBe(500)
    },
  )

  it('is answered for CloudEvents by allowing the origin of Event Grid', async () => {
    const options = { method: 'OPTIONS', headers: { 'webhook-request-origin': 'eventgrid.azure.net' } }
    const response = await fetch(`${host.url}${WEBHOOK}onBlobEvent`, options)
    expect(response.status).toBe(200)
    expect(response.headers.get('webhook-allowed-origin')).toBe('eventgrid.azure.net')
    expect((await fetch(`${host.url}${WEBHOOK}nobody`, options)).status).toBe(404)
  })

  it('has an end, whatever it says', async () => {
    for (const body of [[one], 'rubbish', '']) {
      expect((await post(body, { headers: { 'aeg-event-type': 'Unsubscribe' } })).status).toBe(202)
    }
    expect(seen).toEqual([])
  })
})

describe('CloudEvents', () => {
  const event = { specversion: '1.0', id: '1', type: 'Microsoft.Storage.BlobCreated', source: '/x', data: {} }

  it.each([[event], [[event]]])('are taken with the header of Event Grid: %j', async body => {
    const headers = { ...NOTIFICATION, 'content-type': 'application/cloudevents+json; charset=utf-8' }
    expect((await post(body, { headers })).status).toBe(202)
    expect(seen).toEqual([event])
  })
})
