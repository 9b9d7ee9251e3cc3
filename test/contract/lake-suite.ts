import { describe, expect, it } from 'vitest'
import type { Lake } from '../../src/app/ports.ts'

export interface LakeUnderTest {
  lake: Lake
  account: string
  container: string
  put(path: string, content: string, metadata?: Record<string, string>): Promise<{ etag: string }>
}

export function describeLake(name: string, create: () => Promise<LakeUnderTest>): void {
  describe(name, () => {
    it('tells what a blob holds, and that there is none', async () => {
      const { lake, account, container, put } = await create()
      const path = 'sales/ü b%20#?.csv'
      const { etag } = await put(path, '12345')
      expect(await lake.head({ account, container, path })).toEqual({
        etag,
        sizeBytes: 5,
        isDirectory: false,
        isBeingCopied: false,
      })
      expect(await lake.head({ account, container, path: 'sales/other.csv' })).toBeUndefined()
    })

    it('knows the marker of a directory from an empty file', async () => {
      const { lake, account, container, put } = await create()
      await put('marker', '', { hdi_isfolder: 'true' })
      await put('empty', '')
      expect((await lake.head({ account, container, path: 'marker' }))?.isDirectory).toBe(true)
      expect((await lake.head({ account, container, path: 'empty' }))?.isDirectory).toBe(false)
    })

    it('lists what lies under a folder, page by page, and nothing beside it', async () => {
      const { lake, account, container, put } = await create()
      const inside = Array.from({ length: 7 }, (_, index) => `year=2026/part-${index}.csv`)
      for (const path of [...inside, 'year=2026.csv', 'year=20261/x.csv']) await put(path, 'x')
      const found: string[] = []
      let continuation: string | undefined
      do {
        const page = await lake.list({ account, container, path: 'year=2026' }, { limit: 3, continuation })
        expect(page.items.length).toBeLessThanOrEqual(3)
        found.push(...page.items.map(({ ref }) => ref.path))
        continuation = page.continuation
      } while (continuation !== undefined)
      expect(found).toEqual(inside)
    })

    it('lists a whole container where the folder is its root', async () => {
      const { lake, account, container, put } = await create()
      for (const path of ['a.csv', 'b/c.csv', 'b/d/e.csv']) await put(path, 'x')
      const { items } = await lake.list({ account, container, path: '' }, { limit: 10 })
      expect(items.map(({ ref }) => ref.path)).toEqual(['a.csv', 'b/c.csv', 'b/d/e.csv'])
    })

    it('knows whether there is a container', async () => {
      const { lake, account, container, put } = await create()
      await put('a.csv', 'x')
      expect(await lake.hasContainer(account, container)).toBe(true)
      expect(await lake.hasContainer(account, `${container}-2`)).toBe(false)
    })

    it('finds nothing under a folder that is not there', async () => {
      const { lake, account, container, put } = await create()
      await put('a.csv', 'x')
      expect((await lake.list({ account, container, path: 'nowhere' }, { limit: 3 })).items).toEqual([])
    })
  })
}
