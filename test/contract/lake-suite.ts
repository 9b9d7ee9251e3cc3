import { describe, expect, it } from 'vitest'
import type { Lake, Page, PageRequest } from '../../src/app/ports.ts'

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

    it('lists all that a place holds, with what is known of each blob', async () => {
      const { lake, account, container, put } = await create()
      const path = 'sales/ü b%20#?&<">.csv'
      const { etag } = await put(path, '12345')
      await put('sales/eu', '', { hdi_isfolder: 'true' })
      await put('elsewhere', 'x')
      const page = await lake.listFlat({ account, container, prefix: 'sales/' }, { limit: 10 })
      expect(page.continuation).toBeUndefined()
      expect(page.items.map(({ path, isDirectory }) => [path, isDirectory])).toEqual([
        ['sales/eu', true],
        [path, false],
      ])
      expect(page.items[1]).toEqual({
        path,
        etag,
        sizeBytes: 5,
        lastModified: expect.any(Number),
        isDirectory: false,
        isBeingCopied: false,
      })
    })

    it('lists by the beginning of the path, wherever in a name it ends, page by page in one order', async () => {
      const { lake, account, container, put } = await create()
      for (const path of ['a', 'ab/1', 'ab/2', 'abc', 'b']) await put(path, 'x')
      const found = await pagesOf(page => lake.listFlat({ account, container, prefix: 'ab' }, page), 2)
      expect(found.map(({ items }) => items.map(({ path }) => path))).toEqual([['ab/1', 'ab/2'], ['abc']])
    })

    it('tells the folders of a level, and the blobs that lie at it', async () => {
      const { lake, account, container, put } = await create()
      for (const path of ['a/1', 'a/b/1', 'a/b/2', 'a/c&d/1', 'a/é', 'a', 'b/1']) await put(path, 'x')
      const all = async (prefix: string) => {
        const pages = await pagesOf(page => lake.listFolders({ account, container, prefix }, page), 2)
        return {
          folders: pages.flatMap(({ items }) => items),
          blobs: pages.flatMap(({ blobs }) => blobs.map(({ path }) => path)),
        }
      }
      expect(await all('')).toEqual({ folders: ['a/', 'b/'], blobs: ['a'] })
      expect(await all('a/')).toEqual({ folders: ['a/b/', 'a/c&d/'], blobs: ['a/1', 'a/é'] })
      expect(await all('a/b/')).toEqual({ folders: [], blobs: ['a/b/1', 'a/b/2'] })
    })

    it('finds the first name that does not sort before another', async () => {
      const { lake, account, container, put } = await create()
      for (const path of ['a/1', 'a/b&c/é', 'b/1', 'b/2', 'c']) await put(path, 'x')
      const first = (prefix: string, name: string) => lake.firstFrom({ account, container, prefix }, name)
      expect(await first('', '')).toBe('a/1')
      expect(await first('', 'a/1')).toBe('a/1')
      expect(await first('', 'a/2')).toBe('a/b&c/é')
      expect(await first('a/', 'a/b&c/f')).toBe('a/b&c/é')
      expect(await first('a/', 'a:')).toBeUndefined()
      expect(await first('b/', 'b/')).toBe('b/1')
      // What follows all that begins with `b/~`, and with `a`, as a re-sync asks.
      expect(await first('b/', 'b/\u007f')).toBeUndefined()
      expect(await first('', 'a\u007f')).toBe('b/1')
      expect(await first('', 'd')).toBeUndefined()
      expect(await lake.firstFrom({ account, container: `${container}-2`, prefix: '' }, '')).toBeUndefined()
    })

    it('lists nothing where there is nothing, nor where there is no container', async () => {
      const { lake, account, container, put } = await create()
      await put('a.csv', 'x')
      for (const place of [
        { account, container, prefix: 'nowhere/' },
        { account, container: `${container}-2`, prefix: '' },
      ]) {
        expect(await lake.listFlat(place, { limit: 3 })).toEqual({ items: [], continuation: undefined })
        expect(await lake.listFolders(place, { limit: 3 })).toEqual({
          items: [],
          blobs: [],
          continuation: undefined,
        })
      }
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

async function pagesOf<P extends Page<unknown>>(
  list: (page: PageRequest) => Promise<P>,
  limit: number,
): Promise<P[]> {
  const pages: P[] = []
  let continuation: string | undefined
  do {
    const page = await list({ limit, continuation })
    expect(page.items.length).toBeLessThanOrEqual(limit)
    pages.push(page)
    continuation = page.continuation
  } while (continuation !== undefined)
  return pages
}
