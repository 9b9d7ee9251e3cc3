import { app, type InvocationContext, output } from '@azure/functions'
import { type QueueClient, QueueServiceClient } from '@azure/storage-queue'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { createGate, eventually, startTestHost, type TestHost } from './host-world.ts'

let azurite: Azurite
let service: QueueServiceClient
let hosts: TestHost[] = []
let queueNumber = 0

beforeAll(async () => {
  azurite = await startAzurite()
  service = QueueServiceClient.fromConnectionString(azurite.connectionString)
})
afterEach(async () => {
  await Promise.all(hosts.map(host => host.close({ graceMs: 0 })))
  hosts = []
})
afterAll(() => azurite.close())

type Handler = (entry: unknown, context: InvocationContext) => unknown

interface Options {
  handler: Handler
  queues?: object
  hostJson?: object
  more?: () => void
}

const FAST = { maxPollingInterval: '00:00:00.200' }

/** A host with one function on a queue of its own. */
async function startWorker(
  { handler, queues = {}, hostJson = {}, more = () => undefined }: Options,
  name?: string,
) {
  queueNumber += 1
  const queueName = name ?? `work-${queueNumber}`
  const connection = 'Storage'
  const host = await startTestHost({
    register: () => {
      app.storageQueue('onWork', { queueName: '%QUEUE%', connection, handler })
      more()
    },
    hostJson: { ...hostJson, extensions: { queues: { ...FAST, ...queues } } },
    queueService: setting => {
      expect(setting).toBe(connection)
      return service
    },
    setting: setting => (setting === 'QUEUE' ? queueName : undefined),
  })
  hosts.push(host)
  return { host, queueName, queue: service.getQueueClient(queueName) }
}

/** The queue is made by the host, so it may take a moment. */
async function put(queue: QueueClient, ...contents: unknown[]): Promise<void> {
  await queue.createIfNotExists()
  for (const content of contents) {
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    await queue.sendMessage(Buffer.from(text).toString('base64'))
  }
}

/** Hidden messages count, too. */
async function lengthOf(queue: QueueClient): Promise<number> {
  if (!(await queue.exists())) return -1
  return (await queue.getProperties()).approximateMessagesCount ?? 0
}

const untilEmpty = (queue: QueueClient) =>
  eventually(
    () => lengthOf(queue),
    length => length === 0,
  )

async function textsOf(queue: QueueClient): Promise<string[]> {
  if (!(await queue.exists())) return []
  const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 })
  return peekedMessageItems.map(item => item.messageText)
}

const decode = (text: string) => Buffer.from(text, 'base64').toString('utf8')

