import { describe, expect, it } from 'vitest'
import type { AuditEntry, AuditLog } from '../../src/app/audit/audit.ts'
import { DAY, HOUR } from '../../src/core/time.ts'
import { NOW } from '../support/samples.ts'

export function describeAudit(name: string, create: () => Promise<AuditLog>): void {
  describe(name, () => {
    const entryAt = (at: number, id = `call-${at}`): AuditEntry => ({
      id,
      at,
      caller: { kind: 'user', id: '0000', app: undefined, name: 'Zoë "Z" O\'Neill' },
      route: 'retryAsset',
      parameters: { name: 'sales-eu', list: [1, null, 'ü'] },
      address: '203.0.113.7',
      correlation: 'of the caller',
      outcome: undefined,
    })

    async function all(audit: AuditLog, range: { from?: number; to?: number } = {}, limit = 1000) {
      const found: AuditEntry[] = []
      let continuation: string | undefined
      do {
        const page = await audit.list({ ...range, limit, continuation })
        expect(page.items.length).toBeLessThanOrEqual(limit)
        found.push(...page.items)
        continuation = page.continuation
      } while (continuation !== undefined)
      return found
    }

    it('gives back what was written, to the letter', async () => {
      const audit = await create()
      const entry = entryAt(NOW)
      await audit.append(entry)
      expect(await all(audit)).toEqual([entry])
      const bare = {
        ...entryAt(NOW + 1),
        caller: { kind: 'webhook', id: undefined, app: 'a', name: undefined } as const,
        parameters: {},
        address: undefined,
      }
      await audit.append(bare)
      expect((await all(audit))[0]).toEqual(bare)
    })

    it('puts the outcome in the place of what was begun', async () => {
      const audit = await create()
      const entry = entryAt(NOW)
      await audit.append(entry)
      const done = { ...entry, outcome: { status: 403, problem: 'urn:lakemark:not-operator', at: NOW + 5 } }
      await audit.append(done)
      expect(await all(audit)).toEqual([done])
      const fine = { ...entry, outcome: { status: 202, problem: undefined, at: NOW + 6 } }
      await audit.append(fine)
      expect(await all(audit)).toEqual([fine])
    })

    it('shows the newest first, over days and in pages of any size', async () => {
      const audit = await create()
      const times = [0, 1, HOUR, 3 * DAY, 3 * DAY + 1, 40 * DAY, 400 * DAY].map(ms => NOW + ms)
      for (const at of times) await audit.append(entryAt(at))
      const newestFirst = times.toReversed()
      for (const limit of [1, 2, 3, 1000]) {
        expect((await all(audit, {}, limit)).map(({ at }) => at)).toEqual(newestFirst)
      }
    })

    it('keeps calls of one moment apart', async () => {
      const audit = await create()
      for (const id of ['a', 'b', 'c']) await audit.append(entryAt(NOW, id))
      expect((await all(audit, {}, 2)).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    })

    it('shows what came at or after one time, and before another', async () => {
      const audit = await create()
      const midnight = Math.ceil(NOW / DAY) * DAY
      const times = [midnight - DAY, midnight - 1, midnight, midnight + 1, midnight + DAY]
      for (const at of times) await audit.append(entryAt(at))
      const between = async (range: { from?: number; to?: number }) =>
        (await all(audit, range, 2)).map(({ at }) => at - midnight)
      expect(await between({ from: midnight })).toEqual([DAY, 1, 0])
      expect(await between({ to: midnight })).toEqual([-1, -DAY])
      expect(await between({ from: midnight - 1, to: midnight + 1 })).toEqual([0, -1])
      expect(await between({ from: midnight, to: midnight })).toEqual([])
      expect(await between({ from: midnight + 1, to: midnight })).toEqual([])
    })

    it('removes whole days that have ended, so many entries at a time', async () => {
      const audit = await create()
      const midnight = Math.ceil(NOW / DAY) * DAY
      const old = Array.from({ length: 130 }, (_, at) => midnight - 1 - at)
      for (const at of [midnight - 5 * DAY, ...old, midnight, midnight + HOUR])
        await audit.append(entryAt(at))
      const removed: number[] = []
      for (let some = 1; some > 0; ) {
        some = await audit.removeBefore(midnight + 2 * HOUR, 120)
        removed.push(some)
        expect(some).toBeLessThanOrEqual(120)
      }
      expect(removed.reduce((sum, some) => sum + some, 0)).toBe(131)
      expect((await all(audit)).map(({ at }) => at - midnight)).toEqual([HOUR, 0])
    })
  })
}
