import { type QueueClient, type QueueServiceClient, RestError } from '@azure/storage-queue'
import type { HostFunction } from './host-function.ts'
import type { QueueSettings } from './host-json.ts'
import { encodeQueueText } from './queue-text.ts'
import type { InvocationResponse, RpcTypedData } from './rpc.ts'

/** By the binding's `connection` setting. */
export type QueueServiceOf = (connection: string) => QueueServiceClient

const RETURN_BINDING = '$return'

/**
 * Adds a message whose text is encoded already; a missing queue is created. Without `ttlSeconds` the message
 * lives as long as the service gives it, 7 days; -1 is for ever.
 */
export async function addMessage(queue: QueueClient, stored: string, ttlSeconds?: number): Promise<void> {
  const send = () => queue.sendMessage(stored, { messageTimeToLive: ttlSeconds })
  try {
    await send()
  } catch (error) {
    if (!isStorageError(error, 'QueueNotFound')) throw error
    await queue.createIfNotExists()
    await send()
  }
}

export function isStorageError(error: unknown, ...codes: string[]): boolean {
  return error instanceof RestError && error.code !== undefined && codes.includes(error.code)
}

/**
 * Sends what functions give to their queue outputs, return values among them: an array is one message an
 * element. `onSent` hears the name of each queue that got something.
 */
export function createQueueOutputs(
  functions: readonly HostFunction[],
  queueService: QueueServiceOf,
  encoding: QueueSettings['messageEncoding'],
  onSent: (queueName: string) => void,
): (fn: HostFunction, response: InvocationResponse) => Promise<void> {
  const clients = new Map(functions.map(fn => [fn, toClients(fn, queueService)]))

  return async (fn, { outputData = [], returnValue }) => {
    for (const { name, data } of [...outputData, { name: RETURN_BINDING, data: returnValue }]) {
      const queue = clients.get(fn)?.get(name)
      if (queue === undefined || data === null || data === undefined) continue
      for (const content of toMessages(data)) await addMessage(queue, encodeQueueText(content, encoding))
      onSent(queue.name)
    }
  }
}

function toClients(fn: HostFunction, queueService: QueueServiceOf): Map<string, QueueClient> {
  const bindings = [...fn.queueOutputs]
  return new Map(
    bindings.map(([name, { queueName, connection }]) => [
      name,
      queueService(connection).getQueueClient(queueName),
    ]),
  )
}

function toMessages(data: RpcTypedData): (string | Uint8Array)[] {
  if (data.bytes !== undefined) return [data.bytes]
  if (data.string !== undefined) return [data.string]
  if (data.json === undefined) return [String(data.int ?? data.double)]
  const value: unknown = JSON.parse(data.json)
  if (!Array.isArray(value)) return [data.json]
  return value.map(element => (typeof element === 'string' ? element : JSON.stringify(element)))
}
