/** Storage Queues in this process's memory, as far as the embedded host uses them. */
import { type QueueServiceClient, RestError } from '@azure/storage-queue'

interface Message {
  messageId: string
  popReceipt: string
  messageText: string
  dequeueCount: number
  visibleAt: number
  insertedOn: Date
  expiresOn: Date
  nextVisibleOn: Date
}

export interface MemoryQueues {
  service: QueueServiceClient
  send(queue: string, text: string): void
  /** All messages that are still there, hidden ones too. */
  waiting(): { queue: string; text: string; dequeueCount: number }[]
  /** The most often that any message was taken. */
  mostDequeued(): number
  clear(): void
}

export function createMemoryQueues(): MemoryQueues {
  const queues = new Map<string, Message[]>()
  let count = 0
  let most = 0

  const messagesOf = (name: string) => {
    const found = queues.get(name) ?? []
    queues.set(name, found)
    return found
  }
  const send = (name: string, text: string) => {
    count += 1
    const now = new Date()
    messagesOf(name).push({
      messageId: String(count),
      popReceipt: '',
      messageText: text,
      dequeueCount: 0,
      visibleAt: 0,
      insertedOn: now,
      expiresOn: now,
      nextVisibleOn: now,
    })
  }
  const find = (name: string, messageId: string, popReceipt: string) => {
    const found = messagesOf(name).find(it => it.messageId === messageId && it.popReceipt === popReceipt)
    if (found === undefined)
      throw new RestError('no such message', { code: 'MessageNotFound', statusCode: 404 })
    return found
  }
  const clientOf = (name: string) => ({
    name,
    createIfNotExists: async () => ({}),
    sendMessage: async (text: string) => send(name, text),
    async receiveMessages({ numberOfMessages, visibilityTimeout }: Record<string, number>) {
      const visible = messagesOf(name).filter(({ visibleAt }) => visibleAt <= Date.now())
      const taken = visible.slice(0, numberOfMessages)
      for (const message of taken) {
        count += 1
        message.popReceipt = String(count)
        message.dequeueCount += 1
        message.visibleAt = Date.now() + Number(visibilityTimeout) * 1000
        most = Math.max(most, message.dequeueCount)
      }
      return { receivedMessageItems: taken.map(message => ({ ...message })) }
    },
    async updateMessage(id: string, receipt: string, _text: undefined, inSeconds: number) {
      const message = find(name, id, receipt)
      count += 1
      message.popReceipt = String(count)
      message.visibleAt = Date.now() + inSeconds * 1000
      return { popReceipt: message.popReceipt }
    },
    async deleteMessage(id: string, receipt: string) {
      const message = find(name, id, receipt)
      queues.set(
        name,
        messagesOf(name).filter(it => it !== message),
      )
    },
  })

  return {
    service: { getQueueClient: clientOf } as unknown as QueueServiceClient,
    send,
    waiting: () =>
      [...queues].flatMap(([queue, messages]) =>
        messages.map(({ messageText: text, dequeueCount }) => ({ queue, text, dequeueCount })),
      ),
    mostDequeued: () => most,
    clear() {
      queues.clear()
      most = 0
    },
  }
}
