import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDeadLetterRedrive } from '../../src/app/intake/dead-letters.ts'
import { createQueueService } from '../../src/azure/storage-clients.ts'
import { readConfig } from '../../src/config.ts'
import { TransientError } from '../../src/core/errors.ts'
import { fromEventQueue } from '../../src/core/queued-events.ts'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import type { Host } from '../../src/host/host.ts'
import { startService } from '../../src/local/service.ts'
import { EVENT_QUEUE } from '../../src/storage-names.ts'
import { createHome, until, writeRules } from '../e2e/process.ts'
import { type HostWorld, openHostWorld } from '../fuzz/host-world.ts'
import { salesEvent } from '../support/local-events.ts'

const POISON_QUEUE = `${EVENT_QUEUE}-poison`
const MAX_DEQUEUE_COUNT = 5
const RULES = `
rules:
  - { name: sales, from: devstoreaccount1/silver, match: "sales/{region}/*.csv", asset: "sales-{region}-{stem}", to: [retail] }
`
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value), 'utf8').toString('base64')

describe('a message of the queue of events', () => {
  const event = { eventType: 'x', data: { name: 'ü/日本' } }
  it.each<[string, unknown, unknown[] | undefined]>([
    ['one event as JSON', JSON.stringify(event), [event]],
    ['one event in base64', base64(event), [event]],
    ['several events', JSON.stringify([event, event]), [event, event]],
    ['several events in base64, with a line break', `${base64([event, event])}\n`, [event, event]],
    ['a byte order mark', `\ufeff${JSON.stringify(event)}`, [event]],
    ['what has been parsed already', event, [event]],
    ['what has been parsed already, several', [event], [event]],
    ['no event', '[]', []],
    ['a number', '123', undefined],
    ['a number that has been parsed', 123, undefined],
    ['text', 'hello there', undefined],
    ['nothing', '', undefined],
    ['null', 'null', undefined],
    ['base64 of no JSON', Buffer.from('hello').toString('base64'), undefined],
    ['half an event', JSON.stringify(event).slice(0, 20), undefined],
  ])('may hold %s', (_, input, events) => {
    expect(fromEventQueue(input)).toEqual(events)
  })
})

/** The real queue, and everything behind it. */
describe('events that Event Grid leaves in the queue', () => {
  let azurite: Azurite
  let azureMl: AzureMlEmulator
  let home: Awaited<ReturnType<typeof createHome>>
  let host: Host

  beforeAll(async () => {
    azurite = await startAzurite()
    azureMl = await startAzureMlEmulator({ port: 0, workspaces: [] })
    home = await createHome()
    host = await startService(
      readConfig({
        AzureWebJobsStorage: azurite.connectionString,
        LAKEMARK_AZUREML_URL: azureMl.url,
        LAKEMARK_RULES: await writeRules(home.home, RULES),
        LAKEMARK_PORT: '0',
        LAKEMARK_LOG: 'error',
      }),
      rules => azureMl.setWorkspaces([...rules.workspaces.values()]),
    )
  })
  afterAll(async () => {
    await host?.close({ graceMs: 5000 })
    await azureMl?.close()
    await azurite?.close()
    await home?.remove()
  })

  it('become versions like those that it calls the app with, and leave the queue', async () => {
    const { connectionString } = azurite
    const queue = createQueueService({ kind: 'connection string', connectionString }).getQueueClient(
      EVENT_QUEUE,
    )
    // The queue is there before anything was delivered.
    await queue.sendMessage(JSON.stringify(salesEvent('plain')))
    await queue.sendMessage(base64(salesEvent('encoded')))
    await queue.sendMessage(base64([salesEvent('first'), salesEvent('second')]))
    const { topic, subject, eventType, id, data } = salesEvent('cloud')
    await queue.sendMessage(base64({ specversion: '1.0', source: topic, subject, type: eventType, id, data }))

    for (const name of ['plain', 'encoded', 'first', 'second', 'cloud']) {
      await until(`sales-eu-${name}`, async () => {
        const response = await fetch(`${host.url}/api/assets/sales-eu-${name}`)
        return response.ok && (await response.text()).includes('registered')
      })
    }
    await until('the queue to be empty', async () => {
      const { approximateMessagesCount } = await queue.getProperties()
      return approximateMessagesCount === 0
    })
  })
})

describe('an event in the queue', () => {
  /** The next writes of the ledger that fail. */
  let failures = 0
  let opened: HostWorld

  beforeEach(async () => {
    failures = 0
    opened = await openHostWorld(({ ledger }) => ({
      ledger: {
        ...ledger,
        async commit(...call) {
          failures -= 1
          if (failures >= 0) throw new TransientError('the table is away')
          return ledger.commit(...call)
        },
      },
    }))
  })
  afterEach(() => opened.close())

  const send = (text: string, queue = EVENT_QUEUE) => {
    opened.queues.send(queue, text)
    opened.host.notify(queue)
  }
  const untilEmpty = () => until('the queues to be empty', async () => opened.queues.waiting().length === 0)
  const assets = async () => (await opened.world.ledger.listAssets({ limit: 10 })).items.length

  it('that cannot be recorded now comes again, and is recorded then', async () => {
    failures = MAX_DEQUEUE_COUNT - 1
    send(base64(opened.world.upload('a.csv')))
    await untilEmpty()
    expect(opened.queues.mostDequeued()).toBe(MAX_DEQUEUE_COUNT)
    expect(await assets()).toBe(1)
  })

  it('that fails too often is left among the dead letters, from where it is taken in later', async () => {
    failures = Number.POSITIVE_INFINITY
    send(base64([opened.world.upload('a.csv'), opened.world.upload('b.csv')]))
    await untilEmpty()
    expect(opened.queues.mostDequeued()).toBe(MAX_DEQUEUE_COUNT)
    expect(await assets()).toBe(0)

    const { deadLetters, world } = opened
    const redrive = createDeadLetterRedrive({ ...world, deadLetters, intake: world.lakemark.intake })
    expect(await redrive()).toMatchObject({ redriven: 0, left: 1 })
    failures = 0
    expect(await redrive()).toMatchObject({ redriven: 1, events: 2 })
    expect(await assets()).toBe(2)
    expect((await deadLetters.list({ limit: 10 })).items).toEqual([])
  })

  it('does not keep others in its message from being taken in', async () => {
    const events = [opened.world.upload('a.csv'), { eventType: 'rubbish' }, 7, opened.world.upload('b.csv')]
    send(base64(events))
    await untilEmpty()
    expect(await assets()).toBe(2)
    expect(opened.world.counters.all()).toMatchObject({ 'ignored:not-an-event': 1 })
  })

  it.each([EVENT_QUEUE, POISON_QUEUE])('that is none is a failure that is shown: %s', async queue => {
    send('hello <there>', queue)
    await untilEmpty()
    const { items } = await opened.world.ledger.listRefusals({ limit: 10 })
    expect(items.map(({ rule, reason }) => [rule, reason])).toEqual([
      ['poisoned-message', expect.stringContaining('unreadable message: hello <there>')],
    ])
  })
})
