import { describe, expect, it } from 'vitest'
import { createFollowing } from '../../src/app/resync/follow.ts'
import type { Session } from '../../src/app/resync/session.ts'
import { newPart, type Part, type Run } from '../../src/core/resync/run.ts'
import { MINUTE, SECOND } from '../../src/core/time.ts'
import { createMemoryRunStore } from '../../src/memory/runs.ts'
import { createMemoryWorld, FILES_RULE, FOLDER_RULE } from '../support/memory-world.ts'

const RUN = '1'

/** What a run follows, over a world whose deliveries are done by hand. */
function createScene(rules = FILES_RULE) {
  const world = createMemoryWorld(rules)
  const store = createMemoryRunStore()
  const following = createFollowing({ ...world, store })
  const begun = world.clock.now()
  let part: Part = newPart('delivering', 'delivering', 'open', undefined, begun)
  const save = async (changes: Partial<Part>) => {
    part = { ...part, ...changes }
  }
  return {
    ...world,
    store,
    following,
    /** For a run that was started then. */
    follow: (startedAt = begun) =>
      following.follow({ run: { id: RUN, startedAt } as Run, part: () => part, save } as Session),
    counters: () => part.counters,
    readsOfLedger: () => {
      let reads = 0
      const { readWork } = world.ledger
      world.ledger.readWork = asset => {
        reads += 1
        return readWork(asset)
      }
      return () => reads
    },
  }
}

describe('the assets that a run follows', () => {
  it('are as many as it can count, and the others are said to be too many', async () => {
    const { following, store } = createScene()
    const assets = (from: number, count: number) =>
      new Set(Array.from({ length: count }, (_, at) => `a${String(from + at).padStart(5, '0')}`))
    const followed = following.begin(RUN, 1500)
    await followed.add(assets(0, 400))
    await followed.add(assets(0, 400))
    expect([followed.count(), followed.takeUnfollowed().unfollowed]).toEqual([1900, 0])
    await followed.add(assets(350, 250))
    expect([followed.count(), followed.takeUnfollowed().unfollowed]).toEqual([2000, 100])
    expect(followed.takeUnfollowed().unfollowed).toBe(0)
    expect((await store.list('asset', RUN, { limit: 5000 })).items).toHaveLength(500)
  })

  it('are asked for no more once all is decided, whatever comes later', async () => {
    const scene = createScene()
    const reads = scene.readsOfLedger()
    await scene.following.begin(RUN, 0).add(new Set(['orders']))
    scene.pass(SECOND)
    await scene.deliver(scene.upload('files/orders.csv'))
    await scene.drain()
    await scene.follow()
    const before = reads()
    await scene.deliver(scene.upload('files/orders.csv'))
    const between = reads()
    await scene.follow()
    expect(scene.counters()).toMatchObject({ registered: 2, failed: 0, pending: 0 })
    expect([before > 0, reads() - between]).toEqual([true, 0])
  })

  it('are waited for while something of theirs still gathers', async () => {
    const scene = createScene(FOLDER_RULE)
    await scene.following.begin(RUN, 0).add(new Set(['sales-eu']))
    scene.pass(SECOND)
    await scene.deliver(scene.upload('sales/eu/dt=1/a.parquet'))
    await expect(scene.follow()).rejects.toThrow('1 deliveries are pending')
    await scene.drain()
    await scene.follow()
    expect(scene.counters()).toMatchObject({ registered: 2, pending: 0 })
  })

  it('are counted by what the run brought about: neither what was before, nor a number that was taken', async () => {
    const scene = createScene()
    const workspace = scene.ruleSet.workspaces.get('ml-retail')
    if (workspace === undefined) throw new Error('there is no such workspace')
    await scene.deliver(scene.upload('files/orders.csv'))
    await scene.drain()
    scene.pass(MINUTE)
    const begun = scene.clock.now()
    await scene.following.begin(RUN, 0).add(new Set(['orders']))
    await scene.azureMl.putVersion(workspace, 'orders', 2, {
      type: 'uri_file',
      dataUri: 'azureml://datastores/mine/paths/x',
      description: undefined,
      tags: {},
      properties: {},
    })
    await scene.deliver(scene.upload('files/orders.csv'))
    await scene.drain()
    await scene.follow(begun)
    expect(scene.counters()).toMatchObject({ registered: 2, failed: 0, pending: 0 })
  })
})
