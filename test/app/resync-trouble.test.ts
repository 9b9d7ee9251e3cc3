import { describe, expect, it } from 'vitest'
import type { StartRequest } from '../../src/app/resync/runs.ts'
import { TransientError } from '../../src/core/errors.ts'
import { MINUTE } from '../../src/core/time.ts'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'

/** Ports that fail while they are told to. */
function createScene() {
  const failing = new Set<'listFlat' | 'listFolders' | 'readFiles' | 'commit' | 'index'>()
  let failures = 0
  const failWhile = (name: typeof failing extends Set<infer T> ? T : never, isConcerned = true) => {
    if (!failing.has(name) || !isConcerned) return
    failures += 1
    throw new TransientError(`${name} does not answer`)
  }
  const world = createMemoryWorld(FILES_RULE, ({ lake, ledger, listingIndex }) => ({
    lake: {
      ...lake,
      listFlat: async (...parameters) => {
        failWhile('listFlat')
        return lake.listFlat(...parameters)
      },
      listFolders: async (...parameters) => {
        failWhile('listFolders')
        return lake.listFolders(...parameters)
      },
    },
    ledger: {
      ...ledger,
      readFiles: async (...parameters) => {
        failWhile('readFiles')
        return ledger.readFiles(...parameters)
      },
      commit: async (...parameters) => {
        failWhile('commit', parameters[0] === 'bad')
        return ledger.commit(...parameters)
      },
    },
    listingIndex: {
      ...listingIndex,
      change: async (...parameters) => {
        failWhile('index')
        return listingIndex.change(...parameters)
      },
    },
  }))
  const { resync } = world.lakemark

  async function start(filter: StartRequest['filter'] = {}): Promise<string> {
    world.pass(1)
    const answer = await resync.start({ filter, by: 'ana' })
    if (answer.kind === 'refused') throw new Error(answer.reason)
    return answer.run.id
  }

  return { ...world, failing, start, resync, failures: () => failures }
}

