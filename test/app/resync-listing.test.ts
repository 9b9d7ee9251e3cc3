import { describe, expect, it } from 'vitest'
import type { Lake, ListedBlob } from '../../src/app/ports.ts'
import { ContinuationError, TransientError, UnreadableError } from '../../src/core/errors.ts'
import { MAX_CHUNK } from '../../src/core/resync/chunk.ts'
import type { RunFilter } from '../../src/core/resync/filter.ts'
import { MINUTE, SECOND } from '../../src/core/time.ts'
import { createMemoryWorld, FILES_RULE, FOLDER_RULE } from '../support/memory-world.ts'

type World = ReturnType<typeof createMemoryWorld>

/** So long a run may take until it is taken not to end. */
const LONGEST_MINUTES = 120

async function start({ lakemark, pass }: World, filter: Partial<RunFilter> = {}): Promise<string> {
  pass(1)
  const answer = await lakemark.resync.start({ filter, by: 'ana' })
  if (answer.kind === 'refused') throw new Error(answer.reason)
  return answer.run.id
}

async function run(world: World, filter: Partial<RunFilter> = {}) {
  const id = await start(world, filter)
  for (let minutes = 0; minutes < LONGEST_MINUTES; minutes += 1) {
    await world.lakemark.resync.sweep()
    await world.drain({ forMs: MINUTE })
    const run = await world.lakemark.resync.get(id)
    if (run?.endedAt !== null) return run
  }
  throw new Error(`the run has not ended: ${JSON.stringify(await world.lakemark.resync.get(id))}`)
}

interface Page {
  items: ListedBlob[]
  takesMs?: number
}

const blob = (path: string, more: Partial<ListedBlob> = {}): ListedBlob => ({
  path,
  etag: `0x${path}`,
  sizeBytes: 1,
  lastModified: 0,
  isDirectory: false,
  isBeingCopied: false,
  ...more,
})

/** A container of one place whose listing is these pages. `refuse`: which continuations are not taken, and when. */
function createPaged(
  pages: Page[],
  refuse: (page: number, asked: number) => boolean = () => false,
  yaml = FILES_RULE,
) {
  const asked: number[] = []
  const listFlat: Lake['listFlat'] = async (_, { continuation }) => {
    const at = Number(continuation ?? 0)
    const before = asked.filter(page => page === at).length
    asked.push(at)
    if (at > 0 && refuse(at, before)) throw new ContinuationError('too old')
    world.pass(pages[at]?.takesMs ?? SECOND)
    const isLast = at + 1 >= pages.length
    return { items: pages[at]?.items ?? [], continuation: isLast ? undefined : String(at + 1) }
  }
  const world: World = createMemoryWorld(yaml, ({ lake }) => ({
    lake: { ...lake, listFlat, listFolders: async () => ({ items: [], blobs: [], continuation: 'more' }) },
  }))
  return { world, asked }
}

const names = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => blob(`files/n${String(from + index).padStart(5, '0')}.csv`))

