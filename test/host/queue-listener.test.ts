import { QueueServiceClient } from '@azure/storage-queue'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { parseHostJson } from '../../src/host/host.ts'
import { createQueueListener } from '../../src/host/queue-listener.ts'
import { eventually } from './host-world.ts'

let azurite: Azurite
let service: QueueServiceClient

beforeAll(async () => {
  azurite = await startAzurite()
  service = QueueServiceClient.fromConnectionString(azurite.connectionString)
})
afterAll(() => azurite.close())

const queues = { messageEncoding: 'none', maxPollingInterval: '00:00:00.1' }
const { queues: settings } = parseHostJson(JSON.stringify({ version: '2.0', extensions: { queues } }))

async function createQueues(name: string) {
  const queue = service.getQueueClient(name)
  const clock = service.getQueueClient(`${name}-clock`)
  await queue.createIfNotExists()
  await clock.createIfNotExists()
  return { queue, clock }
}

/** Time as the storage sees it: a message that was hidden for so long is to be seen. */
async function seconds(
  clock: ReturnType<QueueServiceClient['getQueueClient']>,
  count: number,
): Promise<void> {
  await clock.sendMessage('tick', { visibilityTimeout: count })
  await eventually(
    async () => (await clock.receiveMessages()).receivedMessageItems.length,
    length => length > 0,
  )
}

it('keeps a message hidden for as long as its invocation runs', async () => {
  const { queue, clock } = await createQueues('held')
  let runs = 0
  let ended = false
  const listener = createQueueListener({
    queue,
    poisonQueue: undefined,
    settings,
    leaseSeconds: 2,
    onPoison: () => undefined,
    log: () => undefined,
    run: async () => {
      runs += 1
      await seconds(clock, 5)
      ended = true
    },
  })
  await queue.sendMessage('one')
  listener.start()

  await eventually(
    () => ended,
    value => value,
  )

  await listener.stop()
  expect(runs).toBe(1)
  expect((await queue.getProperties()).approximateMessagesCount).toBe(0)
})

it('leaves a message alone that another reader has taken over', async () => {
  const { queue } = await createQueues('lost')
  const lines: string[] = []
  let runs = 0
  const listener = createQueueListener({
    queue,
    poisonQueue: service.getQueueClient('lost-poison'),
    settings: { ...settings, maxDequeueCount: 1 },
    leaseSeconds: 2,
    onPoison: () => undefined,
    log: (_, message) => lines.push(message),
    run: async message => {
      runs += 1
      await queue.updateMessage(message.messageId, message.popReceipt, 'taken over', 60)
      await eventually(
        () => lines,
        messages => messages.includes('queue message was lost to another reader'),
      )
      throw new Error('failed meanwhile')
    },
  })
  await queue.sendMessage('one')
  listener.start()
  await eventually(
    () => lines,
    messages => messages.includes('queue message was lost to another reader'),
  )

  await listener.stop()
  expect(runs).toBe(1)
  expect((await queue.getProperties()).approximateMessagesCount).toBe(1)
  expect(await service.getQueueClient('lost-poison').exists()).toBe(false)
})

it('looks at once when it is told of a message', async () => {
  const { queue } = await createQueues('told')
  const seen: string[] = []
  const listener = createQueueListener({
    queue,
    poisonQueue: undefined,
    settings,
    onPoison: () => undefined,
    log: () => undefined,
    run: async (_, text) => void seen.push(text),
  })
  // The pause between two looks never ends by itself.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    listener.start()
    await eventually(
      () => vi.getTimerCount(),
      count => count === 1,
    )
    await queue.sendMessage('one')

    listener.notify()

    await eventually(
      () => seen,
      texts => texts.length === 1,
    )
    await listener.stop()
  } finally {
    vi.useRealTimers()
  }
})
