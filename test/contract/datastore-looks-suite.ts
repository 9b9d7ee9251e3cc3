import { describe, expect, it } from 'vitest'
import type { DatastoreLook, DatastoreLooks } from '../../src/app/rotation/ports.ts'
import { NOW } from '../support/samples.ts'

export function lookOf(key: string, overrides: Partial<DatastoreLook> = {}): DatastoreLook {
  return { key, wanted: '["ml"]', dueAt: NOW, goodAt: undefined, trouble: undefined, ...overrides }
}

export function describeDatastoreLooks(name: string, create: () => Promise<DatastoreLooks>): void {
  describe(name, () => {
    const all = async (looks: DatastoreLooks) => (await looks.list({ limit: 100 })).items

    it('know nothing at first, and afterwards exactly what was written', async () => {
      const looks = await create()
      expect(await all(looks)).toEqual([])
      const trouble = { reason: 'ml is asleep – über Nacht', since: NOW, attempts: 2, isPermanent: false }
      const written = [
        lookOf('ml-a!contosolake!silver', { goodAt: NOW }),
        lookOf('ml-c!contosolake!gold', { turn: { at: NOW, count: 1, reads: { at: NOW, count: 1 } } }),
        lookOf('ml-d!contosolake!gold', { turn: { at: NOW, count: 1 } }),
        lookOf('ml_b!contosolake!$root', { trouble }),
      ]
      for (const look of written) expect(await looks.write(look, undefined)).toBe('written')
      expect(await all(looks)).toEqual(written.map(look => ({ ...look, etag: expect.any(String) })))
    })

    it('are listed in pages', async () => {
      const looks = await create()
      for (const key of ['a!x!1', 'a!x!2', 'a!x!3']) await looks.write(lookOf(key), undefined)
      const first = await looks.list({ limit: 2 })
      expect(first.items.map(({ key }) => key)).toEqual(['a!x!1', 'a!x!2'])
      const second = await looks.list({ limit: 2, continuation: first.continuation })
      expect(second.items.map(({ key }) => key)).toEqual(['a!x!3'])
      expect(second.continuation).toBeUndefined()
    })

    it('are changed and struck off only as they were read', async () => {
      const looks = await create()
      await looks.write(lookOf('a!x!1'), undefined)
      const [read] = await all(looks)
      if (read === undefined) throw new Error('nothing was written')
      expect(await looks.write(lookOf('a!x!1'), undefined)).toBe('conflict')
      expect(await looks.write({ ...lookOf('a!x!1'), dueAt: 0 }, read.etag)).toBe('written')
      expect(await looks.write(lookOf('a!x!1'), read.etag)).toBe('conflict')

      await looks.remove([read])
      const [changed, ...others] = await all(looks)
      expect(changed).toMatchObject({ dueAt: 0 })
      expect(others).toEqual([])
      await looks.remove([changed ?? read])
      expect(await all(looks)).toEqual([])
      expect(await looks.write(lookOf('a!x!1'), changed?.etag)).toBe('conflict')
    })
  })
}
