import { describe, expect, it } from 'vitest'
import type { Lake, ListedBlob } from '../../src/app/ports.ts'
import { TransientError } from '../../src/core/errors.ts'
import { MAX_CHUNK } from '../../src/core/resync/chunk.ts'
import { dieAtEachCall, REQUEST } from '../support/killed-run.ts'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'

type World = ReturnType<typeof createMemoryWorld>

/** In an order that is neither that of a flat namespace nor that of a hierarchical one; two names a page. */
const PAGES = [
  ['e', 'd'],
  ['a', 'f'],
  ['c', 'b'],
]
const KNOWN = ['a', 'd']

const blobOf = (name: string): ListedBlob => ({
  path: `files/${name}.csv`,
  etag: `0x${name}`,
  sizeBytes: 10,
  lastModified: 0,
  isDirectory: false,
  isBeingCopied: false,
})

/** Too many folders to be cut by, and a listing that begins neither anywhere else nor in order. */
function unordered(lake: Lake): Lake {
  return {
    ...lake,
    listFolders: async () => ({ items: [], blobs: [], continuation: 'more' }),
    listFlat: async (_, { continuation }) => {
      const at = Number(continuation ?? 0)
      const next = at + 1 < PAGES.length ? String(at + 1) : undefined
      return { items: (PAGES[at] ?? []).map(blobOf), continuation: next }
    },
  }
}

async function createScene(): Promise<World> {
  const plain = createMemoryWorld(FILES_RULE, ({ lake }) => ({ lake: unordered(lake) }))
  // For the other process too.
  const world = { ...plain, lake: { ...plain.lake, ...unordered(plain.lake) } }
  for (const name of KNOWN) await world.deliver(world.upload(`files/${name}.csv`, { etag: `0x${name}` }))
  await world.drain()
  world.pass(1000)
  return world
}

describe('a run through a listing whose order is unknown', () => {
  it.each([
    ['before', false],
    ['after', true],
  ])('counts each file once, at whichever call its process dies (%s the call)', async (_, isMade) => {
    const n = await dieAtEachCall(createScene, isMade, (n, { counters }) => {
      expect([n, counters]).toMatchObject([
        n,
        { listed: 6, bytes: 60, matched: 6, new: 4, changed: 0, registered: 8, troubled: 0 },
      ])
    })
    expect(n).toBeGreaterThan(40)
  })
})

describe('what a step has begun before it met trouble', () => {
  async function run(world: World) {
    const answer = await world.lakemark.resync.start(REQUEST)
    if (answer.kind === 'refused') throw new Error(answer.reason)
    await world.drain()
    return world.lakemark.resync.get(answer.run.id)
  }

  it('is counted where it takes effect while the next step does the same', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const { commit } = world.ledger
    let late: (() => Promise<unknown>) | undefined
    let commits = 0
    world.ledger.commit = async (...parameters) => {
      commits += 1
      if (commits === 1) {
        late = () => commit(...parameters)
        throw new TransientError('no answer came')
      }
      await late?.()
      late = undefined
      return commit(...parameters)
    }
    world.upload('files/a.csv')
    expect(await run(world)).toMatchObject({ state: 'done', counters: { listed: 1, new: 1, registered: 2 } })
  })

  it('is counted where other files have come in front of it meanwhile', async () => {
    // Of so many folders that it is listed as it is.
    const listFolders = async () => ({ items: [], blobs: [], continuation: 'more' })
    const world = createMemoryWorld(FILES_RULE, ({ lake }) => ({ lake: { ...lake, listFolders } }))
    const nameOf = (at: number) => `files/n${String(at).padStart(5, '0')}.csv`
    for (let at = 0; at < MAX_CHUNK + 10; at += 1) world.upload(nameOf(at))
    const { change } = world.listingIndex
    let failures = 0
    world.listingIndex.change = async (...parameters) => {
      failures += 1
      if (failures > 1) return change(...parameters)
      world.upload('files/n00000-first.csv')
      throw new TransientError('the index does not answer')
    }
    expect(await run(world)).toMatchObject({
      state: 'done',
      counters: { listed: MAX_CHUNK + 11, new: MAX_CHUNK + 11 },
    })
  })

  it('is counted where the listing turns out to be in no order after that', async () => {
    const ordered = Array.from({ length: 2 * MAX_CHUNK + 76 }, (_, at) => `n${String(at).padStart(5, '0')}`)
    const items = [...ordered, 'a'].map(blobOf)
    const world = createMemoryWorld(FILES_RULE, ({ lake }) => ({
      lake: { ...unordered(lake), listFlat: async () => ({ items, continuation: undefined }) },
    }))
    const { commit } = world.ledger
    let failures = 0
    world.ledger.commit = async (asset, ...parameters) => {
      if (asset === 'a' && failures === 0) {
        failures += 1
        throw new TransientError('the table is busy')
      }
      return commit(asset, ...parameters)
    }
    expect(await run(world)).toMatchObject({
      state: 'done',
      counters: { listed: items.length, matched: items.length, new: items.length, troubled: 0 },
    })
    expect(failures).toBe(1)
  })
})
