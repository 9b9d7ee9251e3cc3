import { describe, expect, it } from 'vitest'
import type { FailedDelivery, FailureFilter, FailureIndex } from '../../src/app/failures/ports.ts'
import { NOW } from '../support/samples.ts'

export function describeFailureIndex(name: string, create: () => Promise<FailureIndex>): void {
  describe(name, () => {
    const all = async (index: FailureIndex, filter: FailureFilter = {}, limit = 1000) => {
      const rows = []
      let continuation: string | undefined
      do {
        const page = await index.list(filter, { limit, continuation })
        expect(page.items.length).toBeLessThanOrEqual(limit)
        rows.push(...page.items)
        continuation = page.continuation
      } while (continuation !== undefined)
      return rows
    }
    const named = async (index: FailureIndex, filter: FailureFilter = {}, limit = 1000) =>
      (await all(index, filter, limit)).map(
        ({ asset, ordinal, workspace }) => `${asset} ${ordinal} ${workspace}`,
      )

    it('gives back what was noted, one row per version and workspace', async () => {
      const index = await create()
      const odd = failureOf({ file: 'contosolake/silver/a\\b#c?d%e\u{1f600}ü', reason: 'it says "no"' })
      await index.note('sales', [odd, failureOf({ workspace: 'ml-two' })])
      await index.note('sales', [{ ...odd, reason: 'again', notedAt: NOW + 1 }])
      const rows = (await all(index)).map(({ etag: _, ...row }) => row)
      expect(rows).toEqual([
        { ...odd, reason: 'again', notedAt: NOW + 1 },
        failureOf({ workspace: 'ml-two' }),
      ])
    })

    it('lists what is asked for, in the order of cutting', async () => {
      const index = await create()
      await index.note('sales', [failureOf({ ordinal: 10 }), failureOf({ ordinal: 9, workspace: 'ml-two' })])
      await index.note('stock', [failureOf({ asset: 'stock', rule: 'stock', workspace: 'ml-two' })])
      expect(await named(index)).toEqual(['sales 9 ml-two', 'sales 10 ml-one', 'stock 1 ml-two'])
      expect(await named(index, { asset: 'sales' })).toEqual(['sales 9 ml-two', 'sales 10 ml-one'])
      expect(await named(index, { workspace: 'ml-two' })).toEqual(['sales 9 ml-two', 'stock 1 ml-two'])
      expect(await named(index, { workspace: 'ml-two', rule: 'stock' })).toEqual(['stock 1 ml-two'])
      expect(await named(index, { asset: "sales' or true" })).toEqual([])
    })

    it('goes on with the next page where rows of the last one have been struck off', async () => {
      const index = await create()
      const ordinals = Array.from({ length: 7 }, (_, at) => at + 1)
      await index.note(
        'sales',
        ordinals.map(ordinal => failureOf({ ordinal })),
      )
      const seen: number[] = []
      let continuation: string | undefined
      do {
        const page = await index.list({}, { limit: 3, continuation })
        seen.push(...page.items.map(({ ordinal }) => ordinal))
        await index.remove(page.items)
        continuation = page.continuation
      } while (continuation !== undefined)
      expect(seen).toEqual(ordinals)
      expect(await all(index)).toEqual([])
    })

    it('notes more than one transaction holds', async () => {
      const index = await create()
      const many = Array.from({ length: 230 }, (_, at) => failureOf({ ordinal: at + 1 }))
      await index.note('sales', many)
      expect(await named(index, {}, 100)).toHaveLength(230)
    })

    it('strikes off what was read, but not what was noted anew since', async () => {
      const index = await create()
      await index.note('sales', [failureOf(), failureOf({ ordinal: 2 })])
      const rows = await all(index)
      await index.note('sales', [failureOf({ ordinal: 2, notedAt: NOW + 1 })])
      await index.remove(rows)
      await index.remove(rows)
      expect(await named(index)).toEqual(['sales 2 ml-one'])
    })
  })
}

function failureOf(overrides: Partial<FailedDelivery> = {}): FailedDelivery {
  return {
    asset: 'sales',
    ordinal: 1,
    workspace: 'ml-one',
    rule: 'daily-sales',
    file: 'contosolake/silver/sales/eu/',
    reason: 'not to our liking',
    notedAt: NOW,
    ...overrides,
  }
}