describe('a re-sync run in trouble', () => {
  it.each(['listFlat', 'listFolders', 'readFiles', 'index'] as const)(
    'goes on once %s answers again, and counts nothing twice',
    async name => {
      const scene = createScene()
      for (const path of ['files/a.csv', 'files/b.csv', 'files/x/c.csv']) scene.upload(path)
      scene.failing.add(name)
      const id = await scene.start()
      await scene.drain({ forMs: 5000 })
      expect(scene.failures()).toBeGreaterThan(1)
      expect(await scene.resync.get(id)).toMatchObject({
        state: 'running',
        trouble: [`${name} does not answer`],
      })
      scene.failing.clear()
      await scene.drain()
      expect(await scene.resync.get(id)).toMatchObject({
        state: 'done',
        trouble: [],
        counters: { listed: 3, matched: 2, new: 2, registered: 4 },
      })
      for (const asset of ['a', 'b']) {
        expect(Object.keys(await scene.registered('ml-retail', asset))).toEqual(['1'])
      }
    },
  )

  it('counts what one file has held up once, and takes it in when it can be', async () => {
    const scene = createScene()
    for (const name of ['a', 'bad', 'c']) scene.upload(`files/${name}.csv`)
    scene.failing.add('commit')
    const id = await scene.start()
    await scene.drain({ forMs: 3000 })
    scene.failing.clear()
    await scene.drain()
    expect(await scene.resync.get(id)).toMatchObject({
      state: 'done',
      counters: { listed: 3, matched: 3, new: 3, troubled: 0 },
    })
  })

  it('goes on without a file that cannot be taken in, says so, and the next run tries it again', async () => {
    const scene = createScene()
    for (const name of ['a', 'bad', 'c']) scene.upload(`files/${name}.csv`)
    scene.failing.add('commit')
    const id = await scene.start()
    await scene.drain()
    expect(await scene.resync.get(id)).toMatchObject({
      state: 'done',
      counters: { listed: 3, matched: 3, new: 2, troubled: 1 },
    })
    scene.failing.clear()
    const next = await scene.start()
    await scene.drain()
    expect(await scene.resync.get(next)).toMatchObject({ counters: { listed: 3, new: 1, troubled: 0 } })
  })

  it('fails with the reason where trouble does not pass, and makes room for another', async () => {
    const scene = createScene()
    scene.upload('files/a.csv')
    scene.failing.add('listFlat')
    const id = await scene.start()
    await scene.drain()
    expect(await scene.resync.get(id)).toMatchObject({ state: 'failed', reason: 'listFlat does not answer' })
    scene.failing.clear()
    const next = await scene.start()
    expect(next).not.toBe(id)
    await scene.drain()
    expect(await scene.resync.get(next)).toMatchObject({ state: 'done', counters: { new: 1 } })
  })

  it('is not disturbed by messages that come twice, late, or for runs and parts that are not there', async () => {
    const scene = createScene()
    for (const name of ['a', 'b']) scene.upload(`files/${name}.csv`)
    const id = await scene.start()
    const messages = [undefined, undefined, '0001', '0001', 'nope', 'delivering'].map(part => ({
      run: id,
      part,
    }))
    await Promise.all(messages.map(message => scene.resync.work(message)))
    await scene.drain()
    for (const message of messages) await scene.resync.work(message)
    await scene.resync.work({ run: '1', part: undefined })
    await scene.resync.work({ run: '1', part: '0001' })
    await scene.drain()
    expect(await scene.resync.get(id)).toMatchObject({
      state: 'done',
      counters: { listed: 2, new: 2, registered: 4 },
    })
  })

  it('waits no longer than an hour for deliveries that do not come', async () => {
    const scene = createScene()
    scene.upload('files/a.csv')
    const { putVersion } = scene.azureMl
    scene.azureMl.putVersion = async (workspace, ...rest) => {
      if (workspace.alias === 'ml-forecast') throw new TransientError('down')
      return putVersion(workspace, ...rest)
    }
    const id = await scene.start()
    await scene.drain({ forMs: 30 * MINUTE })
    expect(await scene.resync.get(id)).toMatchObject({ state: 'running', phase: 'delivering' })
    await scene.drain({ forMs: 35 * MINUTE })
    expect(await scene.resync.get(id)).toMatchObject({
      state: 'done',
      counters: { registered: 1, pending: 1 },
    })
  })

  it('is removed with all that belongs to it when it is old', async () => {
    const scene = createScene()
    scene.upload('files/a.csv')
    const id = await scene.start()
    await scene.drain()
    scene.pass(31 * 24 * 60 * MINUTE)
    await scene.resync.startScheduled()
    await scene.drain()
    expect(await scene.resync.get(id)).toBeUndefined()
    for (const kind of ['part', 'asset', 'plan'] as const) {
      expect((await scene.runStore.list(kind, id, { limit: 10 })).items).toEqual([])
    }
    expect((await scene.resync.list({ limit: 10 })).items).toHaveLength(1)
  })

  it('tells how fast it is, and when it may end', async () => {
    const scene = createScene()
    for (let index = 0; index < 50; index += 1) scene.upload(`files/f${index}.csv`)
    await scene.start()
    await scene.drain()
    const id = await scene.start()
    scene.failing.add('listFlat')
    await scene.drain({ forMs: 1000 })
    const stored = await scene.runStore.read('part', id, '0001')
    if (stored === undefined) throw new Error('the run has no part')
    const counters = { ...stored.document.counters, listed: 25 }
    await scene.runStore.put('part', id, [{ id: stored.id, document: { ...stored.document, counters } }])
    const startedAt = Date.parse((await scene.resync.get(id))?.startedAt ?? '')
    scene.pass(startedAt + 10_000 - scene.clock.now())
    expect(await scene.resync.get(id)).toMatchObject({
      listedPerSecond: 2.5,
      estimatedEnd: new Date(startedAt + 20_000).toISOString(),
    })
  })
})
