import type { Clock, WorkQueue } from '../app/ports.ts'
import { copyOf } from '../core/copy.ts'
import type { WorkMessage } from '../core/work-message.ts'

export interface MemoryWorkQueue extends WorkQueue {
  /** Takes the messages that are visible now, oldest first. */
  take(): WorkMessage[]
  /** When the next message shows up; undefined: there is none. */
  nextAt(): number | undefined
}

export function createMemoryWorkQueue(clock: Clock): MemoryWorkQueue {
  let waiting: { message: WorkMessage; at: number }[] = []
  return {
    async enqueue(messages) {
      for (const { message, delayMs } of messages) {
        waiting.push({ message: copyOf(message), at: clock.now() + delayMs })
      }
    },
    take() {
      const now = clock.now()
      const visible = waiting.filter(({ at }) => at <= now)
      waiting = waiting.filter(({ at }) => at > now)
      return visible.sort((a, b) => a.at - b.at).map(({ message }) => message)
    },
    nextAt() {
      return waiting.length === 0 ? undefined : Math.min(...waiting.map(({ at }) => at))
    },
  }
}
