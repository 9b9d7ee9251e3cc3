import type { DequeuedMessageItem } from '@azure/storage-queue'
import type { HostFunction, QueueTrigger } from './host-function.ts'
import type { QueueSettings } from './host-json.ts'
import type { Invoker } from './invoker.ts'
import type { HostLog } from './log.ts'
import { createQueueListener, type QueueListener } from './queue-listener.ts'
import type { RpcTypedData } from './rpc.ts'
import type { QueueServiceOf } from './storage-queues.ts'

export interface QueueTriggers {
  start(): void
  notify(queueName: string): void
  stop(): Promise<void>
  giveBack(): Promise<void>
}

export interface QueueTriggersOptions {
  readonly functions: readonly HostFunction[]
  readonly settings: QueueSettings
  readonly queueService: QueueServiceOf
  readonly invoker: Invoker
  readonly log: HostLog
}

const POISON_SUFFIX = '-poison'
const MAX_QUEUE_NAME = 63

/** A listener for each queue function. */
export function createQueueTriggers(options: QueueTriggersOptions): QueueTriggers {
  const listeners = options.functions.flatMap(fn =>
    fn.trigger.type === 'queueTrigger' ? [createTrigger(fn, fn.trigger)] : [],
  )

  function createTrigger(fn: HostFunction, { queueName, connection }: QueueTrigger) {
    const { settings, invoker, log } = options
    const service = options.queueService(connection)
    const listener = createQueueListener({
      queue: service.getQueueClient(queueName),
      poisonQueue: hasPoisonQueue(queueName) ? service.getQueueClient(queueName + POISON_SUFFIX) : undefined,
      settings,
      run: async (message, text) => {
        const triggerMetadata = toTriggerMetadata(message, text)
        await invoker.invoke(fn, { input: { data: { string: text } }, triggerMetadata })
      },
      onPoison: notify,
      log,
    })
    return { queueName, listener }
  }

  function notify(queueName: string): void {
    for (const one of listeners) if (one.queueName === queueName) one.listener.notify()
  }

  async function all(act: (listener: QueueListener) => Promise<void>): Promise<void> {
    await Promise.all(listeners.map(one => act(one.listener)))
  }

  return {
    start: () => {
      for (const { listener } of listeners) listener.start()
    },
    notify,
    stop: () => all(listener => listener.stop()),
    giveBack: () => all(listener => listener.giveBack()),
  }
}

/** As in Azure: neither poison queues nor names that leave no room for the suffix have one. */
function hasPoisonQueue(queueName: string): boolean {
  return !queueName.endsWith(POISON_SUFFIX) && queueName.length + POISON_SUFFIX.length <= MAX_QUEUE_NAME
}

function toTriggerMetadata(message: DequeuedMessageItem, text: string): Record<string, RpcTypedData> {
  return {
    // As JSON, so that it stays the text that it is: the library fails on a value that is nested too deeply.
    QueueTrigger: json(text),
    Id: json(message.messageId),
    PopReceipt: json(message.popReceipt),
    DequeueCount: json(message.dequeueCount),
    InsertionTime: json(message.insertedOn),
    ExpirationTime: json(message.expiresOn),
    NextVisibleTime: json(message.nextVisibleOn),
  }
}

function json(value: string | number | Date): RpcTypedData {
  return { json: JSON.stringify(value) }
}
