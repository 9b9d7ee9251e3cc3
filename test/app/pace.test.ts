import { describe, expect, it } from 'vitest'
import { createPacer } from '../../src/app/delivery/pacer.ts'
import type { ArmMeter } from '../../src/app/ports.ts'
import { ARM_BUDGETS } from '../../src/core/arm-budget.ts'
import { NO_ROWS } from '../../src/core/asset/asset.ts'
import { TransientError } from '../../src/core/errors.ts'
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts'
import { createMemoryBudgetStore } from '../../src/memory/budget-store.ts'
import { createMemoryWorld, FILES_RULE, silentLog } from '../support/memory-world.ts'
import { createPacedWorld } from '../support/paced-world.ts'
import { NOW } from '../support/samples.ts'

const { capacity, perSecond } = ARM_BUDGETS.writes
const allowedMs = (writes: number) => (Math.max(0, writes - capacity) / perSecond) * SECOND

describe('a backlog larger than ARM’s budget', () => {
  it('over two subscriptions and three processes takes hardly longer than the budget allows, and meets hardly a 429', async () => {
    const { world, arm, work, elapsed } = createPacedWorld({ processes: 3 })
    const assets = 2500
    for (let index = 0; index < assets; index += 1) await world.deliver(world.upload(`files/f${index}.csv`))
    await work()
    expect(arm.seen.get('ml-retail')).toHaveLength(assets)
    expect(arm.seen.get('ml-forecast')).toHaveLength(assets)
    expect(elapsed()).toBeLessThan(1.05 * allowedMs(assets))
    expect(elapsed()).toBeGreaterThan(0.95 * allowedMs(assets))
    expect(arm.counts.refused).toBeLessThan(0.01 * arm.counts.answered)
  })

  it('of one huge asset does not hold up a small one that comes later', async () => {
    const { world, arm, work, elapsed } = createPacedWorld({ processes: 3 })
    const versions = 1200
    for (let index = 0; index < versions; index += 1) await world.deliver(world.upload('files/huge.csv'))
    const small = Array.from({ length: 20 }, (_, index) => `small${index}`)
    for (const name of small) await world.deliver(world.upload(`files/${name}.csv`))
    await work()
    const end = elapsed()
    expect(arm.seen.get('ml-retail')).toHaveLength(versions + small.length)
    const start = world.clock.now() - end
    const lastSmall = Math.max(
      ...(arm.seen.get('ml-retail') ?? [])
        .filter(({ asset }) => asset !== 'huge')
        .map(({ at }) => at - start),
    )
    expect(lastSmall).toBeLessThan(20 * SECOND)
    expect(end).toBeLessThan(1.1 * allowedMs(versions + small.length))
    expect(arm.counts.refused).toBeLessThan(0.01 * arm.counts.answered)
  })

  it('is none where of many versions few are to be sent again', async () => {
    const { world, arm, work, elapsed } = createPacedWorld({ processes: 3 })
    const names = Array.from({ length: 100 }, (_, index) => `f${index}`)
    for (let version = 0; version < 30; version += 1) {
      for (const name of names) await world.deliver(world.upload(`files/${name}.csv`))
    }
    await work()
    // As if each workspace had refused the third version of each asset.
    for (const name of names) {
      const state = await world.ledger.readWork(name)
      const [version] = await world.ledger.readVersions(name, { from: 3, limit: 1 })
      if (state === undefined || version === undefined) throw new Error('nothing was delivered')
      const failed = { state: 'failed' as const, at: 0, reason: 'refused' }
      version.outcomes = { 'ml-retail': failed, 'ml-forecast': failed }
      await world.ledger.commit(name, state.etag, { ...NO_ROWS, head: state.head, versions: [version] })
    }
    world.pass(10 * MINUTE)
    const [sent, begun] = [arm.seen.get('ml-retail')?.length ?? 0, elapsed()]
    for (const name of names) await world.lakemark.retry(name)
    await work()
    expect(arm.seen.get('ml-retail')).toHaveLength(sent + names.length)
    expect(elapsed() - begun).toBeLessThan(3 * SECOND)
  })

  it('also of numbers that are to be taken back takes no more than the budget', async () => {
    const { world, arm, work, elapsed } = createPacedWorld({ processes: 3 })
    const names = Array.from({ length: 120 }, (_, index) => `f${index}`)
    const deliverAll = async () => {
      for (const name of names) await world.deliver(world.upload(`files/${name}.csv`))
      await work()
    }
    await deliverAll()
    const forecast = world.ruleSet.workspaces.get('ml-forecast')
    if (forecast === undefined) throw new Error('the rules name it')
    const dataUri = 'azureml://datastores/theirs/paths/x.csv'
    const stranger = { type: 'uri_file', dataUri, description: undefined, tags: {}, properties: {} } as const
    for (const name of names) await arm.unpaced.putVersion(forecast, name, 2, stranger)
    const begun = elapsed()
    await deliverAll()
    expect(arm.counts).toMatchObject({ refused: 0, archived: names.length })
    for (const name of names)
      expect(Object.keys(await world.registered('ml-retail', name))).toEqual(['1', '3'])
    expect(elapsed() - begun).toBeLessThan(1.2 * allowedMs(3 * names.length + capacity))
  })

  it('in one subscription holds up no other', async () => {
    const { world, arm, work } = createPacedWorld({ processes: 2 })
    const subscription = world.ruleSet.workspaces.get('ml-retail')?.subscription ?? ''
    for (let index = 0; index < capacity; index += 1) arm.throttle.take(subscription, 'writes')
    const start = world.clock.now()
    for (let index = 0; index < 100; index += 1) await world.deliver(world.upload(`files/f${index}.csv`))
    await work()
    const lastAt = (alias: string) => Math.max(...(arm.seen.get(alias) ?? []).map(({ at }) => at - start))
    expect(lastAt('ml-forecast')).toBeLessThan(2 * SECOND)
    expect(lastAt('ml-retail')).toBeGreaterThan(5 * SECOND)
    expect(arm.seen.get('ml-retail')).toHaveLength(100)
  })
})

