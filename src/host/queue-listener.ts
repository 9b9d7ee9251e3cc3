import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue'
import { reasonOf } from '../core/errors.ts'
import { SECOND } from '../core/time.ts'
import { MIN_POLLING_MS, type QueueSettings } from './host-json.ts'
import type { HostLog } from './log.ts'
import { holdMessage, LOST_MESSAGE_CODES, type QueueLease } from './queue-lease.ts'
import { decodeQueueText } from './queue-text.ts'
import { addMessage, isStorageError } from './storage-queues.ts'
import { createWaker } from './waker.ts'

export interface QueueListener {
  start(): void
  /** Looks into the queue now. */
  notify(): void
  /** Takes no more messages; resolves when those that were taken are dealt with. */
  stop(): Promise<void>
  /**
   * Gives back what was taken and is not dealt with yet; what its invocations come to is of no account then.
   */
  giveBack(): Promise<void>
}

export interface QueueListenerOptions {
  readonly queue: QueueClient
  /** Where messages go that fail too often; undefined for queues that have none. */
  readonly poisonQueue: QueueClient | undefined
  readonly settings: QueueSettings
  /** Rejects when the message is to come again. */
  readonly run: (message: DequeuedMessageItem, text: string) => Promise<void>
  readonly onPoison: (poisonQueueName: string) => void
  readonly log: HostLog
  /** How long a message stays hidden without a renewal, in whole seconds. */
  readonly leaseSeconds?: number
}

/** Should this process die, its messages come again after this time. */
export const LEASE_SECONDS = 30
const BACKOFF_FACTOR = 2
/** A poisoned message waits until someone has looked at it. */
const FOREVER = -1

/**
 * Polls one queue as the storage extension of the Functions host does. Storage that fails is asked again
 * later.
 */
export function createQueueListener(options: QueueListenerOptions): QueueListener {
  const { queue, settings, log, leaseSeconds = LEASE_SECONDS } = options
  const leases = new Set<QueueLease>()
  const attention = createWaker()
  const finished = createWaker()
  let running = 0
  let stopped = false
  let loop: Promise<void> = Promise.resolve()
  const complete = createCompletion(options, () => attention.wake())

  /** Never rejects. */
  async function poll(): Promise<void> {
    let pauseMs = MIN_POLLING_MS
    let created = false
    while (!stopped) {
      let taken = 0
      try {
        if (!created) await queue.createIfNotExists()
        created = true
        taken = await take()
      } catch (error) {
        created = !isStorageError(error, 'QueueNotFound')
        log('warn', 'queue cannot be read; trying again', {
          queue: queue.name,
          pauseMs,
          error: reasonOf(error),
        })
      }
      if (taken > 0) {
        while (!stopped && running > settings.newBatchThreshold) await finished.wait()
      } else if (!stopped) {
        const woken = await attention.wait(pauseMs)
        pauseMs = woken ? MIN_POLLING_MS : Math.min(pauseMs * BACKOFF_FACTOR, settings.maxPollingIntervalMs)
        continue
      }
      pauseMs = MIN_POLLING_MS
    }
  }

  async function take(): Promise<number> {
    const { receivedMessageItems: messages } = await queue.receiveMessages({
      numberOfMessages: settings.batchSize,
      visibilityTimeout: leaseSeconds,
    })
    for (const message of messages) void work(message)
    return messages.length
  }

  /** Never rejects. */
  async function work(message: DequeuedMessageItem): Promise<void> {
    const lease = holdMessage(queue, message, leaseSeconds, log)
    leases.add(lease)
    running += 1
    try {
      if (stopped) await lease.giveBack()
      else await complete(message, lease)
    } catch (error) {
      log('error', 'queue message not dealt with; it comes again', {
        queue: queue.name,
        id: message.messageId,
        error: reasonOf(error),
      })
      await lease.end()
    } finally {
      leases.delete(lease)
      running -= 1
      finished.wake()
    }
  }

  async function stop(): Promise<void> {
    stopped = true
    attention.wake()
    finished.wake()
    await loop
    while (running > 0) await finished.wait()
  }

  return {
    start: () => {
      loop = poll()
    },
    notify: attention.wake,
    stop,
    giveBack: async () => {
      const results = await Promise.allSettled([...leases].map(lease => lease.giveBack()))
      for (const result of results) {
        if (result.status === 'fulfilled') continue
        log('warn', 'queue message not given back', { queue: queue.name, error: reasonOf(result.reason) })
      }
    },
  }
}

/**
 * One message from the moment that it was taken to its end: deleted, shown again, or moved to the poison
 * queue.
 */
function createCompletion(options: QueueListenerOptions, onReleased: () => void) {
  const { queue, poisonQueue, settings, run, onPoison, log } = options

  return async (message: DequeuedMessageItem, lease: QueueLease): Promise<void> => {
    const text = decodeQueueText(message.messageText, settings.messageEncoding)
    if (text === undefined) return toPoison(message, lease, `its text is not ${settings.messageEncoding}`)
    // The last attempt ended without an answer: its process died.
    if (message.dequeueCount > settings.maxDequeueCount) return toPoison(message, lease, 'it came too often')

    const succeeded = await run(message, text).then(
      () => true,
      () => false,
    )
    if (succeeded) await remove(message, lease)
    else if (message.dequeueCount >= settings.maxDequeueCount)
      await toPoison(message, lease, 'it failed too often')
    else await release(message, lease)
  }

  async function toPoison(message: DequeuedMessageItem, lease: QueueLease, reason: string): Promise<void> {
    if (!lease.isHeld()) return
    const fields = { queue: queue.name, id: message.messageId, dequeueCount: message.dequeueCount, reason }
    if (poisonQueue === undefined) {
      log('error', 'queue message failed and has no poison queue; it stays', fields)
      await lease.end()
      return
    }
    await addMessage(poisonQueue, message.messageText, FOREVER)
    log('error', 'queue message moved to the poison queue', { ...fields, poisonQueue: poisonQueue.name })
    await remove(message, lease)
    onPoison(poisonQueue.name)
  }

  async function remove({ messageId }: DequeuedMessageItem, lease: QueueLease): Promise<void> {
    await unlessLost(lease, receipt => queue.deleteMessage(messageId, receipt))
  }

  async function release({ messageId }: DequeuedMessageItem, lease: QueueLease): Promise<void> {
    const seconds = Math.ceil(settings.visibilityTimeoutMs / SECOND)
    await unlessLost(lease, receipt => queue.updateMessage(messageId, receipt, undefined, seconds))
    if (seconds === 0) onReleased()
  }

  async function unlessLost(lease: QueueLease, act: (receipt: string) => Promise<unknown>): Promise<void> {
    const receipt = await lease.end()
    if (receipt === undefined) return
    try {
      await act(receipt)
    } catch (error) {
      if (!isStorageError(error, ...LOST_MESSAGE_CODES)) throw error
      log('debug', 'queue message is not ours any more', { queue: queue.name })
    }
  }
}
