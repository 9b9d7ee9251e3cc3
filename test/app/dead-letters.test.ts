import { describe, expect, it } from 'vitest'
import { createDeadLetterRedrive, FRESH_MS } from '../../src/app/intake/dead-letters.ts'
import { TransientError } from '../../src/core/errors.ts'
import { MINUTE } from '../../src/core/time.ts'
import { createMemoryDeadLetters } from '../../src/memory/dead-letters.ts'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'

/** The use case over memory; `trouble` throws where a test wants it to. */
function createWorld() {
  const world = createMemoryWorld(FILES_RULE)
  const store = createMemoryDeadLetters(world.clock)
  const trouble: Partial<Record<'read' | 'intake' | 'remove', (subject: string) => void>> = {}
  const { intake } = world.lakemark
  const create = () =>
    createDeadLetterRedrive({
      ...world,
      deadLetters: {
        ...store,
        read: async blob => {
          trouble.read?.(blob.ref.path)
          return store.read(blob)
        },
        remove: async blob => {
          trouble.remove?.(blob.ref.path)
          return store.remove(blob)
        },
      },
      intake: {
        ...intake,
        events: async events => {
          trouble.intake?.(JSON.stringify(events))
          return intake.events(events)
        },
      },
    })
  return {
    ...world,
    trouble,
    create,
    redrive: create(),
    write: (path: string, ...events: unknown[]) => store.put(path, Buffer.from(JSON.stringify(events))),
    writeText: (path: string, text: string) => store.put(path, Buffer.from(text)),
    remaining: async () => (await store.list({ limit: 1000 })).items.map(({ ref }) => ref.path),
    failures: async () => (await world.lakemark.failures.list({}, { limit: 100 })).items,
  }
}

