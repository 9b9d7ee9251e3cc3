import { describe, expect, it } from 'vitest'
import type { BudgetStore } from '../../src/app/ports.ts'

const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001'

export function describeBudgetStore(name: string, create: () => Promise<BudgetStore>): void {
  describe(name, () => {
    const stateOf = (level: number) => ({ level, at: 1_768_478_400_000, stoppedUntil: 0, raisedAt: 0 })

    async function written() {
      const store = await create()
      const first = await store.write(SUBSCRIPTION, 'writes', undefined, stateOf(-12.5))
      if (first === 'conflict') throw new Error('the store was not empty')
      return { store, etag: first.etag }
    }

    it('knows nothing at first, and afterwards exactly what was written', async () => {
      const store = await create()
      expect(await store.read(SUBSCRIPTION, 'writes')).toBeUndefined()
      const { store: filled, etag } = await written()
      expect(await filled.read(SUBSCRIPTION, 'writes')).toEqual({ etag, state: stateOf(-12.5) })
    })

    it('keeps subscriptions and kinds of requests apart', async () => {
      const { store } = await written()
      expect(await store.read(SUBSCRIPTION, 'reads')).toBeUndefined()
      expect(await store.read(SUBSCRIPTION.replace('1', '2'), 'writes')).toBeUndefined()
    })

    it('lets the next write go under the etag that the last one answered, and only that', async () => {
      const { store, etag } = await written()
      const second = await store.write(SUBSCRIPTION, 'writes', etag, stateOf(7))
      expect(second).not.toBe('conflict')
      expect(await store.write(SUBSCRIPTION, 'writes', etag, stateOf(8))).toBe('conflict')
      expect(await store.write(SUBSCRIPTION, 'writes', undefined, stateOf(9))).toBe('conflict')
      expect((await store.read(SUBSCRIPTION, 'writes'))?.state).toEqual(stateOf(7))
    })
  })
}
