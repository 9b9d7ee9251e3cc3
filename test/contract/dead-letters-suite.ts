import { describe, expect, it } from 'vitest'
import type { DeadLetterBlob, DeadLetterStore } from '../../src/app/intake/dead-letters.ts'

export interface DeadLettersWorld {
  store: DeadLetterStore
  put(path: string, content: Buffer): Promise<void>
}

export function describeDeadLetters(name: string, create: () => Promise<DeadLettersWorld>): void {
  describe(name, () => {
    async function listOne(store: DeadLetterStore): Promise<DeadLetterBlob> {
      const { items } = await store.list({ limit: 10 })
      if (items.length !== 1 || items[0] === undefined)
        throw new Error(`${items.length} blobs instead of one`)
      return items[0]
    }

    it('lists each blob once, page by page, in the order of their names', async () => {
      const { store, put } = await create()
      expect(await store.list({ limit: 2 })).toEqual({ items: [], continuation: undefined })
      const paths = ['TOPIC/S/2026/1/2/3/a.json', 'b #?%25.json', 'c/ü/😀.json', 'd.json', 'e.json']
      for (const path of paths.toReversed()) await put(path, Buffer.from('content'))
      const found: string[] = []
      let continuation: string | undefined
      do {
        const page = await store.list({ limit: 2, continuation })
        expect(page.items.length).toBeLessThanOrEqual(2)
        for (const blob of page.items) {
          found.push(blob.ref.path)
          expect(blob).toMatchObject({ sizeBytes: 7, isSetAside: false })
          expect(Buffer.from((await store.read(blob)) ?? []).toString()).toBe('content')
        }
        continuation = page.continuation
      } while (continuation !== undefined)
      expect(found).toEqual(paths)
    })

    it('takes one of our own, and the same again instead of it', async () => {
      const { store } = await create()
      await store.add('lakemark-events/1.json', Buffer.from('[1]'))
      await store.add('lakemark-events/1.json', Buffer.from('[1,2]'))
      const blob = await listOne(store)
      expect(blob).toMatchObject({ sizeBytes: 5, isSetAside: false, ref: { path: 'lakemark-events/1.json' } })
      expect(Buffer.from((await store.read(blob)) ?? []).toString()).toBe('[1,2]')
    })

    it.each([0, 1, 300_000])('gives back a blob of %i bytes as it is', async size => {
      const { store, put } = await create()
      const content = Buffer.alloc(size, 'ü')
      await put('blob', content)
      const blob = await listOne(store)
      expect(blob.sizeBytes).toBe(size)
      expect(content.equals((await store.read(blob)) ?? Buffer.from('absent'))).toBe(true)
    })

    it('goes on with a listing whose first blobs have been removed meanwhile', async () => {
      const { store, put } = await create()
      for (const path of ['a', 'b', 'c']) await put(path, Buffer.from(path))
      const { items, continuation } = await store.list({ limit: 2 })
      for (const blob of items) await store.remove(blob)
      const rest = await store.list({ limit: 2, continuation })
      expect(rest.items.map(({ ref }) => ref.path)).toEqual(['c'])
      expect((await store.list({ limit: 10 })).items).toHaveLength(1)
    })

    it('touches nothing that was written over since it was listed', async () => {
      const { store, put } = await create()
      await put('blob', Buffer.from('first'))
      const blob = await listOne(store)
      await put('blob', Buffer.from('second'))
      expect(await store.read(blob)).toBeUndefined()
      await store.remove(blob)
      await store.setAside(blob, 'why')
      const newer = await listOne(store)
      expect(newer.isSetAside).toBe(false)
      expect(Buffer.from((await store.read(newer)) ?? []).toString()).toBe('second')
    })

    it('takes it easy when a blob is gone', async () => {
      const { store, put } = await create()
      await put('blob', Buffer.from('content'))
      const blob = await listOne(store)
      await store.remove(blob)
      await store.remove(blob)
      await store.setAside(blob, 'why')
      expect(await store.read(blob)).toBeUndefined()
      expect((await store.list({ limit: 10 })).items).toEqual([])
    })

    it('keeps what was set aside, marked until it is written anew', async () => {
      const { store, put } = await create()
      await put('blob', Buffer.from('<html>'))
      await store.setAside(await listOne(store), 'ünreadable 😀\r\nX-Evil: 1')
      const kept = await listOne(store)
      expect(kept.isSetAside).toBe(true)
      expect(Buffer.from((await store.read(kept)) ?? []).toString()).toBe('<html>')
      await put('blob', Buffer.from('[]'))
      expect((await listOne(store)).isSetAside).toBe(false)
    })
  })
}
