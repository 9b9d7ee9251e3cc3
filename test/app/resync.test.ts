import { describe, expect, it } from 'vitest'
import type { StartRequest } from '../../src/app/resync/runs.ts'
import { DAY, MINUTE } from '../../src/core/time.ts'
import { createMemoryWorld, FILES_RULE, FOLDER_RULE } from '../support/memory-world.ts'

type MemoryWorld = ReturnType<typeof createMemoryWorld>

async function start(world: MemoryWorld, filter: StartRequest['filter'] = {}, by = 'ana', key?: string) {
  const answer = await world.lakemark.resync.start({ filter, by, idempotencyKey: key })
  if (answer.kind === 'refused') throw new Error(answer.reason)
  return answer
}

async function run(world: MemoryWorld, filter: StartRequest['filter'] = {}) {
  world.pass(1)
  const { run } = await start(world, filter)
  await world.drain()
  const ended = await world.lakemark.resync.get(run.id)
  if (ended === undefined) throw new Error('the run is gone')
  return ended
}

/** Files of which every hundredth's event was lost. */
async function withLostEvents(world: MemoryWorld, count: number) {
  const events = Array.from({ length: count }, (_, index) => world.upload(`files/f${index}.csv`))
  await world.deliver(...events.filter((_, index) => index % 100 !== 0))
  await world.drain()
}

const versionsOf = async (world: MemoryWorld, asset: string, alias = 'ml-retail') =>
  Object.keys(await world.registered(alias, asset))