describe('events that could not be delivered', () => {
  it('are registered as if they had just come, and their blob is removed', async () => {
    const world = createWorld()
    world.write('S/a.json', world.upload('files/one.csv'), world.upload('files/two.csv'))
    expect(await world.redrive()).toEqual({ events: 2, redriven: 1, left: 0, failed: 0, setAside: 0 })
    await world.drain()
    expect(await world.registered('ml-retail', 'one')).toEqual({ 1: 'files/one.csv' })
    expect(await world.registered('ml-forecast', 'two')).toEqual({ 1: 'files/two.csv' })
    expect(await world.remaining()).toEqual([])
    expect(world.counters.all()).toMatchObject({ 'deadletters:redriven': 1, 'deadletters:events': 2 })
  })

  it('change nothing where newer ones have come meanwhile, or the same', async () => {
    const world = createWorld()
    const [older, newer] = [world.upload('files/one.csv'), world.upload('files/one.csv')]
    await world.deliver(newer)
    await world.drain()
    world.write('S/a.json', older, newer, newer)
    await world.redrive()
    await world.drain()
    expect(await world.registered('ml-retail', 'one')).toEqual({ 1: 'files/one.csv' })
  })

  it('are registered once though the process dies before their blob is removed, again and again', async () => {
    const world = createWorld()
    world.write('S/a.json', world.upload('files/one.csv'))
    world.trouble.remove = () => {
      throw new Error('killed')
    }
    for (let life = 0; life < 3; life += 1) {
      expect(await world.create()()).toMatchObject({ events: 1, redriven: 0, failed: 1 })
      await world.drain()
    }
    delete world.trouble.remove
    expect(await world.create()()).toMatchObject({ redriven: 1 })
    await world.drain()
    expect(await world.registered('ml-retail', 'one')).toEqual({ 1: 'files/one.csv' })
    expect(await world.remaining()).toEqual([])
  })

  it('wait for the next run where there is passing trouble, without holding up others', async () => {
    const world = createWorld()
    world.write('S/a.json', world.upload('files/one.csv'))
    world.write('S/b.json', world.upload('files/two.csv'))
    world.write('S/c.json', world.upload('files/three.csv'))
    world.trouble.intake = events => {
      if (events.includes('one.csv')) throw new TransientError('the ledger is busy')
    }
    world.trouble.read = path => {
      if (path === 'S/b.json') throw new Error('the blob is archived')
    }
    expect(await world.redrive()).toEqual({ events: 1, redriven: 1, left: 1, failed: 1, setAside: 0 })
    expect(await world.remaining()).toEqual(['S/a.json', 'S/b.json'])

    delete world.trouble.intake
    delete world.trouble.read
    expect(await world.redrive()).toMatchObject({ redriven: 2 })
    await world.drain()
    for (const asset of ['one', 'two', 'three']) {
      expect(await world.registered('ml-retail', asset)).toEqual({ 1: `files/${asset}.csv` })
    }
  })

  it('that intake leaves out are over and counted', async () => {
    const world = createWorld()
    world.write('S/a.json', world.upload('elsewhere/one.csv'), {
      ...world.upload('files/two.csv'),
      eventType: 'Microsoft.Storage.DirectoryCreated',
    })
    await world.redrive()
    expect(await world.remaining()).toEqual([])
    expect(await world.failures()).toEqual([])
    expect(world.counters.all()).toMatchObject({ 'ignored:no-rule-matches': 1, 'ignored:directory': 1 })
  })

  it('are taken in from among garbage, and the garbage is kept and shown', async () => {
    const world = createWorld()
    world.write('S/a.json', 'garbage', world.upload('files/one.csv'), { no: 'event' })
    world.pass(FRESH_MS)
    expect(await world.redrive()).toMatchObject({ events: 1, redriven: 0, setAside: 1 })
    await world.drain()
    expect(await world.registered('ml-retail', 'one')).toEqual({ 1: 'files/one.csv' })
    expect(await world.remaining()).toEqual(['S/a.json'])
    expect(await world.failures()).toMatchObject([
      {
        kind: 'dead-letter',
        file: 'contosoapp/dead-letters/S/a.json',
        reason: 'the dead letter holds 2 elements of 3 that are no events; the others were taken in',
      },
    ])
    expect(await world.redrive()).toMatchObject({ events: 0, setAside: 0 })
  })

  it('that cannot be read may still be being written: only after a while they are set aside', async () => {
    const world = createWorld()
    world.writeText('S/a.json', '[{"eventType":')
    world.pass(FRESH_MS - 1)
    expect(await world.redrive()).toMatchObject({ left: 1, setAside: 0 })
    expect(await world.failures()).toEqual([])
    world.pass(1)
    expect(await world.redrive()).toMatchObject({ left: 0, setAside: 1 })
    expect(await world.failures()).toHaveLength(1)

    // Somebody repairs it.
    world.write('S/a.json', world.upload('files/one.csv'))
    expect(await world.redrive()).toMatchObject({ redriven: 1 })
    expect(await world.remaining()).toEqual([])
  })

  it('that stay do not keep those behind them from their turn', async () => {
    const world = createWorld()
    for (let index = 0; index < 1000; index += 1) world.writeText(`S/${1000 + index}.json`, 'stays')
    world.write('T/last.json', world.upload('files/one.csv'))
    // Each look takes so long that a run is over before it has come to the last one.
    world.trouble.read = path => {
      if (path.startsWith('S/')) {
        world.pass(MINUTE)
        throw new TransientError('slow')
      }
    }
    let runs = 0
    while ((await world.redrive()).redriven === 0) {
      runs += 1
      expect(runs).toBeLessThan(10)
    }
    expect(runs).toBeGreaterThan(1)
    await world.drain()
    expect(await world.registered('ml-retail', 'one')).toEqual({ 1: 'files/one.csv' })
    expect((await world.remaining()).length).toBe(1000)
  })

  it('begin anew after a listing that failed', async () => {
    const world = createWorld()
    const seen: unknown[] = []
    const redrive = createDeadLetterRedrive({
      ...world,
      intake: world.lakemark.intake,
      deadLetters: {
        ...createMemoryDeadLetters(world.clock),
        list: async ({ continuation }) => {
          seen.push(continuation)
          if (continuation !== undefined) throw new Error('the marker is no longer good')
          return { items: [], continuation: seen.length === 1 ? 'marker' : undefined }
        },
      },
    })
    await expect(redrive()).rejects.toThrow('marker')
    await redrive()
    expect(seen).toEqual([undefined, 'marker', undefined])
  })
})
