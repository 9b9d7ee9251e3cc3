import { describe, expect, it } from 'vitest'
import { openSession, PART_LEASE_MS, PartLost, type Session } from '../../src/app/resync/session.ts'
import { newPart, noCounters, type Run } from '../../src/core/resync/run.ts'
import { SECOND } from '../../src/core/time.ts'
import { createMemoryRunStore } from '../../src/memory/runs.ts'
import { NOW } from '../support/samples.ts'

const PLACE = { account: 'contosolake', container: 'silver', prefix: '', splits: 1, order: 'flat' } as const
const RUN: Run = {
  id: '1',
  filter: { dryRun: false, verify: false } as Run['filter'],
  ground: 'all',
  by: 'ana',
  createdAt: NOW,
  state: 'running',
  phase: 'listing',
  startedAt: NOW,
  endedAt: undefined,
  reason: undefined,
  counters: noCounters(),
  expected: undefined,
}

async function createScene() {
  let now = NOW
  const store = createMemoryRunStore()
  await store.put('run', '', [{ id: RUN.id, document: RUN }])
  await store.put('part', RUN.id, [{ id: '0001', document: newPart('0001', 'listing', 'open', PLACE, NOW) }])
  return {
    store,
    pass: (ms: number) => {
      now += ms
    },
    open: (owner = 'one') => openSession({ store, clock: { now: () => now }, owner }, RUN, '0001'),
    async mustOpen(owner = 'one'): Promise<Session> {
      const session = await openSession({ store, clock: { now: () => now }, owner }, RUN, '0001')
      if (session === undefined) throw new Error('the part cannot be taken')
      return session
    },
    stored: async () => (await store.read('part', RUN.id, '0001'))?.document,
  }
}

describe("a step's hold on a part", () => {
  it('keeps others away until it ends, and is prolonged by progress alone', async () => {
    const scene = await createScene()
    const session = await scene.mustOpen()
    expect(await scene.open('two')).toBeUndefined()
    scene.pass(PART_LEASE_MS - 1)
    expect(await scene.open('two')).toBeUndefined()
    await session.save({})
    scene.pass(PART_LEASE_MS - 1)
    await session.note({})
    expect(await scene.open('two')).toBeUndefined()
    scene.pass(1)
    expect(await scene.open('two')).toBeDefined()
  })

  it('is lost to whoever takes the part when it has ended: nothing more is saved', async () => {
    const scene = await createScene()
    const slow = await scene.mustOpen('slow')
    scene.pass(PART_LEASE_MS)
    const quick = await scene.mustOpen('quick')
    const counters = (listed: number) => ({ counters: { ...noCounters(), listed } })
    await quick.save(counters(2))
    for (const write of [slow.save, slow.note, slow.leave]) {
      await expect(write(counters(1))).rejects.toBeInstanceOf(PartLost)
    }
    expect(await scene.stored()).toMatchObject({ counters: { listed: 2 }, lease: { owner: 'quick' } })
  })

  it('is had by one of two that want it at the same time', async () => {
    const scene = await createScene()
    const taken = await Promise.all([scene.open('one'), scene.open('two')])
    expect(taken.filter(session => session !== undefined)).toHaveLength(1)
  })

  it('ends when it is left, and is not to be had of what is over', async () => {
    const scene = await createScene()
    await (await scene.mustOpen()).leave({})
    await (await scene.mustOpen('two')).leave({ state: 'done' })
    expect(await scene.open('three')).toBeUndefined()
  })

  it('forgives earlier trouble with progress, and not with what is none', async () => {
    const scene = await createScene()
    await (await scene.mustOpen()).leave({ attempts: 5, reason: 'the lake is away' })
    const session = await scene.mustOpen()
    await session.note({})
    expect(await scene.stored()).toMatchObject({ attempts: 5, reason: 'the lake is away' })
    await session.save({})
    expect(await scene.stored()).toMatchObject({ attempts: 0, reason: undefined })
  })

  it.each(['done', 'failed', 'cancelled'] as const)('is lost when the run is %s', async state => {
    const scene = await createScene()
    const session = await scene.mustOpen()
    await scene.store.put('run', '', [{ id: RUN.id, document: { ...RUN, state } }])
    scene.pass(5 * SECOND)
    await expect(session.note({})).rejects.toBeInstanceOf(PartLost)
    await expect(session.save({})).rejects.toBeInstanceOf(PartLost)
  })
})