describe('a re-sync run', () => {
  it('finds exactly the files whose events were lost, and registers each of them once', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await withLostEvents(world, 1000)
    const ended = await run(world)
    expect(ended).toMatchObject({
      state: 'done',
      phase: 'done',
      counters: { listed: 1000, matched: 1000, new: 10, changed: 0, settling: 0, registered: 20, failed: 0 },
    })
    for (let index = 0; index < 1000; index += 1) {
      expect(await versionsOf(world, `f${index}`)).toEqual(['1'])
    }
    expect(await run(world)).toMatchObject({ counters: { listed: 1000, new: 0, changed: 0, registered: 0 } })
  })

  it('ends once, also where each of its messages comes twice at the same time', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await withLostEvents(world, 200)
    const { run } = await start(world)
    for (let at = world.queue.nextAt(); at !== undefined; at = world.queue.nextAt()) {
      world.pass(Math.max(0, at - world.clock.now()))
      await Promise.all(
        world.queue.take().flatMap(message => {
          if (message.kind === 'run') return [message, message].map(twin => world.lakemark.resync.work(twin))
          if (message.kind !== 'assets') throw new Error(`nobody asked for ${message.kind}`)
          return world.lakemark.work(message.assets, { redelivered: false })
        }),
      )
    }
    expect(await world.lakemark.resync.get(run.id)).toMatchObject({
      state: 'done',
      counters: { listed: 200, new: 2, registered: 4 },
    })
    expect(world.counters.all()['runs:done']).toBe(1)
  })

  it('takes in what was written over while nobody was told', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.deliver(world.upload('files/a.csv'))
    await world.drain()
    await run(world)
    world.upload('files/a.csv', { etag: '0xnew' })
    expect(await run(world)).toMatchObject({ counters: { new: 0, changed: 1, registered: 2 } })
    expect(await versionsOf(world, 'a')).toEqual(['1', '2'])
  })

  it('looks only where rules have something to find', async () => {
    const world = createMemoryWorld(FILES_RULE)
    for (const path of ['files/a.csv', 'elsewhere/b.csv', 'files.csv']) world.upload(path)
    expect(await run(world)).toMatchObject({ counters: { listed: 1, new: 1 } })
  })

  it('leaves alone what is settling or being copied, and takes it in later', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    const ref = (path: string) => ({ account: 'contosolake', container: 'silver', path })
    const blob = { etag: '0x1', sizeBytes: 1, isDirectory: false }
    const lastModified = world.clock.now() - MINUTE
    world.lake.put(ref('sales/eu/dt=1/young.parquet'), { ...blob, isBeingCopied: false, lastModified })
    world.lake.put(ref('sales/us/dt=1/copied.parquet'), { ...blob, isBeingCopied: true })
    expect(await run(world)).toMatchObject({ counters: { listed: 2, matched: 2, new: 0, settling: 2 } })
    world.pass(5 * MINUTE)
    expect(await run(world)).toMatchObject({ counters: { new: 1, settling: 1 } })
    expect(await versionsOf(world, 'sales-eu')).toEqual(['1'])
  })

  it('waits for what it has found to be registered, and says what failed', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const stranger = {
      account: 'contosolake',
      container: 'gold',
      name: 'contosolake_silver',
      kind: 'azure_blob',
    } as const
    const forecast = world.ruleSet.workspaces.get('ml-forecast')
    if (forecast !== undefined) await world.azureMl.ensureDatastore(forecast, stranger)
    world.upload('files/a.csv')
    expect(await run(world)).toMatchObject({
      state: 'done',
      counters: { registered: 1, failed: 1, pending: 0 },
    })
  })

  it('changes nothing in a dry run, and counts the same', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await withLostEvents(world, 200)
    const before = await world.listingIndex.read(place, '', { limit: 10 })
    const dry = await run(world, { dryRun: true })
    expect(dry).toMatchObject({
      state: 'done',
      counters: { listed: 200, matched: 200, new: 2, registered: 0 },
    })
    expect(await versionsOf(world, 'f0')).toEqual([])
    expect(await world.ledger.readWork('f0')).toBeUndefined()
    expect(await world.listingIndex.read(place, '', { limit: 10 })).toEqual(before)
    expect(await run(world)).toMatchObject({ counters: { new: 2 } })
  })

  it('is limited by what its filter names', async () => {
    const yaml = `${FILES_RULE}
  - { name: other, from: contosolake/silver, match: "files/{name}.csv", asset: "other-{name}", to: [ml-retail] }
`
    const world = createMemoryWorld(yaml)
    for (const path of ['files/a.csv', 'files/b.csv', 'files/c.csv']) world.upload(path)
    expect(await run(world, { prefix: 'files/a' })).toMatchObject({ counters: { listed: 1, new: 1 } })
    expect(await run(world, { asset: 'b' })).toMatchObject({ counters: { listed: 3, matched: 1, new: 1 } })
    expect(await versionsOf(world, 'other-b')).toEqual([])
    expect(await run(world, { rule: 'other' })).toMatchObject({ counters: { matched: 3, new: 2 } })
    expect(await versionsOf(world, 'other-b')).toEqual(['1'])
    expect(await versionsOf(world, 'c')).toEqual([])
    expect(await run(world, { since: world.clock.now() })).toMatchObject({ counters: { new: 0 } })
    expect(await run(world, { container: 'silver' })).toMatchObject({ counters: { new: 1 } })
    expect(await versionsOf(world, 'c')).toEqual(['1'])
  })

  it('gives a workspace what the assets have, where rules name it now', async () => {
    const only = FILES_RULE.replace('[retail]', '[ml-retail]')
    const world = createMemoryWorld(only)
    for (const etag of ['0xa', '0xb']) await world.deliver(world.upload('files/orders.csv', { etag }))
    await world.drain()
    world.useRules(FILES_RULE)
    expect(await run(world)).toMatchObject({ counters: { new: 0 } })
    expect(await versionsOf(world, 'orders', 'ml-forecast')).toEqual([])
    const ended = await run(world, { workspace: 'ml-forecast' })
    expect(ended).toMatchObject({ counters: { new: 0, registered: 1 } })
    expect(await versionsOf(world, 'orders', 'ml-forecast')).toEqual(['2'])
    expect(await run(world, { workspace: 'ml-forecast' })).toMatchObject({ counters: { registered: 0 } })
  })

  it('shows files that no asset can be made of among the failures', async () => {
    const world = createMemoryWorld(FILES_RULE)
    world.upload('files/____.csv')
    expect(await run(world)).toMatchObject({ state: 'done', counters: { refused: 1, new: 0 } })
    const { items } = await world.ledger.listRefusals({ limit: 10 })
    expect(items.map(({ ref }) => ref.path)).toEqual(['files/____.csv'])
  })
})

