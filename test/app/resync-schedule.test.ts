import { describe, expect, it } from 'vitest'
import type { RunFilter } from '../../src/core/resync/filter.ts'
import { DAY, MINUTE, SECOND } from '../../src/core/time.ts'
import { createLakemark } from '../../src/wiring.ts'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'

type World = ReturnType<typeof createMemoryWorld>

const TWO_ACCOUNTS = `${FILES_RULE}
  - { name: other, from: fabrikamlake/silver, match: "files/{name}.csv", asset: "other-{name}", to: [ml-retail] }
`

async function start(world: World, filter: Partial<RunFilter>, by = 'ana') {
  return world.lakemark.resync.start({ filter, by })
}

async function startedBy(world: World, filter: Partial<RunFilter>): Promise<string> {
  const answer = await start(world, filter)
  if (answer.kind === 'refused') throw new Error(answer.reason)
  return answer.run.id
}

describe('the scheduled re-sync', () => {
  it('is one run, however many processes’ timers go off, and when in these seconds', async () => {
    const world = createMemoryWorld(FILES_RULE)
    world.upload('files/a.csv')
    const processes = Array.from({ length: 4 }, () => createLakemark(world).resync)
    for (let day = 1; day <= 3; day += 1) {
      for (const { startScheduled } of processes) {
        await startScheduled()
        // Long enough for the run to end before the next timer goes off.
        await world.drain()
        world.pass(3 * SECOND)
      }
      await Promise.all(processes.map(({ startScheduled }) => startScheduled()))
      await world.drain()
      expect((await world.lakemark.resync.list({ limit: 100 })).items).toHaveLength(day)
      world.pass(DAY - MINUTE)
    }
  })

  it('begins also where as many runs are under way as may be', async () => {
    const world = createMemoryWorld(FILES_RULE)
    for (const prefix of ['files/a', 'files/b', 'files/c', 'files/d']) await startedBy(world, { prefix })
    expect(await start(world, { prefix: 'files/e' })).toMatchObject({ kind: 'refused', why: 'busy' })
    expect(await world.lakemark.resync.startScheduled()).toMatchObject({ kind: 'started' })
    await world.drain()
    const { run } = await world.lakemark.resync.lastScheduled()
    expect(run).toMatchObject({ by: 'schedule', state: 'done' })
  })

  it('joins a run over everything that somebody has started', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const id = await startedBy(world, {})
    expect(await world.lakemark.resync.startScheduled()).toMatchObject({ kind: 'joined', run: { id } })
    expect((await world.lakemark.resync.lastScheduled()).run?.id).toBe(id)
  })

  it('forgets what is remembered of containers and folders that no rule names any more', async () => {
    const both = `${FILES_RULE}
  - { name: gone, from: contosolake/silver, match: "old/{name}.csv", asset: "old-{name}", to: [ml-retail] }
  - { name: away, from: contosolake/gold, match: "{name}.csv", asset: "gold-{name}", to: [ml-retail] }
`
    const world = createMemoryWorld(both)
    for (const path of ['files/a.csv', 'files/b.csv', 'old/a.csv', 'zoo.csv']) world.upload(path)
    const content = { etag: '0x1', sizeBytes: 1, isDirectory: false, isBeingCopied: false }
    world.lake.put({ account: 'contosolake', container: 'gold', path: 'x.csv' }, content)
    const remembered = async (container: string) =>
      (
        await world.listingIndex.read({ account: 'contosolake', container, order: 'flat' }, '', {
          limit: 100,
        })
      ).items.map(({ bound }) => bound)
    const daily = async () => {
      await world.lakemark.resync.startScheduled()
      await world.drain()
      world.pass(DAY)
    }
    await daily()
    await daily()
    expect([await remembered('gold'), await remembered('silver')]).toEqual([[''], ['files/', 'old/']])
    world.useRules(FILES_RULE)
    await daily()
    expect([await remembered('gold'), await remembered('silver')]).toEqual([[], ['files/']])
    expect((await world.lakemark.resync.lastScheduled()).run?.counters).toMatchObject({ listed: 2, new: 0 })
  })

  it('removes an old run only with all that belongs to it', async () => {
    const world = createMemoryWorld(FILES_RULE)
    world.upload('files/a.csv')
    const id = await startedBy(world, {})
    await world.drain()
    const { list } = world.runStore
    // More than is removed in one go.
    world.runStore.list = async (kind, scope, page) => {
      const found = await list(kind, scope, page)
      return kind === 'asset' ? { ...found, continuation: 'more' } : found
    }
    world.pass(31 * DAY)
    await world.lakemark.resync.startScheduled()
    expect(await world.lakemark.resync.get(id)).toBeDefined()
    world.runStore.list = list
    await world.drain()
    world.pass(DAY)
    await world.lakemark.resync.startScheduled()
    expect(await world.lakemark.resync.get(id)).toBeUndefined()
  })
})

