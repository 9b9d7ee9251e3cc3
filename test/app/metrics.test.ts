import { describe, expect, it } from 'vitest'
import { countedMetrics } from '../../src/app/questions/counted-metrics.ts'
import { createMetrics } from '../../src/app/questions/metrics.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import type { MetricFamily } from '../../src/core/metrics-text.ts'
import { DAY, MINUTE, SECOND } from '../../src/core/time.ts'
import { createCounters, MAX_COUNTED_NAMES } from '../../src/memory/counters.ts'
import { createMemoryWorld, FOLDER_RULE } from '../support/memory-world.ts'
import { readSources } from '../tidy/sources.ts'

type MemoryWorld = ReturnType<typeof createMemoryWorld>
type Override = Parameters<typeof createMemoryWorld>[1]

const RULES = `${FOLDER_RULE}
  - { name: files, from: contosolake/silver, match: "files/{name}.csv", asset: "{name}", to: [retail] }
`
const NO_TROUBLE = {
  state: () => ({ active: undefined, candidate: undefined, backfill: [] }),
  trouble: () => undefined,
}

function createScene(
  override: Override = () => ({}),
  parts: Partial<Parameters<typeof createMetrics>[0]> = {},
) {
  const world = createMemoryWorld(RULES, override)
  const readMetrics = createMetrics({
    ...world,
    queueLength: async () => 3,
    lastScheduled: world.lakemark.resync.lastScheduled,
    keeper: NO_TROUBLE,
    inTime: work => work,
    ofProcess: () => [],
    version: '1.2.3',
    ...parts,
  })
  /** By name and labels. */
  async function read(): Promise<Record<string, number>> {
    const families = await readMetrics()
    return Object.fromEntries(families.flatMap(valuesOf))
  }
  return { world, read, readMetrics }
}

function valuesOf({ name, samples }: MetricFamily): [string, number][] {
  return samples.map(({ labels = {}, value }) => {
    const told = Object.values(labels).join(' ')
    return [`${name.replace(/^lakemark_/, '')}${told === '' ? '' : ` ${told}`}`, value]
  })
}

async function drop(world: MemoryWorld, ...paths: string[]) {
  await world.deliver(...paths.map(path => world.upload(path)))
  await world.drain({ forMs: SECOND })
}