describe('trouble of one workspace', () => {
  const registered = async (world: ReturnType<typeof createMemoryWorld>, alias: string) =>
    Object.keys(await world.registered(alias, 'a'))

  it.each([undefined, 5 * SECOND, HOUR])(
    'that takes no questions (Retry-After %s) does not keep a new asset from the others',
    async retryAfterMs => {
      let asked = 0
      const world = createMemoryWorld(FILES_RULE, ({ azureMl }) => ({
        azureMl: {
          ...azureMl,
          async highestVersion(workspace, asset) {
            if (workspace.alias !== 'ml-forecast') return azureMl.highestVersion(workspace, asset)
            asked += 1
            throw new TransientError('answered 429', { throttled: true, retryAfterMs })
          },
        },
      }))
      await world.deliver(world.upload('files/a.csv'))
      await world.drain({ forMs: MINUTE })
      expect(await registered(world, 'ml-retail')).toEqual(['1'])
      await world.drain({ forMs: 2 * HOUR })
      expect(await registered(world, 'ml-forecast')).toEqual(['1'])
      expect(asked).toBe(1)
    },
  )

  it('or rather of its subscription’s account, delays it alone', async () => {
    let fails = true
    const world = createMemoryWorld(FILES_RULE, ({ budgetStore }) => ({
      budgetStore: {
        ...budgetStore,
        async read(subscription, kind) {
          if (fails && subscription.endsWith('2')) throw new TransientError('the account is not to be had')
          return budgetStore.read(subscription, kind)
        },
      },
    }))
    await world.deliver(world.upload('files/a.csv'))
    await world.drain({ forMs: MINUTE })
    expect(await registered(world, 'ml-retail')).toEqual(['1'])
    expect(await registered(world, 'ml-forecast')).toEqual([])
    const head = (await world.ledger.readWork('a'))?.head
    expect(head?.cursors['ml-forecast']?.reason).toBe('the account is not to be had')
    fails = false
    await world.drain()
    expect(await registered(world, 'ml-forecast')).toEqual(['1'])
  })
})