describe('a queue function', () => {
  it('makes its queue, gets each message once with what is known of it, and deletes it', async () => {
    const seen: { entry: unknown; metadata: Record<string, unknown> | undefined }[] = []
    const { queue } = await startWorker({
      handler: (entry, { triggerMetadata }) => {
        seen.push({ entry, metadata: triggerMetadata })
      },
    })
    await eventually(
      () => queue.exists(),
      exists => exists,
    )

    await put(queue, { asset: 'sales-eu' }, 'grüße', '123')

    await eventually(
      () => seen.length,
      length => length === 3,
    )
    await untilEmpty(queue)
    expect(seen.map(one => one.entry)).toEqual([{ asset: 'sales-eu' }, 'grüße', 123])
    expect(seen[1]?.metadata).toMatchObject({ dequeueCount: 1, queueTrigger: 'grüße' })
    const { id, popReceipt, insertionTime, expirationTime, nextVisibleTime } = seen[1]?.metadata ?? {}
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect(popReceipt).toEqual(expect.any(String))
    expect(Date.parse(String(insertionTime))).toBeLessThan(Date.parse(String(nextVisibleTime)))
    expect(Date.parse(String(nextVisibleTime))).toBeLessThan(Date.parse(String(expirationTime)))
  })

  it('gets a message again that failed, until it succeeds', async () => {
    const counts: unknown[] = []
    const { queue, host } = await startWorker({
      handler: (_, { triggerMetadata }) => {
        counts.push(triggerMetadata?.dequeueCount)
        if (counts.length < 3) throw new Error('not yet')
      },
    })
    await put(queue, 'one')

    await eventually(
      () => counts.length,
      length => length === 3,
    )
    await untilEmpty(queue)
    expect(counts).toEqual([1, 2, 3])
    expect(host.lines.filter(line => line.message === 'function failed')).toHaveLength(2)
  })

  it('gets a message that failed only after visibilityTimeout', async () => {
    const takenAt: number[] = []
    const { queue } = await startWorker({
      handler: (_, { triggerMetadata }) => {
        // By the storage's clock, which shows whole seconds: every take hides for the same time.
        takenAt.push(Date.parse(String(triggerMetadata?.nextVisibleTime)))
        if (takenAt.length === 1) throw new Error('once')
      },
      queues: { visibilityTimeout: '00:00:03' },
    })
    await put(queue, 'one')

    await untilEmpty(queue)
    const [first = 0, second = 0] = takenAt
    expect(second - first).toBeGreaterThanOrEqual(2000)
  })

  it('loses a message to the poison queue, text as it was, when it has failed too often', async () => {
    const poisoned: unknown[] = []
    let attempts = 0
    const { queue, queueName } = await startWorker({
      handler: () => {
        attempts += 1
        throw new Error('never')
      },
      queues: { maxDequeueCount: 2 },
    })
    await put(queue, { a: 1 })

    const poison = service.getQueueClient(`${queueName}-poison`)
    poisoned.push(
      ...(await eventually(
        () => textsOf(poison),
        texts => texts.length > 0,
      )),
    )

    await untilEmpty(queue)
    expect(poisoned.map(text => decode(String(text)))).toEqual(['{"a":1}'])
    expect(attempts).toBe(2)
  })

  it('never sees a text that is not base64, which goes to the poison queue at once', async () => {
    const seen: unknown[] = []
    const { queue, queueName } = await startWorker({ handler: entry => seen.push(entry) })
    await put(queue)
    await queue.sendMessage('<not> base64 & all')
    await put(queue, 'good')

    const poison = service.getQueueClient(`${queueName}-poison`)
    await eventually(
      () => textsOf(poison),
      texts => texts.length > 0,
    )

    await untilEmpty(queue)
    expect(await textsOf(poison)).toEqual(['<not> base64 & all'])
    expect(seen).toEqual(['good'])
  })

  it('takes and gives texts as they are with messageEncoding none', async () => {
    const seen: unknown[] = []
    const back = service.getQueueClient('plain-back')
    const { queue } = await startWorker({
      queues: { messageEncoding: 'none' },
      handler: entry => void seen.push(entry),
      more: () =>
        app.get('send', {
          handler: (_, context) => {
            context.extraOutputs.set(plainOutput, 'plain text')
            return {}
          },
          extraOutputs: [plainOutput],
        }),
    })
    await queue.createIfNotExists()
    await queue.sendMessage('plain <text>')
    await eventually(
      () => seen.length,
      length => length === 1,
    )
    expect(seen).toEqual(['plain <text>'])

    await fetch(`${hosts[0]?.url}/api/send`)
    expect(await textsOf(back)).toEqual(['plain text'])
  })

  it('that listens to a poison queue gets what lands there, and keeps what it fails on', async () => {
    const entries: unknown[] = []
    const { queue, queueName } = await startWorker(
      {
        handler: () => Promise.reject(new Error('never')),
        queues: { maxDequeueCount: 1, maxPollingInterval: '00:01:00' },
        more: () =>
          app.storageQueue('onPoison', {
            queueName: 'chain-poison',
            connection: 'Storage',
            handler: entry => {
              entries.push(entry)
              throw new Error('this one, too')
            },
          }),
      },
      'chain',
    )
    await put(queue, 'one')

    await eventually(
      () => entries.length,
      length => length > 0,
    )

    const poison = service.getQueueClient(`${queueName}-poison`)
    await eventually(
      () => hosts[0]?.lines.map(line => line.message) ?? [],
      messages => messages.includes('queue message failed and has no poison queue; it stays'),
    )
    expect(await lengthOf(poison)).toBe(1)
    expect(await service.getQueueClient(`${queueName}-poison-poison`).exists()).toBe(false)
  })

  it('runs no more than batchSize and newBatchThreshold messages at a time', async () => {
    const running: (() => void)[] = []
    let most = 0
    let done = 0
    const { queue } = await startWorker({
      queues: { batchSize: 3, newBatchThreshold: 2 },
      handler: async () => {
        const gate = createGate()
        most = Math.max(most, running.push(gate.open))
        await gate.opened
        done += 1
      },
    })
    await put(queue, ...Array(12).keys())
    await eventually(
      () => running.length,
      length => length === 3,
    )

    running.shift()?.()
    await eventually(
      () => running.length,
      length => length === 5,
    )

    await eventually(
      () => {
        running.shift()?.()
        return done
      },
      count => count === 12,
    )
    expect(most).toBe(5)
  })

  it('that is slower than functionTimeout has failed', async () => {
    const never = createGate()
    const counts: unknown[] = []
    const { queue, host } = await startWorker({
      hostJson: { functionTimeout: '00:00:00.050' },
      handler: async (_, { triggerMetadata }) => {
        counts.push(triggerMetadata?.dequeueCount)
        if (counts.length === 1) await never.opened
      },
    })
    await put(queue, 'one')

    await untilEmpty(queue)
    expect(counts).toEqual([1, 2])
    const failure = host.lines.find(line => line.message === 'function failed')
    expect(failure?.fields.error).toContain('ran longer than functionTimeout allows (0.05 s)')
    never.open()
  })
})

