import type { QueueClient } from '@azure/storage-queue'
import { forEachAtMost } from '../app/concurrency.ts'
import type { WorkQueue } from '../app/ports.ts'
import { DAY, SECOND } from '../core/time.ts'
import { toQueueText } from '../core/work-message.ts'
import { fromStorage } from './errors.ts'
import { withinTime } from './within-time.ts'

const SENDS_AT_ONCE = 16
/** Storage Queues hide a message for seven days at most, and no rule waits longer. */
const LONGEST_DELAY_MS = 7 * DAY
const NEVER_EXPIRES = -1

/**
 * The work queue in Azure Storage Queues. The queue must exist. `onEnqueued` is told of messages that can be taken
 * at once: whoever polls the queue in this process need not wait for the next time.
 */
export function createStorageWorkQueue(
  queue: QueueClient,
  onEnqueued: () => void = () => undefined,
): WorkQueue {
  return {
    async enqueue(messages) {
      await forEachAtMost(SENDS_AT_ONCE, messages, async ({ message, delayMs }) => {
        try {
          await queue.sendMessage(toQueueText(message), {
            visibilityTimeout: Math.ceil(Math.min(delayMs, LONGEST_DELAY_MS) / SECOND),
            messageTimeToLive: NEVER_EXPIRES,
            ...withinTime(),
          })
        } catch (error) {
          throw fromStorage(error, 'send a work message')
        }
        if (delayMs <= 0) onEnqueued()
      })
    },
  }
}
