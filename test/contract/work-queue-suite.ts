import { describe, expect, it } from 'vitest'
import type { WorkQueue } from '../../src/app/ports.ts'
import type { WorkMessage } from '../../src/core/work-message.ts'

export interface QueueUnderTest {
  queue: WorkQueue
  /** Takes what is visible `afterMs` from now. */
  take(afterMs: number): Promise<WorkMessage[]>
}

export function describeWorkQueue(name: string, create: () => Promise<QueueUnderTest>): void {
  describe(name, () => {
    it('hands over what was sent', async () => {
      const { queue, take } = await create()
      const messages: WorkMessage[] = [
        { kind: 'assets', assets: ['sales-eu', 'sales-us'] },
        {
          kind: 'listing',
          folder: { account: 'contosolake', container: 'silver', path: 'ü\u0001/%20' },
          continuation: 'next',
          backfill: { rules: ['daily-sales'], since: 7 },
        },
      ]
      await queue.enqueue(messages.map(message => ({ message, delayMs: 0 })))
      const taken = await take(0)
      expect(taken.sort((a, b) => (a.kind < b.kind ? -1 : 1))).toEqual(messages)
    })

    it('hides a message until its delay is over', async () => {
      const { queue, take } = await create()
      const message: WorkMessage = { kind: 'assets', assets: ['sales'] }
      await queue.enqueue([{ message, delayMs: 1500 }])
      expect(await take(0)).toEqual([])
      expect(await take(3000)).toEqual([message])
    })
  })
}
