import { describe, expect, it } from 'vitest'
import type { ListedBlob } from '../../src/app/ports.ts'
import { keyOf } from '../../src/core/asset/fingerprint.ts'
import { MAX_CHUNK } from '../../src/core/resync/chunk.ts'
import type { RunFilter } from '../../src/core/resync/filter.ts'
import { sortTextOf } from '../../src/core/resync/name-order.ts'
import { SECOND } from '../../src/core/time.ts'
import { createMemoryWorld } from '../support/memory-world.ts'

/** All files make versions of one asset, so that comparing is what costs. */
const RULE = `
rules:
  - name: everything
    from: contosolake/silver
    match: "**/*.csv"
    asset: everything
    type: uri_folder
    folder: ""
    settle: 5m
    to: [ml-retail]
`
const GEN2 = `${RULE}
datastores:
  contosolake/silver: { kind: azure_data_lake_gen2 }
`

/** The same numbers for the same seed. */
function createRandom(seed: number) {
  let state = seed
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const below = (end: number) => Math.floor(next() * end)
  return { below, pick: <T>(items: readonly T[]) => items[below(items.length)] as T }
}

const NOTHING = new Uint8Array()

type Listing = 'flat' | 'hierarchical' | 'shuffled'

/** A lake that lists in an order of its own, in pages of changing size, while time passes. */
function createModel(seed: number, listing: Listing, yaml = RULE) {
  const random = createRandom(seed)
  const blobs = new Map<string, ListedBlob>()
  let reads = 0
  let changes = 0
  let sorted: ListedBlob[] | undefined

  const textOf = (path: string) => {
    if (listing === 'shuffled') return keyOf({ account: '', container: '', path })
    return sortTextOf(path, listing)
  }
  const inOrder = () => {
    sorted ??= [...blobs.values()].sort((a, b) => (textOf(a.path) < textOf(b.path) ? -1 : 1))
    return sorted
  }

  const world = createMemoryWorld(yaml, plain => ({
    ledger: {
      ...plain.ledger,
      readFiles: async (asset, keys) => {
        reads += keys.files.length
        return plain.ledger.readFiles(asset, keys)
      },
    },
    listingIndex: {
      ...plain.listingIndex,
      change: async (...parameters) => {
        changes += 1
        return plain.listingIndex.change(...parameters)
      },
    },
    lake: {
      ...plain.lake,
      async listFlat({ prefix }, { continuation }) {
        world.pass(random.below(seed % 2 === 0 ? 60 : 12) * SECOND)
        const its = inOrder().filter(({ path }) => path.startsWith(prefix))
        const from = Number(continuation ?? 0)
        const next = from + random.below(900)
        return { items: its.slice(from, next), continuation: next < its.length ? String(next) : undefined }
      },
      firstFrom: async ({ prefix }, name) =>
        inOrder().find(({ path }) => path.startsWith(prefix) && textOf(path) >= textOf(name))?.path,
      async listFolders({ prefix }) {
        const its = inOrder().filter(({ path }) => path.startsWith(prefix))
        const names = its.map(({ path }) => /^[^/]*\/?/.exec(path.slice(prefix.length))?.[0] ?? '')
        const found = [...new Set(names)].map(rest => prefix + rest)
        const isFolder = (path: string) => path.endsWith('/')
        return {
          items: found.filter(isFolder),
          blobs: its.filter(({ path }) => found.includes(path) && !isFolder(path)),
          continuation: undefined,
        }
      },
      head: async ({ path }) => blobs.get(path),
    },
  }))

  const newPath = () => {
    const segments = Array.from({ length: 1 + random.below(3) }, () =>
      random.pick(['a', 'a-b', 'a.b', 'b', 'é', `n${random.below(1000)}`]),
    )
    return `${segments.join('/')}${random.pick(['', '-', '.', '0'])}.csv`
  }

  return {
    ...world,
    blobs,
    /** Adds, overwrites and removes; answers how many of each are to be found. */
    change(count: number) {
      const before = new Map(blobs)
      for (let index = 0; index < count; index += 1) {
        const path = random.below(4) === 0 && blobs.size > 0 ? random.pick([...blobs.keys()]) : newPath()
        if (random.below(6) === 0) blobs.delete(path)
        else {
          const etag = `0x${random.below(1e9)}`
          blobs.set(path, {
            path,
            etag,
            sizeBytes: 1,
            lastModified: 0,
            isDirectory: false,
            isBeingCopied: false,
          })
        }
      }
      sorted = undefined
      const after = [...blobs.values()]
      return {
        new: after.filter(({ path }) => !before.has(path)).length,
        changed: after.filter(({ path, etag }) => before.has(path) && before.get(path)?.etag !== etag).length,
      }
    },
    async run(filter: Partial<RunFilter> = {}) {
      ;[reads, changes] = [0, 0]
      const answer = await world.lakemark.resync.start({ filter, by: 'ana' })
      if (answer.kind === 'refused') throw new Error(answer.reason)
      for (let minutes = 0; minutes < 60; minutes += 1) {
        await world.lakemark.resync.sweep()
        await world.drain({ forMs: 60 * SECOND })
        const run = await world.lakemark.resync.get(answer.run.id)
        if (run?.state === 'done') return { ...run.counters, reads, changes }
      }
      throw new Error('the run has not ended')
    },
    async unknown() {
      const refs = [...blobs.values()].map(({ path, etag }) => ({ key: world.fileKey(path), etag }))
      const { files } = await world.ledger.readFiles('everything', {
        files: refs.map(({ key }) => key),
        targets: [],
      })
      return refs.filter(({ key, etag }) => files.get(key)?.etag !== etag).length
    },
  }
}