describe('starting a re-sync run', () => {
  it('joins a run over the same ground that is under way', async () => {
    const world = createMemoryWorld(FILES_RULE)
    world.upload('files/a.csv')
    const first = await start(world, { prefix: 'files/' }, 'ana')
    const second = await start(world, { prefix: 'files/' }, 'ben')
    expect([first.kind, second.kind]).toEqual(['started', 'joined'])
    expect(second.run.id).toBe(first.run.id)
    await world.drain()
    expect((await start(world, { prefix: 'files/' }, 'ben')).run.id).not.toBe(first.run.id)
  })

  it('joins also where two are started in the same moment', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const answers = await Promise.all(['ana', 'ben', 'eve'].map(by => start(world, {}, by)))
    expect(new Set(answers.map(({ run }) => run.id)).size).toBe(1)
    expect(answers.filter(({ kind }) => kind === 'started')).toHaveLength(1)
  })

  it('leads the same idempotency key to the same run for a day, and refuses it for something else', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const first = await start(world, {}, 'ana', 'k')
    await world.drain()
    const again = await start(world, {}, 'ana', 'k')
    expect([again.kind, again.run.id]).toEqual(['repeated', first.run.id])
    expect(
      await world.lakemark.resync.start({ filter: { rule: 'files' }, by: 'ana', idempotencyKey: 'k' }),
    ).toMatchObject({
      kind: 'refused',
      why: 'key',
    })
    expect((await start(world, {}, 'ben', 'k')).kind).toBe('started')
    world.pass(25 * 60 * MINUTE)
    await world.drain()
    expect((await start(world, {}, 'ana', 'k')).kind).toBe('started')
  })

  it('refuses more runs at once than may be, and what no rule does', async () => {
    const world = createMemoryWorld(FILES_RULE)
    for (const prefix of ['files/a', 'files/b', 'files/c', 'files/d']) await start(world, { prefix })
    const { resync } = world.lakemark
    expect(await resync.start({ filter: { prefix: 'files/e' }, by: 'ana' })).toMatchObject({
      kind: 'refused',
      why: 'busy',
    })
    await world.drain()
    expect(await resync.start({ filter: { prefix: 'files/e' }, by: 'ana' })).toMatchObject({
      kind: 'started',
    })
    for (const filter of [{ rule: 'nope' }, { container: 'gold' }, { workspace: 'nope' }]) {
      expect(await resync.start({ filter, by: 'ana' })).toMatchObject({ kind: 'refused', why: 'nothing' })
    }
  })

  it('goes on with a run of which only the register knows', async () => {
    const world = createMemoryWorld(FILES_RULE)
    world.upload('files/a.csv')
    const { run } = await start(world)
    const stored = await world.runStore.read('run', '', run.id)
    await world.runStore.remove('run', '', [run.id])
    world.queue.take()
    world.pass(3 * MINUTE)
    await world.lakemark.resync.sweep()
    await world.drain()
    expect(stored).toBeDefined()
    expect(await world.lakemark.resync.get(run.id)).toMatchObject({ state: 'done', counters: { new: 1 } })
  })

  it('lists runs newest first, with the last one of the schedule by itself', async () => {
    const world = createMemoryWorld(FILES_RULE)
    expect(await world.lakemark.resync.lastScheduled()).toEqual({
      open: 0,
      run: undefined,
      succeededAt: undefined,
    })
    await world.lakemark.resync.startScheduled()
    await world.drain()
    world.pass(1000)
    const { run } = await start(world, { rule: 'files' })
    const { items } = await world.lakemark.resync.list({ limit: 10 })
    expect(items.map(({ by, state }) => [by, state])).toEqual([
      ['ana', 'queued'],
      ['schedule', 'done'],
    ])
    expect(items[0]?.id).toBe(run.id)
    expect(await world.lakemark.resync.lastScheduled()).toMatchObject({
      run: { by: 'schedule', state: 'done' },
      succeededAt: world.clock.now() - 1000,
    })
  })

  it('remember when one of the schedule last went well, while the next is under way or has not', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.lakemark.resync.startScheduled()
    await world.drain()
    const { succeededAt } = await world.lakemark.resync.lastScheduled()
    expect(succeededAt).toBeDefined()
    for (let day = 0; day < 2; day += 1) {
      world.pass(DAY)
      const next = await world.lakemark.resync.startScheduled()
      expect(await world.lakemark.resync.lastScheduled()).toMatchObject({
        run: { state: 'queued' },
        succeededAt,
      })
      if (next.kind !== 'refused') await world.lakemark.resync.cancel(next.run.id, 'ana')
    }
    expect(await world.lakemark.resync.lastScheduled()).toMatchObject({
      run: { state: 'cancelled' },
      succeededAt,
    })
  })
})

describe('cancelling a re-sync run', () => {
  it('ends it for good, and makes room for another', async () => {
    const world = createMemoryWorld(FILES_RULE)
    world.upload('files/a.csv')
    const { run } = await start(world)
    const { resync } = world.lakemark
    expect(await resync.cancel(run.id, 'ben')).toMatchObject({ cancelled: true, run: { state: 'cancelled' } })
    await world.drain()
    expect(await resync.get(run.id)).toMatchObject({
      state: 'cancelled',
      reason: 'cancelled by ben',
      counters: { new: 0 },
    })
    expect(await resync.cancel(run.id, 'eve')).toMatchObject({
      cancelled: false,
      run: { reason: 'cancelled by ben' },
    })
    expect(await versionsOf(world, 'a')).toEqual([])
    expect((await start(world)).kind).toBe('started')
    expect(await resync.cancel('nope', 'ben')).toBeUndefined()
  })
})

const place = { account: 'contosolake', container: 'silver', order: 'flat' } as const