describe('a listing that re-sync reads', () => {
  it('is begun anew where a continuation is not taken any more, and nothing is counted twice', async () => {
    const pages = [0, 1, 2, 3].map(page => ({ items: names(page * 600, 600), takesMs: 20 * SECOND }))
    const { world, asked } = createPaged(pages, (page, before) => page === 2 && before === 0)
    expect(await run(world)).toMatchObject({
      state: 'done',
      counters: { listed: 2400, matched: 2400, new: 2400 },
    })
    expect(asked.filter(page => page === 0)).toHaveLength(2)
  })

  it('is begun anew also where its order is unknown', async () => {
    const pages = [2, 0, 3, 1].map(page => ({
      items: names(page * 600, 600).reverse(),
      takesMs: 20 * SECOND,
    }))
    const { world } = createPaged(pages, (page, before) => page === 2 && before === 0)
    expect(await run(world)).toMatchObject({
      state: 'done',
      counters: { listed: 2400, matched: 2400, new: 2400 },
    })
  })

  it('fails with the reason where it can never be gone on with', async () => {
    const pages = [0, 1].map(page => ({ items: names(page * 600, 600) }))
    const { world } = createPaged(pages, page => page === 1)
    expect(await run(world)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('gone on with'),
    })
  })

  it('gets on through pages that hold nothing, or nothing but directories, however slow they are', async () => {
    const empty = Array.from({ length: 40 }, (_, page) => ({
      takesMs: 20 * SECOND,
      items: page % 2 === 0 ? [] : [blob(`files/d${String(page).padStart(3, '0')}`, { isDirectory: true })],
    }))
    const { world, asked } = createPaged([...empty, { items: [blob('files/last.csv')] }])
    expect(await run(world)).toMatchObject({ state: 'done', counters: { listed: 1, new: 1 } })
    expect(asked.length).toBeLessThan(90)
  })

  it('gets on through pages of one file each, each slower than a step may take', async () => {
    const pages = Array.from({ length: 30 }, (_, page) => ({ takesMs: 40 * SECOND, items: names(page, 1) }))
    const { world, asked } = createPaged(pages)
    expect(await run(world)).toMatchObject({ state: 'done', counters: { listed: 30, new: 30 } })
    expect(asked.length).toBeLessThan(90)
  })

  it('passes by what is done, also where that takes longer than a step', async () => {
    const pages = Array.from({ length: 12 }, (_, page) => ({
      takesMs: 20 * SECOND,
      items: names(page * 600, 600),
    }))
    const { world } = createPaged(pages, (page, before) => page === 9 && before === 0)
    expect(await run(world)).toMatchObject({ state: 'done', counters: { listed: 7200, new: 7200 } })
  })

  it('tells how fast it was, however long the run has waited for deliveries', async () => {
    const { world } = createPaged([{ items: names(0, 600), takesMs: 10 * SECOND }])
    world.azureMl.putVersion = () => Promise.reject(new TransientError('down'))
    const id = await start(world)
    await world.drain({ forMs: 30 * MINUTE })
    const view = await world.lakemark.resync.get(id)
    expect(view?.phase).toBe('delivering')
    expect(view?.listedPerSecond).toBeGreaterThan(40)
  })

  it('takes in no more once the run is cancelled, also in the middle of a page', async () => {
    const items = names(0, 5000).map(it => ({ ...it, path: `sales/eu/dt=1/${it.path.slice(6)}.parquet` }))
    const { world } = createPaged([{ items }], () => false, FOLDER_RULE)
    const id = await start(world)
    const { commit } = world.ledger
    let isCancelled = false
    world.ledger.commit = async (...parameters) => {
      if (!isCancelled) {
        isCancelled = true
        await world.lakemark.resync.cancel(id, 'ben')
        world.pass(6 * SECOND)
      }
      return commit(...parameters)
    }
    await world.drain({ forMs: 0 })
    const work = await world.ledger.readWork('sales-eu')
    expect(work?.gatherings[0]?.files).toBeLessThanOrEqual(MAX_CHUNK)
    expect(await world.lakemark.resync.get(id)).toMatchObject({ state: 'cancelled' })
  })

  it('ends well where the container is gone', async () => {
    const { world } = createPaged([{ items: [] }])
    expect(await run(world)).toMatchObject({ state: 'done', counters: { listed: 0 } })
  })
})

describe('what re-sync takes for known', () => {
  it('is not what was refused for tags that have been shortened since', async () => {
    const tags = Array.from({ length: 20 }, (_, index) => `note${index}: "${'x'.repeat(990)}"`)
    const world = createMemoryWorld(`${FILES_RULE}    tags: { ${tags.join(', ')} }\n`)
    world.upload('files/a.csv')
    expect(await run(world)).toMatchObject({ counters: { refused: 1, new: 0 } })
    world.useRules(FILES_RULE)
    expect(await run(world)).toMatchObject({ counters: { refused: 0, new: 1, registered: 2 } })
  })

  it('does not hide what was written in the second that a run is to begin with', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const at = world.clock.now()
    const ref = { account: 'contosolake', container: 'silver', path: 'files/a.csv' }
    const content = { etag: '0x1', sizeBytes: 1, isDirectory: false, isBeingCopied: false }
    world.lake.put(ref, { ...content, lastModified: at })
    world.pass(MINUTE)
    expect(await run(world, { since: at + 700 })).toMatchObject({ counters: { matched: 1, new: 1 } })
    expect(await run(world, { since: at + SECOND })).toMatchObject({ counters: { matched: 0 } })
  })

  it('is counted once for the files, however many chunks an asset has something new in', async () => {
    const items = names(0, 5000).map(it => ({ ...it, path: it.path.replace('files/', 'sales/eu/dt=1/') }))
    const parquet = items.map(it => ({ ...it, path: it.path.replace('.csv', '.parquet') }))
    const { world } = createPaged([{ items: parquet }], () => false, FOLDER_RULE)
    const id = await start(world)
    await world.drain()
    const { items: parts } = await world.runStore.list('part', id, { limit: 100 })
    expect(parts[0]?.document).toMatchObject({ counters: { new: 5000 }, checkpoint: { followed: 1 } })
  })
})

describe('an asset whose rows cannot be read', () => {
  const unreadable = (asset: string) => {
    if (asset === 'bad') throw new UnreadableError('ledger row bad/head holds no JSON')
  }

  it('holds up neither the other files of a run nor its end', async () => {
    const world = createMemoryWorld(FILES_RULE, ({ ledger }) => ({
      ledger: {
        ...ledger,
        readFiles: async (asset, keys) => {
          unreadable(asset)
          return ledger.readFiles(asset, keys)
        },
        readWork: async asset => {
          unreadable(asset)
          return ledger.readWork(asset)
        },
      },
    }))
    for (const name of ['a', 'bad', 'c']) world.upload(`files/${name}.csv`)
    expect(await run(world)).toMatchObject({
      state: 'done',
      counters: { listed: 3, matched: 3, new: 2, troubled: 1, registered: 4 },
    })
    expect(await run(world)).toMatchObject({ counters: { new: 0, troubled: 1 } })
  })
})
