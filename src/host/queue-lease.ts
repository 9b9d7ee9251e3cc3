import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue'
import { reasonOf } from '../core/errors.ts'
import { SECOND } from '../core/time.ts'
import type { HostLog } from './log.ts'
import { isStorageError } from './storage-queues.ts'

/** Keeps a message that was taken from a queue hidden from everyone else while it is being worked on. */
export interface QueueLease {
  /**
   * Renews no more. Resolves to the pop receipt that is good now, to undefined when the message is not ours
   * any more.
   */
  end(): Promise<string | undefined>
  /** Whether the message is still ours, as far as is known. */
  isHeld(): boolean
  /** Ends the lease and shows the message to everyone at once. */
  giveBack(): Promise<void>
}

/** The answers of Queue Storage when someone else has the message by now, or it is gone. */
export const LOST_MESSAGE_CODES = ['MessageNotFound', 'PopReceiptMismatch', 'QueueNotFound']

/** Half of the time may pass before a renewal, so that one failed renewal does no harm. */
const RENEWALS_PER_LEASE = 2

export function holdMessage(
  queue: QueueClient,
  message: DequeuedMessageItem,
  leaseSeconds: number,
  log: HostLog,
): QueueLease {
  let receipt: string | undefined = message.popReceipt
  let ended = false
  let renewing: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout
  schedule()

  function schedule(): void {
    timer = setTimeout(
      () => {
        renewing = renew()
      },
      (leaseSeconds * SECOND) / RENEWALS_PER_LEASE,
    )
  }

  /** Never rejects: a storage that is down for a moment is asked again at the next turn. */
  async function renew(): Promise<void> {
    try {
      await show(leaseSeconds)
    } catch (error) {
      log('warn', 'queue message not renewed', {
        queue: queue.name,
        id: message.messageId,
        error: reasonOf(error),
      })
    }
    if (!ended && receipt !== undefined) schedule()
  }

  /** Sets when the message becomes visible, in seconds from now. */
  async function show(inSeconds: number): Promise<void> {
    if (receipt === undefined) return
    try {
      const updated = await queue.updateMessage(message.messageId, receipt, undefined, inSeconds)
      receipt = updated.popReceipt
    } catch (error) {
      if (!isStorageError(error, ...LOST_MESSAGE_CODES)) throw error
      receipt = undefined
      log('warn', 'queue message was lost to another reader', { queue: queue.name, id: message.messageId })
    }
  }

  async function end(): Promise<string | undefined> {
    ended = true
    clearTimeout(timer)
    await renewing
    return receipt
  }

  async function giveBack(): Promise<void> {
    await end()
    try {
      await show(0)
    } finally {
      receipt = undefined
    }
  }

  return { end, giveBack, isHeld: () => receipt !== undefined }
}
