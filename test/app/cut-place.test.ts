import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ListedBlob } from '../../src/app/ports.ts'
import { createCutPlace } from '../../src/app/resync/cut-place.ts'
import { PART_LEASE_MS } from '../../src/app/resync/session.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { boundBetween, sortTextOf } from '../../src/core/resync/name-order.ts'
import type { ListedPlace } from '../../src/core/resync/run.ts'
import { DAY, SECOND } from '../../src/core/time.ts'
import { createMemoryLake } from '../../src/memory/lake.ts'
import { createMemoryListingIndex } from '../../src/memory/listing-index.ts'

type Order = 'flat' | 'hierarchical'
const CONTAINER = { account: 'contosolake', container: 'silver' }
const SPLITS = 4
const ROW = 2
const clock = { now: () => 0 }

/** A lake that lists in this order, and the index of what it held once: a row for every few names. */
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
  return { lake, index, place, asked, cut: createCutPlace({ lake, index, clock }) }
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
    for (const known of [9, 60]) {
      const { cut, place, asked } = await createScene(YEAR.slice(0, known), YEAR, 'flat')
      expect(await cut({ ...place, splits: 9 })).toEqual(['in/a', 'in/b', 'in/c', 'in/d'])
      expect(asked).toEqual({ folders: 1, firsts: 0 })
    }
  })

  it('reads of the index what belongs to the place, and not more than it can use', async () => {
    const { lake, index, place, asked } = await createScene(YEAR, YEAR, 'flat')
    for (const [beyond, pages] of [
      ['io/', 1],
      ['in/', 21],
    ] as const) {
      let read = 0
      const endless = {
        readBounds: async (...[of, from, page]: Parameters<typeof index.readBounds>) => {
          read += 1
          if (read > pages) throw new Error('more was read than is of use')
          const { items } = read === 1 ? await index.readBounds(of, from, page) : { items: [] }
          const others = Array.from({ length: 1000 - items.length }, (_, at) => `${beyond}z${read}.${at}`)
          return { items: [...items, ...others], continuation: 'more' }
        },
      }
      expect(await createCutPlace({ lake, index: endless, clock })(place)).toEqual([
        'in/a',
        'in/b',
        'in/c',
        'in/d',
      ])
      expect(read).toBe(pages)
    }
    expect(asked).toEqual({ folders: 1, firsts: 2 })
  })

  it('goes by folders where the service cannot begin within a listing', async () => {
    const { lake, index, place, asked } = await createScene(YEAR, YEAR, 'flat')
    const ignoring = { ...lake, firstFrom: async () => YEAR[0] }
    expect(await createCutPlace({ lake: ignoring, index, clock })(place)).toHaveLength(SPLITS)
    const refusing = { ...lake, firstFrom: () => Promise.reject(new PermanentError('startFrom: unknown')) }
    expect(await createCutPlace({ lake: refusing, index, clock })(place)).toHaveLength(SPLITS)
    expect(asked).toEqual({ folders: 2, firsts: 0 })
  })

  it('leaves trouble that may pass to whoever repeats the step', async () => {
    const { lake, index, place } = await createScene(YEAR, YEAR, 'flat')
    const busy = { ...lake, firstFrom: () => Promise.reject(new TransientError('busy')) }
    await expect(createCutPlace({ lake: busy, index, clock })(place)).rejects.toThrow('busy')
  })

  it('cuts at dates beside other folders', async () => {
    const dates = Array.from(
      { length: 300 },
      (_, at) => `in/dt=${new Date(at * DAY).toISOString().slice(0, 10)}/x.csv`,
    )
    const logs = Array.from({ length: 40 }, (_, at) => `in/_log/${at}.json`)
    for (const order of ['flat', 'hierarchical'] as const) {
      const { cut, place, asked } = await createScene([...dates, ...logs], [...dates, ...logs], order)
      const parts = await cut({ ...place, splits: 12 })
      expect(parts.length).toBeGreaterThan(8)
      expect(parts).toEqual(expect.arrayContaining(['in/_', 'in/dt=1970-01', 'in/dt=1970-1']))
      expect(asked.folders).toBe(0)
    }
  })

  it('finds a folder that lies before the dates in one order, and behind them in the other', async () => {
    const dates = Array.from({ length: 90 }, (_, at) => `in/dt=2026-${10 + at}/x.csv`)
    for (const order of ['flat', 'hierarchical'] as const) {
      const scene = await createScene(dates, [...dates, 'in/dt=2026/x.csv'], order)
      const parts = await scene.cut({ ...scene.place, splits: 9 })
      expect(parts.filter(part => 'in/dt=2026/x.csv'.startsWith(part))).toHaveLength(1)
    }
  })

  it('ends before the lease of a step does, however slow the index and the service are', async () => {
    for (const [pageMs, lookMs] of [
      [9 * SECOND, 0],
      [0, 20 * SECOND],
    ] as const) {
      const { lake, index, place } = await createScene(YEAR, YEAR, 'flat')
      let now = 0
      const slow = {
        lake: {
          firstFrom: (...parameters: Parameters<typeof lake.firstFrom>) => {
            now += lookMs
            return lake.firstFrom(...parameters)
          },
          listFolders: (...parameters: Parameters<typeof lake.listFolders>) => {
            now += 30 * SECOND
            return lake.listFolders(...parameters)
          },
        },
        index: {
          readBounds: (...[of, from, page]: Parameters<typeof index.readBounds>) => {
            now += pageMs
            return index.readBounds(of, from, { ...page, limit: 10 })
          },
        },
      }
      expect(await createCutPlace({ ...slow, clock: { now: () => now } })(place)).toEqual(['in/'])
      expect(now).toBeLessThan(PART_LEASE_MS)
    }
  })

  it('looks at every name that stays, once, whatever the index says, the service does, and others change', async () => {
    let byIndex = 0
    await fc.assert(
      fc.asyncProperty(hostile, async case_ => {
        const { place, lake, index, stays, asked } = createHostile(case_)
        const prefixes = await createCutPlace({ lake, index, clock })(place)
        if (asked.folders === 0) byIndex += 1
        expect(prefixes.length).toBeLessThanOrEqual(place.splits)
        expect(asked.firsts).toBeLessThanOrEqual(3 * (place.splits + 1))
        const parts = prefixes.length > 1 ? prefixes : [place.prefix]
        expect(parts.flatMap(part => parts.filter(other => part.startsWith(other)))).toEqual(parts)
        for (const path of stays) {
          expect(
            parts.filter(part => path.startsWith(part)),
            path,
          ).toHaveLength(1)
        }
      }),
      { numRuns: 600 },
    )
    expect(byIndex).toBeGreaterThan(100)
  })
})

