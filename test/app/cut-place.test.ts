import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCutPlace } from '../../src/app/resync/cut-place.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { boundBetween, sortTextOf } from '../../src/core/resync/name-order.ts'
import type { ListedPlace } from '../../src/core/resync/run.ts'
import { createMemoryLake } from '../../src/memory/lake.ts'
import { createMemoryListingIndex } from '../../src/memory/listing-index.ts'

type Order = 'flat' | 'hierarchical'
const CONTAINER = { account: 'contosolake', container: 'silver' }
const SPLITS = 4
/** More than there are characters for a name to begin with. */
const MANY = 14
const ROW = 2

/**
 * A lake that lists in this order, and the index of what it held once: a row for every few names. `places` that are
 * declared otherwise than the lake lists are common: a datastore says nothing sure of the namespace.
 */
async function createScene(once: readonly string[], now: readonly string[], order: Order, prefix = 'in/') {
  const memory = createMemoryLake()
  for (const path of now) {
    memory.put({ ...CONTAINER, path }, { etag: '1', sizeBytes: 1, isDirectory: false, isBeingCopied: false })
  }
  const textOf = (path: string) => sortTextOf(path, order)
  const sorted = [...now].sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
  const asked = { folders: 0, firsts: 0 }
  const lake = {
    async firstFrom({ prefix }: { prefix: string }, name: string) {
      asked.firsts += 1
      return sorted.find(path => path.startsWith(prefix) && textOf(path) >= textOf(name))
    },
    listFolders: (...parameters: Parameters<typeof memory.listFolders>) => {
      asked.folders += 1
      return memory.listFolders(...parameters)
    },
  }
  const index = createMemoryListingIndex()
  const names = [...once].filter(path => path.startsWith(prefix)).map(textOf)
  names.sort((a, b) => (a < b ? -1 : 1))
  const bounds = names.flatMap((name, at) => {
    if (at === 0) return [textOf(prefix)]
    return at % ROW === 0 ? [boundBetween(names[at - 1] as string, name)] : []
  })
  await index.change(
    { ...CONTAINER, order },
    bounds.map(bound => ({ bound, stamp: 's', hashes: new Uint8Array() })),
    [],
  )
  const place: ListedPlace = { ...CONTAINER, prefix, splits: SPLITS, order }
  return { lake, index, place, asked, cut: createCutPlace({ lake, index }) }
}

const days = (month: string, count: number) =>
  Array.from({ length: count }, (_, at) => `in/${month}/day=${String(at).padStart(2, '0')}/part.csv`)
const YEAR = ['a', 'b', 'c', 'd'].flatMap(month => days(month, 50))

describe('cutting a place', () => {
  it('goes by where blobs lay, and asks for no folders', async () => {
    const { cut, place, asked } = await createScene(YEAR, YEAR, 'flat')
    expect(await cut(place)).toEqual(['in/a', 'in/b', 'in/c', 'in/d'])
    expect(asked).toEqual({ folders: 0, firsts: 2 })
  })

  it('takes into account what has come between the parts', async () => {
    const { cut, place, asked } = await createScene(YEAR, [...YEAR, 'in/x/new.csv'], 'hierarchical')
    expect(await cut({ ...place, splits: 6 })).toEqual(['in/a', 'in/b', 'in/c', 'in/d', 'in/x'])
    expect(asked.folders).toBe(0)
  })

  it('goes by folders where what has come sorts otherwise in other orders', async () => {
    const { cut, place, asked } = await createScene(YEAR, [...YEAR, 'in/-/new.csv'], 'flat')
    expect(await cut({ ...place, splits: 6 })).toEqual(['in/-', 'in/a', 'in/b', 'in/c', 'in/d'])
    expect(asked.folders).toBe(1)
  })

  it('goes by folders where too little is known', async () => {
    const { cut, place, asked } = await createScene(YEAR.slice(0, 9), YEAR, 'flat')
    expect(await cut(place)).toEqual(['in/a', 'in/b', 'in/c', 'in/d'])
    expect(asked).toEqual({ folders: 1, firsts: 0 })
  })

  it('goes by folders where the service cannot begin within a listing', async () => {
    const { lake, index, place, asked } = await createScene(YEAR, YEAR, 'flat')
    const ignoring = { ...lake, firstFrom: async () => YEAR[0] }
    expect(await createCutPlace({ lake: ignoring, index })(place)).toHaveLength(SPLITS)
    const refusing = { ...lake, firstFrom: () => Promise.reject(new PermanentError('startFrom: unknown')) }
    expect(await createCutPlace({ lake: refusing, index })(place)).toHaveLength(SPLITS)
    expect(asked).toEqual({ folders: 2, firsts: 0 })
  })

  it('leaves trouble that may pass to whoever repeats the step', async () => {
    const { lake, index, place } = await createScene(YEAR, YEAR, 'flat')
    const busy = { ...lake, firstFrom: () => Promise.reject(new TransientError('busy')) }
    await expect(createCutPlace({ lake: busy, index })(place)).rejects.toThrow('busy')
  })

  it('leaves no name out, in whatever order the service lists and whatever has come and gone', async () => {
    const unit = fc.constantFrom('a', 'b', '0', '9', 'z', '~', '/', '-', '.', ' ', 'é', '😀')
    const name = fc.array(unit, { minLength: 1, maxLength: 5 }).map(units => `in/${units.join('')}`)
    const safe = fc.constantFrom('a', 'b', '0', '9', 'z', '~')
    const crowdName = fc.tuple(safe, name).map(([first, rest]) => rest.replace('in/', `in/${first}`))
    const crowd = fc.array(crowdName, { minLength: 120, maxLength: 300, size: 'max' })
    let byIndex = 0
    await fc.assert(
      fc.asyncProperty(
        crowd,
        fc.array(name, { maxLength: 5 }),
        fc.constantFrom<Order>('flat', 'hierarchical'),
        fc.constantFrom<Order>('flat', 'hierarchical'),
        async (once, come, declared, listed) => {
          const gone = new Set(once.filter((_, at) => at % 7 === 0))
          const now = [...new Set([...once.filter(path => !gone.has(path)), ...come])]
          const { index, place } = await createScene(once, [], declared)
          const { lake, asked } = await createScene([], now, listed)
          const prefixes = await createCutPlace({ lake, index })({ ...place, splits: MANY })
          if (asked.folders === 0) byIndex += 1
          expect(prefixes.length).toBeLessThanOrEqual(MANY)
          for (const path of now) {
            expect(
              prefixes.filter(prefix => path.startsWith(prefix)),
              path,
            ).toHaveLength(1)
          }
        },
      ),
      { numRuns: 500 },
    )

    expect(byIndex).toBeGreaterThan(20)
  })
})