describe('the polling', () => {
  it('makes a queue again that someone has deleted', async () => {
    const seen: unknown[] = []
    const { queue } = await startWorker({ handler: entry => void seen.push(entry) })
    await eventually(
      () => queue.exists(),
      exists => exists,
    )

    await queue.delete()

    await eventually(
      () => queue.exists(),
      exists => exists,
    )
    await put(queue, 'one')
    await eventually(
      () => seen.length,
      length => length === 1,
    )
  })

  it('outlives a storage that is not there', async () => {
    const gone = new QueueServiceClient('http://127.0.0.1:9/nowhere', undefined, {
      retryOptions: { maxTries: 1 },
    })
    const host = await startTestHost({
      register: () => {
        app.storageQueue('onWork', { queueName: 'work', connection: '', handler: () => undefined })
        app.get('alive', () => ({ body: 'alive' }))
      },
      hostJson: { extensions: { queues: FAST } },
      queueService: connection => {
        expect(connection).toBe('AzureWebJobsStorage')
        return gone
      },
    })
    hosts.push(host)
    const failures = () => host.lines.filter(line => line.message === 'queue cannot be read; trying again')

    await eventually(
      () => failures().length,
      length => length >= 3,
    )

    expect(await (await fetch(`${host.url}/api/alive`)).text()).toBe('alive')
    expect(failures()[0]).toMatchObject({
      level: 'warn',
      fields: { queue: 'work', error: expect.any(String) },
    })
  })
})

describe('a host that closes', () => {
  it('waits for the messages that are being worked on', async () => {
    const entered = createGate()
    const release = createGate()
    const { queue, host } = await startWorker({
      handler: async () => {
        entered.open()
        await release.opened
      },
    })
    await put(queue, 'one')
    await entered.opened

    const closed = host.close({ graceMs: 30_000 })
    release.open()
    await closed

    expect(await lengthOf(queue)).toBe(0)
  })

  it('gives back what is not finished, and takes no account of its end', async () => {
    const entered = createGate()
    const release = createGate()
    const { queue, queueName, host } = await startWorker({
      queues: { maxDequeueCount: 1 },
      handler: async () => {
        entered.open()
        await release.opened
        throw new Error('too late')
      },
    })
    await put(queue, 'one')
    await entered.opened

    await host.close({ graceMs: 10 })

    expect((await textsOf(queue)).map(decode)).toEqual(['one'])
    release.open()
    await eventually(
      () => host.lines.map(line => line.message),
      messages => messages.includes('function failed'),
    )
    expect((await textsOf(queue)).map(decode)).toEqual(['one'])
    expect(await service.getQueueClient(`${queueName}-poison`).exists()).toBe(false)
  })
})

const plainOutput = output.storageQueue({ queueName: 'plain-back', connection: 'Storage' })
const returned = output.storageQueue({ queueName: 'returned', connection: 'Storage' })
const extra = output.storageQueue({ queueName: 'extra', connection: 'Storage' })
const ofEvents = output.storageQueue({ queueName: 'of-events', connection: 'Storage' })

describe('queue outputs', () => {
  it('send the return value and the extra outputs, an array as one message an element', async () => {
    const { queue } = await startWorker({
      handler: () => undefined,
      more: () => {
        app.storageQueue('onSource', {
          queueName: 'source',
          connection: 'Storage',
          return: returned,
          extraOutputs: [extra],
          handler: (entry, context) => {
            context.extraOutputs.set(extra, ['one', { two: 2 }, 3])
            return { got: entry }
          },
        })
        app.http('none', { extraOutputs: [extra], handler: () => ({}) })
      },
    })
    expect(queue.name).not.toBe('source')
    await fetch(`${hosts[0]?.url}/api/none`)
    await put(service.getQueueClient('source'), 'text')

    const extras = await eventually(
      () => textsOf(service.getQueueClient('extra')),
      texts => texts.length === 3,
    )
    await untilEmpty(service.getQueueClient('source'))
    expect(extras.map(decode)).toEqual(['one', '{"two":2}', '3'])
    expect((await textsOf(service.getQueueClient('returned'))).map(decode)).toEqual(['{"got":"text"}'])
  })

  it('send the extra outputs of a function that returns nothing and whose caller takes nothing', async () => {
    const { host } = await startWorker({
      handler: () => undefined,
      more: () =>
        app.eventGrid('onEvent', {
          extraOutputs: [ofEvents],
          handler: ({ subject }, context) => context.extraOutputs.set(ofEvents, `saw ${subject}`),
        }),
    })

    const response = await fetch(`${host.url}/runtime/webhooks/EventGrid?functionName=onEvent`, {
      method: 'POST',
      headers: { 'aeg-event-type': 'Notification' },
      body: JSON.stringify([{ subject: 'sales.csv' }]),
    })

    expect(response.status).toBe(202)
    expect((await textsOf(service.getQueueClient('of-events'))).map(decode)).toEqual(['saw sales.csv'])
  })

  it('that cannot be sent fail the invocation', async () => {
    const { host } = await startWorker({
      handler: () => undefined,
      more: () =>
        app.post('big', {
          extraOutputs: [extra],
          handler: (_, context) => {
            context.extraOutputs.set(extra, 'x'.repeat(64 * 1024))
            return {}
          },
        }),
    })
    expect((await fetch(`${host.url}/api/big`, { method: 'POST' })).status).toBe(500)
  })
})