describe('what re-sync remembers of a listing', () => {
  it.each([
    ['flat', RULE, 1],
    ['flat', RULE, 2],
    ['hierarchical', GEN2, 3],
    ['hierarchical', GEN2, 4],
    ['hierarchical', RULE, 5],
    ['flat', GEN2, 6],
    ['shuffled', RULE, 7],
    ['shuffled', GEN2, 8],
  ] as const)(
    'never hides a file, in whatever order the lake is listed (%s, seed %#)',
    async (listing, yaml, seed) => {
      const model = createModel(seed, listing, yaml)
      for (const count of [4000, 40, 400, 1]) {
        const expected = model.change(count)
        const run = await model.run()
        expect([count, run.listed, run.new + run.changed]).toEqual([
          count,
          model.blobs.size,
          expected.new + expected.changed,
        ])
        expect(await model.unknown()).toBe(0)
      }
    },
  )

  it.each([
    ['flat', RULE],
    ['hierarchical', GEN2],
  ] as const)(
    'spares the ledger, and itself is not written, where nothing has changed (%s)',
    async (listing, yaml) => {
      const model = createModel(11, listing, yaml)
      model.change(4000)
      await model.run()
      // Now that it is known how few there are, they are listed in one go, and short rows are joined.
      for (let run = 0; run < 2; run += 1) {
        expect(await model.run()).toMatchObject({ listed: model.blobs.size, new: 0, reads: 0 })
      }
      expect(await model.run()).toMatchObject({ listed: model.blobs.size, new: 0, reads: 0, changes: 0 })
      model.change(1)
      const { reads, changes } = await model.run()
      expect(reads).toBeLessThanOrEqual(2)
      expect(changes).toBeLessThanOrEqual(1)
    },
  )

  it('costs a chunk a part where another order had to be found out', async () => {
    const model = createModel(12, 'hierarchical', RULE)
    model.change(4000)
    await model.run()
    const { reads } = await model.run()
    expect(reads).toBeLessThan(32 * MAX_CHUNK)
    expect(reads).toBeLessThan(model.blobs.size)
  })

  it('is not believed under other rules', async () => {
    const model = createModel(13, 'flat')
    model.change(500)
    await model.run()
    model.useRules(RULE.replaceAll('everything', 'all'))
    expect(await model.run()).toMatchObject({ new: model.blobs.size })
    expect(await model.run()).toMatchObject({ new: 0, reads: 0 })
  })

  it('is believed neither where the ledger is verified nor for a workspace, and is good afterwards', async () => {
    const model = createModel(14, 'flat')
    model.change(500)
    await model.run()
    const { size } = model.blobs
    expect((await model.run({ verify: true })).reads).toBeGreaterThanOrEqual(size)
    expect((await model.run({ workspace: 'ml-retail' })).reads).toBeGreaterThanOrEqual(size)
    expect((await model.run()).reads).toBe(0)
  })

  it('holds what runs over parts of the container have found, and loses nothing by them', async () => {
    const model = createModel(15, 'flat')
    model.change(3000)
    await model.run()
    model.change(100)
    await model.run({ prefix: 'a' })
    const { reads } = await model.run({ prefix: 'a' })
    expect(reads).toBe(0)
    await model.run()
    expect(await model.unknown()).toBe(0)
    expect((await model.run()).reads).toBe(0)
  })

  it.each([
    ['flat', RULE, 'flat'],
    ['hierarchical', RULE, 'flat'],
    ['flat', GEN2, 'hierarchical'],
    ['hierarchical', GEN2, 'hierarchical'],
  ] as const)(
    'cuts a run into parts that miss nothing of what came since (%s, seed %#)',
    async (listing, yaml, order) => {
      const model = createModel(17, listing, yaml)
      model.change(2000)
      // More than 32 parts want, and of names that are not there as well.
      const rows = Array.from({ length: 200 }, (_, at) => ({
        bound: `n${at * 4}`,
        stamp: '',
        hashes: NOTHING,
      }))
      await model.listingIndex.change({ account: 'contosolake', container: 'silver', order }, rows, [])
      const expected = [...model.blobs.keys()].filter(path => path.startsWith('n')).length
      expect(await model.run({ prefix: 'n' })).toMatchObject({ listed: expected, new: expected })
      const [run] = (await model.lakemark.resync.list({ limit: 1 })).items
      const { items } = await model.runStore.list('part', run?.id ?? '', { limit: 100 })
      const splits = items.flatMap(({ document }) => document.place?.splits ?? [])
      expect(splits.length).toBeGreaterThan(9)
      expect(splits.filter(it => it > 1)).toHaveLength(1)
    },
  )

  it('forgets what is gone', async () => {
    const model = createModel(16, 'flat')
    model.change(3000)
    await model.run()
    model.blobs.clear()
    model.change(1)
    await model.run()
    const place = { account: 'contosolake', container: 'silver', order: 'flat' } as const
    const { items } = await model.listingIndex.read(place, '', { limit: 1000 })
    expect(items.reduce((sum, { hashes }) => sum + hashes.length, 0)).toBeLessThanOrEqual(3000 * 8)
  })
})
