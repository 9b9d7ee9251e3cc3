import { beforeEach, describe, expect, it } from 'vitest'
import { type IndexRow, type ListingIndex, MAX_ROW_HASHES } from '../../src/app/resync/ports.ts'
import { HASH_BYTES } from '../../src/core/resync/known-blobs.ts'

const PLACE = { account: 'contosolake', container: 'silver', order: 'flat' } as const

function rowOf(bound: string, bytes = [1, 2, 3, 4, 5, 6, 7, 8]): IndexRow {
  return { bound, stamp: 's', hashes: Uint8Array.from(bytes) }
}

const plain = ({ bound, stamp, hashes }: IndexRow) => [bound, stamp, ...hashes]

export function describeListingIndex(name: string, create: () => Promise<ListingIndex>): void {
  describe(name, () => {
    let index: ListingIndex
    beforeEach(async () => {
      index = await create()
    })

    const boundsFrom = async (from: string) =>
      (await index.read(PLACE, from, { limit: 100 })).items.map(({ bound }) => bound)

    it('gives rows back as they were, in the order in which strings compare', async () => {
      const bounds = [
        '',
        '\u0000',
        '-',
        '/',
        'A',
        'a',
        'a/b',
        'aa',
        'é',
        'ࠀ',
        '😀',
        '\uffff',
        'x'.repeat(380),
      ]
      await index.change(
        PLACE,
        [...bounds].reverse().map(bound => rowOf(bound)),
        [],
      )
      const sorted = [...bounds].sort()
      expect(await boundsFrom('')).toEqual(sorted)
      expect(await boundsFrom('a/')).toEqual(sorted.slice(sorted.indexOf('a/b')))
      expect(await boundsFrom('a/b')).toEqual(sorted.slice(sorted.indexOf('a/b')))
      const { items } = await index.read(PLACE, 'aa', { limit: 1 })
      expect(items.map(plain)).toEqual([plain(rowOf('aa'))])
    })

    it('gives out bounds alone, page by page', async () => {
      const bounds = ['', 'a', 'a/b', 'é', '😀']
      await index.change(
        PLACE,
        bounds.map(bound => rowOf(bound)),
        [],
      )
      const found: string[] = []
      let continuation: string | undefined
      do {
        const page = await index.readBounds(PLACE, 'a', { limit: 2, continuation })
        found.push(...page.items)
        continuation = page.continuation
      } while (continuation !== undefined)
      expect(found).toEqual(['a', 'a/b', 'é', '😀'])
    })

    it('keeps every byte of a full row', async () => {
      const bytes = Array.from({ length: MAX_ROW_HASHES * HASH_BYTES }, (_, at) => (at * 7) % 256)
      await index.change(PLACE, [rowOf('full', bytes)], [])
      const { items } = await index.read(PLACE, '', { limit: 10 })
      expect(Buffer.from(items[0]?.hashes ?? []).equals(Buffer.from(bytes))).toBe(true)
    })

    it('replaces and removes; what is written stays, and what is not there does not matter', async () => {
      await index.change(PLACE, [rowOf('a'), rowOf('b'), rowOf('c')], [])
      await index.change(PLACE, [rowOf('a', [9])], ['a', 'b', 'never-there'])
      const { items } = await index.read(PLACE, '', { limit: 10 })
      expect(items.map(plain)).toEqual([plain(rowOf('a', [9])), plain(rowOf('c'))])
    })

    it('keeps containers and orders apart', async () => {
      await index.change(PLACE, [rowOf('a')], [])
      for (const other of [
        { ...PLACE, container: 'gold' },
        { ...PLACE, account: 'fabrikam' },
        { ...PLACE, order: 'hierarchical' as const },
      ]) {
        expect((await index.read(other, '', { limit: 10 })).items).toEqual([])
      }
    })

    it('knows of which containers, in which order, there is something', async () => {
      const others = [PLACE, { ...PLACE, container: '$web' }, { ...PLACE, order: 'hierarchical' as const }]
      for (const place of others) await index.change(place, [rowOf('a'), rowOf('b')], [])
      const named = (await index.places()).map(({ account, container, order }) => [account, container, order])
      expect(named.sort()).toEqual([
        ['contosolake', '$web', 'flat'],
        ['contosolake', 'silver', 'flat'],
        ['contosolake', 'silver', 'hierarchical'],
      ])
    })

    it('is read page by page while rows before the page are changed', async () => {
      const bounds = Array.from({ length: 9 }, (_, at) => `n${at}`)
      await index.change(
        PLACE,
        bounds.map(bound => rowOf(bound)),
        [],
      )
      const found: string[] = []
      let continuation: string | undefined
      do {
        const page = await index.read(PLACE, 'n1', { limit: 3, continuation })
        found.push(...page.items.map(({ bound }) => bound))
        continuation = page.continuation
        await index.change(PLACE, [rowOf('n0'), rowOf('n11')], [String(found[0])])
      } while (continuation !== undefined)
      expect(found).toEqual(bounds.slice(1))
    })
  })
}
