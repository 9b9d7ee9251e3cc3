import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PermanentError } from '../../../src/core/errors.ts'
import { HOUR } from '../../../src/core/time.ts'
import type { DeadLetter } from '../../../src/emulators/event-grid/dead-letter-event.ts'
import {
  type EventGrid,
  type EventGridOptions,
  type Subscription,
  startEventGrid,
} from '../../../src/emulators/event-grid/event-grid.ts'
import { eventually } from '../lake/eventually.ts'
import { type Endpoint, gridEvent, startEndpoint } from './endpoint.ts'

const SOON = [1]
const LATER = [HOUR]

describe('the local Event Grid', () => {
  let folder: string
  let journalFile: string
  let endpoint: Endpoint
  let opened: { close(): Promise<void> }[]
  let logged: string[]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lakemark-event-grid-'))
    journalFile = join(folder, 'event-grid.jsonl')
    opened = []
    logged = []
    endpoint = await open(startEndpoint())
  })
  afterEach(async () => {
    for (const part of opened.reverse()) await part.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function open<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    const part = await starting
    opened.push(part)
    return part
  }

  function start(options: Partial<EventGridOptions> = {}): Promise<EventGrid> {
    const subscriptions = [subscription('lakemark', endpoint)]
    return open(
      startEventGrid({ subscriptions, retryDelaysMs: SOON, log: text => logged.push(text), ...options }),
    )
  }

  async function publishAll(grid: EventGrid, subjects: string[]): Promise<void> {
    await Promise.all(subjects.map(subject => grid.publish(gridEvent(subject))))
  }

  it('shakes hands before the first delivery, again and again until the endpoint agrees', async () => {
    endpoint.agree = () => (endpoint.handshakes.length < 3 ? 503 : 200)
    const grid = await start()

    await grid.publish(gridEvent('waits'))
    await grid.drained()

    expect(endpoint.handshakes).toHaveLength(3)
    expect(endpoint.handshakes[0]?.headers['aeg-event-type']).toBe('SubscriptionValidation')
    expect(endpoint.handshakes[0]?.body).toMatchObject([
      {
        eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
        data: { validationCode: expect.any(String) },
      },
    ])
    expect(endpoint.posts.map(({ body }) => body[0].subject)).toEqual(['waits'])
  })

  it('posts an array with the headers of a notification', async () => {
    const grid = await start()
    const event = gridEvent('/blobServices/default/containers/c/blobs/ü', { data: { api: 'PutBlob' } })

    await grid.publish(event)
    await grid.drained()

    expect(endpoint.posts[0]?.body).toEqual([event])
    expect(endpoint.posts[0]?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'aeg-event-type': 'Notification',
      'aeg-subscription-name': 'lakemark',
      'aeg-delivery-count': '0',
    })
    expect(grid.pending()).toBe(0)
  })

  it('delivers only the types that a subscription includes', async () => {
    const grid = await start()

    await grid.publish(gridEvent('unwanted', { eventType: 'Microsoft.Storage.BlobTierChanged' }))
    expect(grid.pending()).toBe(0)
    await grid.publish(gridEvent('wanted'))
    await grid.drained()

    expect(endpoint.delivered()).toEqual(['wanted'])
  })

  it('fills posts up to the limit with what has gathered while others were under way', async () => {
    const { promise: mayAnswer, resolve: letAnswer } = Promise.withResolvers<number>()
    endpoint.answer = () => mayAnswer
    const grid = await start()
    const subjects = Array.from({ length: 200 }, (_, index) => String(index).padStart(3, '0'))

    await publishAll(grid, subjects)
    const underWay = await eventually('posts are under way', () => endpoint.posts.length || undefined)
    letAnswer(200)
    await grid.drained()

    expect(endpoint.delivered()).toEqual(subjects)
    expect(Math.max(...endpoint.posts.map(({ body }) => body.length))).toBe(16)
    expect(underWay).toBeLessThanOrEqual(8)
    expect(endpoint.posts.length).toBeLessThan(40)
  })

  it('keeps a post below 1 MB, and takes no event above', async () => {
    const { promise: mayAnswer, resolve: letAnswer } = Promise.withResolvers<number>()
    endpoint.answer = () => mayAnswer
    const grid = await start()
    const data = 'x'.repeat(300_000)

    await Promise.all(Array.from({ length: 30 }, (_, index) => grid.publish(gridEvent(`${index}`, { data }))))
    letAnswer(200)
    await grid.drained()

    expect(endpoint.delivered()).toHaveLength(30)
    expect(Math.max(...endpoint.posts.map(({ body }) => body.length))).toBe(3)
    expect(Math.max(...endpoint.posts.map(({ bytes }) => bytes))).toBeLessThan(1024 * 1024)
    await expect(grid.publish(gridEvent('huge', { data: data.repeat(4) }))).rejects.toThrow(PermanentError)
  })

  it('tries again after failures, counting', async () => {
    const answers = [500, 404, 429, 302, 401, 200]
    endpoint.answer = () => answers.shift() ?? 200
    const grid = await start()

    await grid.publish(gridEvent('stubborn'))
    await grid.drained()

    expect(endpoint.posts.map(({ headers }) => headers['aeg-delivery-count'])).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
    ])
    expect(endpoint.delivered()).toEqual(['stubborn'])
  })

  it('delivers once an endpoint is there that was not', async () => {
    const grid = await start()
    await grid.publish(gridEvent('first'))
    await grid.drained()
    await endpoint.close()
    await grid.publish(gridEvent('second'))
    await eventually('an attempt failed', () => logged.includes('a delivery failed and is tried again'))

    const next = await open(startEndpoint(Number(new URL(endpoint.url).port)))
    await grid.drained()

    expect(next.delivered()).toEqual(['second'])
  })

  it.each([
    [400, 'UndeliverableDueToHttpBadRequest', 'BadRequest'],
    [403, 'UndeliverableDueToHttpForbidden', 'Forbidden'],
    [413, 'UndeliverableDueToHttpRequestEntityTooLarge', 'RequestEntityTooLarge'],
  ])('never repeats what was answered %i: it is a dead letter', async (status, reason, outcome) => {
    const letters: [DeadLetter[], string][] = []
    endpoint.answer = ({ body }) => (body[0].subject === 'refused' ? status : 200)
    const grid = await start({
      subscriptions: [{ ...subscription('lakemark', endpoint), maxEventsPerBatch: 1 }],
      deadLetter: async (events, name) => {
        letters.push([events, name])
      },
      now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    })
    const event = gridEvent('refused')

    await grid.publish(event)
    await grid.publish(gridEvent('fine'))
    await grid.drained()

    const time = '2026-01-02T03:04:05.000Z'
    const letter = {
      ...event,
      deadLetterReason: reason,
      deliveryAttempts: 1,
      lastDeliveryOutcome: outcome,
      publishTime: time,
      lastDeliveryAttemptTime: time,
    }
    expect(letters).toEqual([[[letter], 'lakemark']])
    expect(endpoint.posts).toHaveLength(2)
    expect(endpoint.delivered()).toEqual(['fine'])
  })

  it('keeps a dead letter in the schema of its subscription, with CloudEvents in lower case', async () => {
    const letters: DeadLetter[] = []
    endpoint.answer = () => 503
    const grid = await start({
      subscriptions: [{ ...subscription('cloud', endpoint), deliverySchema: 'CloudEventSchemaV1_0' }],
      maxAttempts: 2,
      now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
      deadLetter: async events => {
        letters.push(...events)
      },
    })
    const event = gridEvent('refused', { data: { api: 'PutBlob' } })

    await grid.publish(event)
    await grid.drained()

    const time = '2026-01-02T03:04:05.000Z'
    expect(letters).toEqual([
      {
        id: event.id,
        source: event.topic,
        specversion: '1.0',
        type: event.eventType,
        subject: 'refused',
        time: event.eventTime,
        data: { api: 'PutBlob' },
        deadletterreason: 'MaxDeliveryAttemptsExceeded',
        deliveryattempts: 2,
        lastdeliveryoutcome: 'Busy',
        publishtime: time,
        lastdeliveryattempttime: time,
      },
    ])
  })

  it('says so when it drops what nobody keeps', async () => {
    endpoint.answer = () => 400
    const grid = await start()

    await grid.publish(gridEvent('refused'))
    await grid.drained()

    expect(logged).toEqual(['events are dropped'])
  })

  it('gives up after the last attempt, and when the time is over', async () => {
    const letters: DeadLetter[] = []
    let time = 0
    endpoint.answer = ({ body }) => {
      if (body[0].subject === 'old') time = 2 * HOUR
      return 500
    }
    const grid = await start({
      maxAttempts: 3,
      timeToLiveMs: HOUR,
      now: () => time,
      deadLetter: async events => {
        letters.push(...events)
      },
    })

    await grid.publish(gridEvent('young'))
    await grid.drained()
    await grid.publish(gridEvent('old'))
    await grid.drained()

    expect(letters).toMatchObject([
      { subject: 'young', deadLetterReason: 'MaxDeliveryAttemptsExceeded', deliveryAttempts: 3 },
      { subject: 'old', deadLetterReason: 'TimeToLiveExceeded', deliveryAttempts: 1 },
    ])
  })

  it('delivers after a restart what was owed before it, and goes on counting', async () => {
    endpoint.answer = ({ body }) => (body[0].subject === 'delivered' ? 200 : 500)
    const first = await start({ journalFile, retryDelaysMs: LATER })
    await first.publish(gridEvent('delivered'))
    await first.drained()
    await first.publish(gridEvent('owed'))
    await first.publish(gridEvent('owed', { id: 'same' }))
    await first.publish(gridEvent('owed', { id: 'same' }))
    await eventually('all have failed once', () => postsOf(endpoint, 'owed') === 3)
    await first.close()
    expect(first.pending()).toBe(3)

    endpoint.answer = () => 200
    endpoint.posts.length = 0
    const second = await start({ journalFile })
    await second.drained()

    expect(endpoint.delivered()).toEqual(['delivered', 'owed', 'owed', 'owed'])
    expect(endpoint.posts.map(({ headers }) => headers['aeg-delivery-count'])).toEqual(['1'])
    await second.close()
    const third = await start({ journalFile })
    expect(third.pending()).toBe(0)
    expect(await readFile(journalFile, 'utf8')).toBe('')
  })

  it('delivers after a restart what a kill left in the journal', async () => {
    endpoint.agree = () => 503
    const killed = await start({ journalFile })
    await publishAll(killed, ['a', 'b', 'c'])
    const left = await readFile(journalFile, 'utf8')
    expect(left.split('\n')).toHaveLength(4)

    endpoint.agree = () => 200
    const next = await start({ journalFile })
    await next.drained()

    expect(endpoint.delivered()).toEqual(['a', 'b', 'c'])
  })

  it('keeps owing what could not be written as a dead letter', async () => {
    endpoint.answer = () => 400
    const first = await start({ journalFile, deadLetter: () => Promise.reject(new Error('no room')) })
    await first.publish(gridEvent('refused'))
    await eventually('it was tried', () =>
      logged.includes('dead letters cannot be written, they are tried again'),
    )
    await first.close()

    const letters: string[] = []
    const second = await start({
      journalFile,
      deadLetter: async events => {
        letters.push(...events.map(({ subject }) => subject))
      },
    })
    await second.drained()

    expect(letters).toEqual(['refused'])
  })

  it('owes nothing to a subscription that is gone', async () => {
    endpoint.agree = () => 503
    const first = await start({ journalFile })
    await first.publish(gridEvent('a'))
    await first.close()

    const second = await start({ journalFile, subscriptions: [] })

    expect(second.pending()).toBe(0)
    expect(logged).toContain('events of a removed subscription are dropped')
  })

  it('loses nothing to an endpoint that is too slow, and lets it hold up nobody else', async () => {
    const quick = await open(startEndpoint())
    const { promise: never } = Promise.withResolvers<number>()
    endpoint.answer = ({ headers }) => (headers['aeg-delivery-count'] === '0' ? never : 200)
    const grid = await start({
      subscriptions: [subscription('slow', endpoint), subscription('quick', quick)],
      answerLimitMs: 300,
    })
    const subjects = Array.from({ length: 40 }, (_, index) => String(index).padStart(2, '0'))

    await publishAll(grid, subjects)
    await eventually('the quick one has all', () => quick.delivered().length === 40)
    await grid.drained()

    expect(endpoint.delivered()).toEqual(subjects)
    expect(quick.delivered()).toEqual(subjects)
  })

  it('speaks CloudEvents to whom wants them', async () => {
    const grid = await start({
      subscriptions: [{ ...subscription('cloud', endpoint), deliverySchema: 'CloudEventSchemaV1_0' }],
    })
    const event = gridEvent('/blobServices/default/containers/c/blobs/b', { data: { api: 'PutBlob' } })

    await grid.publish(event)
    await grid.drained()

    expect(endpoint.handshakes[0]?.headers['webhook-request-origin']).toBe('eventgrid.azure.net')
    expect(endpoint.posts[0]?.headers['content-type']).toBe(
      'application/cloudevents-batch+json; charset=utf-8',
    )
    expect(endpoint.posts[0]?.body).toEqual([
      {
        id: event.id,
        source: event.topic,
        specversion: '1.0',
        type: event.eventType,
        subject: event.subject,
        time: event.eventTime,
        data: { api: 'PutBlob' },
      },
    ])
  })

  it('waits for answers under way when it is closed, and takes nothing more', async () => {
    const { promise: mayAnswer, resolve: letAnswer } = Promise.withResolvers<number>()
    endpoint.answer = () => mayAnswer
    const grid = await start({ journalFile })
    await grid.publish(gridEvent('under way'))
    await eventually('it is under way', () => endpoint.posts.length === 1)

    const closed = grid.close()
    await expect(grid.publish(gridEvent('late'))).rejects.toThrow('closed')
    letAnswer(200)
    await closed

    expect(await (await start({ journalFile })).pending()).toBe(0)
  })

  it('tells who waits for the end that it was closed before', async () => {
    endpoint.answer = () => 500
    const grid = await start({ retryDelaysMs: LATER })
    await grid.publish(gridEvent('owed'))
    const drained = grid.drained()
    const rejected = expect(drained).rejects.toThrow('closed with 1 deliveries still owed')

    await grid.close()

    await rejected
  })
})

function subscription(name: string, endpoint: Endpoint): Subscription {
  return { name, endpoint: endpoint.url, includedEventTypes: ['Microsoft.Storage.BlobCreated'] }
}

function postsOf(endpoint: Endpoint, subject: string): number {
  return endpoint.posts.flatMap(({ body }) => body).filter(event => event.subject === subject).length
}