describe('a place in the line', () => {
  it('that is taken up too late is given to others, and a new one is had', async () => {
    const { world, arm } = createPacedWorld({ processes: 1 })
    const assets = 600
    for (let index = 0; index < assets; index += 1) await world.deliver(world.upload(`files/f${index}.csv`))
    for (let minutes = 0; minutes < 20; minutes += 1) {
      world.pass(62 * SECOND)
      for (const message of world.queue.take()) {
        if (message.kind === 'assets') await world.lakemark.work(message.assets, { redelivered: false })
      }
    }
    expect(arm.seen.get('ml-retail')).toHaveLength(assets)
    expect(arm.counts.refused).toBeLessThan(0.01 * arm.counts.answered)
  })
})

describe('many processes', () => {
  const SUBSCRIPTION = '00000000-0000-0000-0000-00000000abcd'
  const quiet: ArmMeter = { read: () => ({ remaining: undefined, at: 0, inFlight: 0 }) }

  /** Each has sent something a moment ago. */
  async function pacers(count: number) {
    const store = createMemoryBudgetStore()
    let now = NOW
    const clock = { now: () => now }
    const all = Array.from({ length: count }, () =>
      createPacer({ store, meter: quiet, clock, log: silentLog }),
    )
    for (const pacer of all) {
      await pacer.turn(SUBSCRIPTION, 'writes', 1)
      now += SECOND
    }
    return { all, now: () => now }
  }

  it.each([1, 10, 50])('(%i) are never given more at once than the bucket holds', async count => {
    const { all, now } = await pacers(count)
    const wants = Array.from({ length: 600 }, (_, index) => all[index % count])
    const turns = await Promise.all(wants.map(pacer => pacer?.turn(SUBSCRIPTION, 'writes', 1)))
    const atOnce = turns.filter(turn => turn !== undefined && turn.count > 0 && turn.at <= now())
    expect(atOnce.length).toBeLessThanOrEqual(capacity)
    expect(atOnce.length).toBeGreaterThan(capacity / 2)
  })

  it('that ask at the same time are all given an answer', async () => {
    const { all } = await pacers(80)
    const turns = await Promise.all(all.map(pacer => pacer.turn(SUBSCRIPTION, 'writes', 20)))
    expect(turns).toHaveLength(80)
  })

  it('share one budget, however the subscription is written', async () => {
    const { all, now } = await pacers(2)
    const wants = Array.from({ length: 600 }, (_, index) =>
      all[index % 2]?.turn(index % 2 === 0 ? SUBSCRIPTION : SUBSCRIPTION.toUpperCase(), 'writes', 1),
    )
    const atOnce = (await Promise.all(wants)).filter(turn => turn !== undefined && turn.at <= now())
    expect(atOnce.length).toBeLessThanOrEqual(capacity)
  })
})

describe('a budget that is larger than the documented one', () => {
  it('is used, as far as ARM says what is left of it', async () => {
    const { world, arm, work, elapsed } = createPacedWorld({ processes: 3, times: 20 })
    const assets = 2500
    // The first of them learn what ARM says.
    for (const from of [0, 100]) {
      for (let index = from; index < (from === 0 ? 100 : assets); index += 1)
        await world.deliver(world.upload(`files/f${index}.csv`))
      await work()
    }
    expect(arm.seen.get('ml-retail')).toHaveLength(assets)
    expect(elapsed()).toBeLessThan(0.2 * allowedMs(assets))
    expect(arm.counts.refused).toBeLessThan(0.01 * arm.counts.answered)
  })
})

describe('a budget that somebody else spends in our name', () => {
  it('is waited for until Retry-After, by all processes, and costs few refusals', async () => {
    const { world, arm, work } = createPacedWorld({ processes: 3 })
    const subscription = world.ruleSet.workspaces.get('ml-retail')?.subscription ?? ''
    for (let index = 0; index < 400; index += 1) await world.deliver(world.upload(`files/f${index}.csv`))
    // The bucket is empty and the store says that it is full.
    for (let index = 0; index < capacity; index += 1) arm.throttle.take(subscription, 'writes')
    await work()
    expect(arm.seen.get('ml-retail')).toHaveLength(400)
    expect(arm.seen.get('ml-forecast')).toHaveLength(400)
    expect(arm.counts.refused).toBeLessThan(250)
  })
})