describe('the ground of a run', () => {
  it('is the same, however its container is named', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const id = await startedBy(world, { container: 'silver' })
    expect(await start(world, { container: 'contosolake/silver' })).toMatchObject({
      kind: 'joined',
      run: { id },
    })
  })

  it('is not the same where the name means two containers', async () => {
    const world = createMemoryWorld(TWO_ACCOUNTS)
    const id = await startedBy(world, { container: 'silver' })
    const other = await start(world, { container: 'contosolake/silver' })
    expect(other.kind === 'started' && other.run.id !== id).toBe(true)
  })

  it('is another for a dry run, which takes nothing in, and for one that verifies', async () => {
    const world = createMemoryWorld(FILES_RULE)
    world.upload('files/a.csv')
    const dry = await startedBy(world, { dryRun: true })
    const real = await startedBy(world, {})
    const verifying = await startedBy(world, { verify: true })
    expect(new Set([dry, real, verifying]).size).toBe(3)
    await world.drain()
    expect(await world.registered('ml-retail', 'a')).toEqual({ 1: 'files/a.csv' })
  })

  it('must be somewhere that a rule wants files from', async () => {
    const world = createMemoryWorld(FILES_RULE)
    expect(await start(world, { prefix: 'elsewhere/' })).toMatchObject({
      kind: 'refused',
      why: 'nothing',
      reason: 'no rule wants files whose paths begin with elsewhere/',
    })
    for (const prefix of ['f', 'files', 'files/', 'files/x']) {
      expect((await start(createMemoryWorld(FILES_RULE), { prefix })).kind).toBe('started')
    }
  })
})

describe('the filters of a run', () => {
  const YAML = `
rules:
  - { name: one, from: contosolake/silver, match: "in/{name}.csv", asset: "{name}", to: [ml-retail] }
  - { name: two, from: contosolake/silver, match: "in/{name}.csv", asset: "two-{name}", to: [ml-forecast] }
  - { name: three, from: contosolake/gold, match: "in/{name}.csv", asset: "gold-{name}", to: [ml-retail, ml-forecast] }
`
  const CONTAINERS = ['silver', 'gold']
  const NAMES = ['a', 'b']
  const OLD = 1_000_000

  /** Each value that a filter may have, and whether a file's asset is meant by it. */
  const CHOICES: Record<string, { value: unknown; means: (it: Made) => boolean }[]> = {
    container: [{ value: 'gold', means: it => it.container === 'gold' }],
    prefix: [{ value: 'in/a', means: it => it.name === 'a' }],
    rule: [{ value: 'two', means: it => it.rule === 'two' }],
    asset: [{ value: 'two-a', means: it => it.asset === 'two-a' }],
    workspace: [{ value: 'ml-forecast', means: it => it.rule !== 'one' }],
    since: [{ value: OLD + 1000, means: it => it.name === 'b' }],
  }
  interface Made {
    container: string
    name: string
    rule: string
    asset: string
  }
  const MADE: Made[] = NAMES.flatMap(name => [
    { container: 'silver', name, rule: 'one', asset: name },
    { container: 'silver', name, rule: 'two', asset: `two-${name}` },
    { container: 'gold', name, rule: 'three', asset: `gold-${name}` },
  ])
  const combinations = Array.from({ length: 2 ** Object.keys(CHOICES).length }, (_, bits) =>
    Object.keys(CHOICES).filter((_, at) => (bits >> at) % 2 === 1),
  )

  it.each(combinations)('hold all at once: %s %s %s %s %s %s', async (...names) => {
    const chosen = names.flatMap(name => (CHOICES[name] ?? []).map(it => ({ name, ...it })))
    const filter = Object.fromEntries(chosen.map(({ name, value }) => [name, value]))
    const world = createMemoryWorld(YAML)
    for (const container of CONTAINERS) {
      for (const name of NAMES) {
        const ref = { account: 'contosolake', container, path: `in/${name}.csv` }
        const content = { etag: `0x${name}`, sizeBytes: 1, isDirectory: false, isBeingCopied: false }
        world.lake.put(ref, { ...content, lastModified: name === 'a' ? OLD : OLD + 5000 })
      }
    }
    const answer = await start(world, filter)
    await world.drain()
    const taken = []
    for (const { asset } of MADE) if ((await world.ledger.readWork(asset)) !== undefined) taken.push(asset)
    const meant = MADE.filter(it => chosen.every(({ means }) => means(it))).map(({ asset }) => asset)
    expect(taken).toEqual(meant)
    if (answer.kind === 'refused') expect(meant).toEqual([])
  })
})
