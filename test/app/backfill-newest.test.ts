import { describe, expect, it } from 'vitest'
import { createAnnouncer } from '../../src/app/announcer.ts'
import { createExtend, type Extension } from '../../src/app/delivery/extend.ts'
import { createVersionRewriter } from '../../src/app/delivery/rewrite-versions.ts'
import { type AssetHead, newCursor, type Version } from '../../src/core/asset/asset.ts'
import { createMemoryLedger } from '../../src/memory/ledger.ts'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'
import { specOf, transitionOf, versionOf } from '../support/samples.ts'

const EXTENSION: Extension = {
  asset: 'sales-eu',
  account: 'contosolake',
  container: 'silver',
  dataPath: 'sales/eu',
  workspaces: ['ml-retail', 'ml-forecast'],
  mode: 'newest',
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)
const plain = (...ordinals: number[]) => ordinals.map(ordinal => versionOf(ordinal))
/** The data of one ordinal is in the version of another. */
const moved = (from: number, to: number) => [
  versionOf(from, { movedTo: to }),
  versionOf(to, { movedFrom: from }),
]

/** An asset with these versions, all of them in one workspace; `most` rows come at a time, whatever is asked for. */
async function createScene(versions: Version[], { head = {}, most = 1000 }: Partial<Scene> = {}) {
  const plainLedger = createMemoryLedger()
  const ledger: typeof plainLedger = {
    ...plainLedger,
    readVersions: (asset, wanted) =>
      plainLedger.readVersions(asset, { ...wanted, limit: Math.min(most, wanted.limit) }),
  }
  const lastOrdinal = Math.max(...versions.map(({ ordinal }) => ordinal))
  const cursors = { 'ml-retail': newCursor(lastOrdinal + 1) }
  await ledger.commit('sales-eu', undefined, transitionOf({ lastOrdinal, cursors, ...head }, { versions }))
  const { queue, agenda, clock } = createMemoryWorld(FILES_RULE)
  const rewriteVersions = createVersionRewriter({
    ledger,
    announcer: createAnnouncer({ queue, agenda, clock } as never),
    clock,
  })
  let before = async () => undefined as unknown
  const extend = createExtend({
    ledger,
    rewriteVersions: async (...parameters) => {
      await before()
      return rewriteVersions(...parameters)
    },
  })
  return {
    ledger,
    extend,
    /** What happens once it was decided which version is the newest. */
    meanwhile: (happens: () => Promise<unknown>) => {
      before = happens
    },
    /** The ordinals that go to the other workspace as well. */
    async extended(): Promise<number[]> {
      const rows = await plainLedger.readVersions('sales-eu', { from: 1, limit: 1000 })
      return rows.filter(({ spec }) => spec.workspaces.includes('ml-forecast')).map(({ ordinal }) => ordinal)
    },
    head: async () => (await ledger.readWork('sales-eu'))?.head,
  }
}

interface Scene {
  head: Partial<AssetHead>
  most: number
}

describe('the newest version of an asset', () => {
  it.each<[string, Version[], number]>([
    ['the highest where nothing has moved', plain(1, 2, 3), 3],
    ['not the highest where that is older data that has moved there', [...plain(1, 3), ...moved(2, 4)], 3],
    ['where its data has moved to', [...plain(1), ...moved(2, 4), ...moved(3, 5)], 5],
    [
      'where its data has moved to in the end',
      [
        ...plain(1, 2),
        versionOf(3, { movedTo: 4 }),
        versionOf(4, { movedFrom: 3, movedTo: 6 }),
        versionOf(6, { movedFrom: 4 }),
      ],
      6,
    ],
    [
      'far behind what older data has moved to',
      [...range(1, 45).flatMap(ordinal => moved(ordinal, ordinal + 46)), ...plain(46)],
      46,
    ],
    ['behind a gap of numbers that were skipped', plain(1, 2, 500), 500],
  ])('is %s', async (_, versions, newest) => {
    for (const most of [1000, 7]) {
      const scene = await createScene(versions, { most })
      await scene.extend(EXTENSION)
      expect([most, await scene.extended()]).toEqual([most, [newest]])
      expect((await scene.head())?.cursors['ml-forecast']?.next).toBe(newest)
    }
  })

  it('is also what is cut while that is looked for', async () => {
    const scene = await createScene(plain(1, 2))
    scene.meanwhile(async () => {
      const state = await scene.ledger.readWork('sales-eu')
      if (state === undefined) throw new Error('the asset is gone')
      const head = { ...state.head, lastOrdinal: 3 }
      await scene.ledger.commit('sales-eu', state.etag, transitionOf(head, { versions: plain(3) }))
    })
    await scene.extend(EXTENSION)
    expect(await scene.extended()).toEqual([2, 3])
    expect((await scene.head())?.cursors['ml-forecast']?.next).toBe(2)
  })

  it('is not given where it is of another place', async () => {
    for (const other of [{ dataPath: 'sales/us' }, { container: 'gold' }, { account: 'fabrikamlake' }]) {
      const scene = await createScene([...plain(1), versionOf(2, { spec: specOf(other) })])
      await scene.extend(EXTENSION)
      expect(await scene.extended()).toEqual([])
    }
  })
})

describe('all versions of an asset', () => {
  it('are given from the first on, though a workspace has had later ones, and none under a number that was left', async () => {
    const later = versionOf(5, { spec: specOf({ workspaces: ['ml-retail', 'ml-forecast'] }) })
    const cursors = { 'ml-retail': newCursor(6), 'ml-forecast': newCursor(6) }
    const scene = await createScene([...plain(1, 3), ...moved(2, 4), later], { head: { cursors } })
    await scene.extend({ ...EXTENSION, mode: 'all' })
    expect(await scene.extended()).toEqual([1, 3, 4, 5])
    expect((await scene.head())?.cursors['ml-forecast']?.next).toBe(1)
  })
})