const unit = fc.constantFrom('a', 'b', '0', '~', '/', '-', '.', '\u0001', '\u007f', 'é', '😀', '\uffff')
const units = (maxLength: number) => fc.array(unit, { maxLength }).map(its => its.join(''))
/** What names have in common, and what they differ by. */
const crowd = fc
  .record({
    stems: fc.array(units(3), { minLength: 1, maxLength: 3 }),
    forks: fc.array(fc.constantFrom('a', 'b', 'c', 'd', '0', '1', '2', '3', '4', '~', '-', '/', '.'), {
      minLength: 2,
      maxLength: 5,
    }),
    ends: fc.array(units(3), { minLength: 8, maxLength: 20 }),
  })
  .map(({ stems, forks, ends }) =>
    stems.flatMap((stem, at) => forks.flatMap(fork => ends.map(end => `${stem}${fork}${end}${at}`))),
  )
const hostile = fc.record({
  prefix: fc.constantFrom('', 'in/', 'in/a', 'in/-', '\uffff', '😀'),
  splits: fc.integer({ min: 2, max: 12 }),
  declared: fc.constantFrom<Order>('flat', 'hierarchical'),
  listed: fc.constantFrom<Order>('flat', 'hierarchical'),
  ignoresStart: fc.nat(9).map(it => it === 0),
  once: crowd,
  /** Of those that were there once, every so many is gone. */
  gone: fc.integer({ min: 1, max: 9 }),
  come: fc.array(units(4), { maxLength: 4 }),
  unsteady: fc.array(units(4), { maxLength: 4 }),
  /** Rows that nothing of ours has written. */
  foreign: fc.array(fc.string({ unit: 'binary', maxLength: 4 }), { maxLength: 3 }),
  seed: fc.nat(),
})

/** Names come and go from one request to the next, and the index is of another time, in pages of any size. */
function createHostile(its: typeof hostile extends fc.Arbitrary<infer T> ? T : never) {
  const { prefix, splits, declared, listed } = its
  let state = its.seed
  const below = (end: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * end)
  }
  const inOrder = (paths: readonly string[], order: Order) =>
    [...new Set(paths)]
      .map(path => prefix + path)
      .map(path => ({ path, text: sortTextOf(path, order) }))
      .sort((a, b) => (a.text < b.text ? -1 : 1))
  const stays = its.once.filter((_, at) => at % its.gone !== 0).concat(its.come)
  const unsteady = new Set(its.unsteady.filter(path => !stays.includes(path)).map(path => prefix + path))
  const all = inOrder([...stays, ...its.unsteady], listed)
  const asked = { folders: 0, firsts: 0 }
  const now = () => all.filter(({ path }) => !unsteady.has(path) || below(2) === 0)
  const lake = {
    async firstFrom(_: unknown, name: string) {
      asked.firsts += 1
      const from = its.ignoresStart ? '' : sortTextOf(name, listed)
      return now().find(({ text }) => text >= from)?.path
    },
    async listFolders({ prefix: level }: { prefix: string }) {
      asked.folders += 1
      const within = now().filter(({ path }) => path.startsWith(level))
      const names = within.map(({ path }) => level + /^[^/]*\/?/.exec(path.slice(level.length))?.[0])
      const folders = [...new Set(names)].filter(name => name.endsWith('/'))
      const blobs = names.filter(name => !name.endsWith('/')).map(path => ({ path }) as ListedBlob)
      if (below(9) > 0) return { items: folders, blobs, continuation: undefined }
      return { items: folders.slice(1), blobs: blobs.slice(1), continuation: 'more' }
    },
  }
  const bounds = inOrder(its.once, declared).map(({ text }) => text)
  bounds.push(...its.foreign.map(text => sortTextOf(prefix, declared) + text), ...its.foreign)
  bounds.sort((a, b) => (a < b ? -1 : 1))
  const index = {
    async readBounds(_: unknown, from: string, { continuation }: { continuation?: string | undefined }) {
      const rows = bounds.filter(bound => bound >= from)
      const [first, end] = [Number(continuation ?? 0), Number(continuation ?? 0) + below(200)]
      return { items: rows.slice(first, end), continuation: end < rows.length ? String(end) : undefined }
    },
  }
  const place: ListedPlace = { account: '', container: '', prefix, splits, order: declared }
  return { place, lake, index, asked, stays: stays.map(path => prefix + path) }
}