describe('metrics', () => {
  it('count what comes, what is decided, and what is cut and delivered', async () => {
    let isRefusing = false
    const { world, read } = createScene(({ azureMl }) => ({
      azureMl: {
        ...azureMl,
        async putVersion(workspace, ...rest) {
          if (isRefusing && workspace.alias === 'ml-retail') throw new PermanentError('no')
          if (isRefusing) throw new TransientError('later')
          return azureMl.putVersion(workspace, ...rest)
        },
      },
    }))
    await drop(
      world,
      'files/a.csv',
      'files/___.csv',
      'other/x.csv',
      'sales/eu/dt=1/a.parquet',
      'sales/eu/dt=1/_SUCCESS',
    )
    await drop(world, 'sales/us/dt=1/a.parquet')
    await world.drain({ forMs: 6 * MINUTE })
    isRefusing = true
    await drop(world, 'files/b.csv')
    expect(await read()).toMatchObject({
      events_total: 7,
      'ignored_total no-rule-matches': 1,
      'files_total recorded': 4,
      'files_total marker': 1,
      'files_total refused': 1,
      'versions_cut_total at once': 2,
      'versions_cut_total marker': 1,
      'versions_cut_total settled': 1,
      'deliveries_total registered ml-retail': 3,
      'deliveries_total registered ml-forecast': 3,
      'deliveries_total failed ml-retail': 1,
      'deliveries_total delayed ml-forecast': 1,
    })
  })

  it('count runs as they begin and end', async () => {
    const { world, read } = createScene()
    const { resync } = world.lakemark
    expect(await read()).toMatchObject({ resync_runs_open: 0 })
    await resync.startScheduled()
    expect(await read()).toMatchObject({ resync_runs_open: 1, 'resync_runs_total started': 1 })
    await world.drain()
    world.pass(DAY)
    const values = await read()
    expect(values).toMatchObject({ resync_runs_open: 0, 'resync_runs_total done': 1 })
    expect(values.resync_success_age_seconds).toBe(DAY / SECOND)
    const next = await resync.startScheduled()
    if (next.kind !== 'refused') await resync.cancel(next.run.id, 'ana')
    expect(await read()).toMatchObject({
      'resync_runs_total cancelled': 1,
      'resync_runs_total started': 2,
      resync_success_age_seconds: DAY / SECOND,
    })
  })

  it('say nothing of the last good re-sync where there was none', async () => {
    const { read } = createScene()
    expect(Object.keys(await read())).not.toContain('resync_success_age_seconds')
  })

  it('say how long work has been overdue, once it is by more than the sweep lets pass', async () => {
    const { world, read } = createScene()
    await world.deliver(world.upload('files/a.csv'))
    // The message is lost.
    world.queue.take()
    world.pass(MINUTE)
    expect(await read()).toMatchObject({ work_overdue_seconds: 0, work_overdue_assets: 0 })
    world.pass(9 * MINUTE)
    expect(await read()).toMatchObject({ work_overdue_seconds: 600, work_overdue_assets: 1 })
    await world.lakemark.sweep()
    await world.drain()
    await world.lakemark.sweep()
    expect(await read()).toMatchObject({ work_overdue_seconds: 0, work_queue_messages: 3 })
  })

  it('say what is left of the budget of each subscription, and for how long it is stopped', async () => {
    const { world, read } = createScene()
    const now = world.clock.now()
    const first = '00000000-0000-0000-0000-000000000001'
    const state = { level: -12, at: now + 30 * SECOND, stoppedUntil: now + 30 * SECOND, raisedAt: 0 }
    await world.budgetStore.write(first, 'writes', undefined, state)
    expect(await read()).toMatchObject({
      [`arm_requests_left ${first}  writes`]: -12,
      [`arm_stopped_seconds ${first}  writes`]: 30,
      [`arm_requests_left ${first}  reads`]: 225,
      'arm_requests_left 00000000-0000-0000-0000-000000000002  writes': 180,
    })
  })

  it('leave out what does not answer, and say so', async () => {
    const { read } = createScene(
      ({ agenda }) => ({
        agenda: {
          ...agenda,
          async overdue() {
            throw new TransientError('the agenda is away')
          },
        },
      }),
      {
        queueLength: async () => {
          throw new TransientError('the queue is away')
        },
      },
    )
    const values = await read()
    expect(values).toMatchObject({
      'source_failed agenda': 1,
      'source_failed queue': 1,
      'source_failed runs': 0,
      'source_failed budgets': 0,
    })
    expect(Object.keys(values).filter(name => /^work_/.test(name))).toEqual([])
    expect(values.resync_runs_open).toBe(0)
  })

  it('say of the rules how many there are, and whether newer ones are in the way', async () => {
    const candidate = { commit: 'def', address: '', problems: [], seenAt: 0 }
    const troubled = {
      state: () => ({ active: undefined, candidate, backfill: [] }),
      trouble: () => ({ reason: 'git is away', at: 0 }),
    }
    expect(await createScene().read()).toMatchObject({ rules: 2, rules_refused: 0, rules_source_failed: 0 })
    expect(await createScene(undefined, { keeper: troubled }).read()).toMatchObject({
      rules_refused: 1,
      rules_source_failed: 1,
    })
  })

  it('keep what has no family of its own, and names that do not fit theirs', async () => {
    const { world, read } = createScene()
    for (const name of ['unheard:of', 'deliveries:registered', 'events:odd', '__proto__', 'constructor:x']) {
      world.counters.add(name)
    }
    world.counters.add('deliveries:registered:a:b"\n', 4)
    expect(await read()).toMatchObject({
      'counted_total unheard:of': 1,
      'counted_total deliveries:registered': 1,
      'counted_total events:odd': 1,
      'counted_total __proto__': 1,
      'counted_total constructor:x': 1,
      'deliveries_total registered a:b"\n': 4,
      events_total: 0,
    })
  })

  it('have a family for everything that is counted anywhere', () => {
    const counted = readSources('src').flatMap(({ text }) =>
      [...text.matchAll(/counters\.add\(([^\n]*)/g)].flatMap(([, argument = '']) =>
        [...argument.matchAll(/'([a-z][^']*)'|`([^`]*)`/g)].map(([, plain, template = '']) =>
          (plain ?? template).replace(/\$\{[^}]*\}/g, 'x'),
        ),
      ),
    )
    expect(counted).toEqual(expect.arrayContaining(['events', 'ignored:x', 'runs:started']))
    const families = countedMetrics(Object.fromEntries(counted.map(name => [name, 1])))
    expect(families.find(({ name }) => name === 'lakemark_counted_total')?.samples).toEqual([])
  })

  it('have names and scopes as they should, and no sample twice', async () => {
    const { world, readMetrics } = createScene()
    await drop(world, 'files/a.csv')
    const families = await readMetrics()
    const names = families.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const { name, help, type, samples } of families) {
      expect(name).toMatch(/^lakemark_[a-z_]+$/)
      expect(name.endsWith('_total')).toBe(type === 'counter')
      expect(help).toMatch(/^[A-Z].*\.$/)
      if (type === 'counter') expect(help).toMatch(/Of this process since its start\.$/)
      const labels = samples.map(sample => JSON.stringify(sample.labels ?? {}))
      expect(new Set(labels).size).toBe(labels.length)
    }
  })
})

describe('counters', () => {
  it('count together what comes under too many names', () => {
    const counters = createCounters()
    for (let at = 0; at < MAX_COUNTED_NAMES + 10; at += 1) counters.add(`name-${at}`)
    counters.add('name-1', 5)
    const counts = counters.all()
    expect(Object.keys(counts)).toHaveLength(MAX_COUNTED_NAMES + 1)
    expect([counts.other, counts['name-1']]).toEqual([10, 6])
  })
})
