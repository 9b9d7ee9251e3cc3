import { describe, expect, it } from 'vitest'
import type { ArmMeter, ArmReading } from '../../src/app/ports.ts'
import { ARM_BUDGETS, type RequestKind } from '../../src/core/arm-budget.ts'
import { TransientError } from '../../src/core/errors.ts'
import { SECOND } from '../../src/core/time.ts'
import { createThrottle } from '../../src/emulators/azure-ml/throttle.ts'
import { createLakemark, type World } from '../../src/wiring.ts'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'

/** An Azure ML that takes what ARM takes, says in its answers what is left, and refuses the rest. */
function throttledArm({ azureMl, clock }: World, times: number) {
  const buckets = Object.fromEntries(
    Object.entries(ARM_BUDGETS).map(([kind, { capacity, perSecond }]) => [
      kind,
      { capacity: capacity * times, perSecond: perSecond * times },
    ]),
  )
  const throttle = createThrottle({ mode: 'arm', buckets, now: clock.now })
  const seen = new Map<string, { alias: string; asset: string; at: number }[]>()
  const counts = { answered: 0, refused: 0 }
  const readings = new Map<string, ArmReading>()
  const take = (subscription: string, kind: RequestKind) => {
    const { headers, retryAfterSeconds } = throttle.take(subscription, kind)
    const remaining = Number(headers[`x-ms-ratelimit-remaining-subscription-${kind}`])
    readings.set(`${subscription} ${kind}`, { remaining, at: clock.now(), inFlight: 0 })
    counts.answered += 1
    if (retryAfterSeconds === undefined) return
    counts.refused += 1
    throw new TransientError('answered 429', { throttled: true, retryAfterMs: retryAfterSeconds * SECOND })
  }
  const armMeter: ArmMeter = {
    read: (subscription, kind) =>
      readings.get(`${subscription} ${kind}`) ?? { remaining: undefined, at: 0, inFlight: 0 },
  }
  const throttled: World['azureMl'] = {
    ...azureMl,
    async putVersion(workspace, asset, ...rest) {
      take(workspace.subscription, 'writes')
      const outcome = await azureMl.putVersion(workspace, asset, ...rest)
      const { alias } = workspace
      const all = seen.get(alias) ?? []
      seen.set(alias, [...all, { alias, asset, at: clock.now() }])
      return outcome
    },
    async highestVersion(workspace, asset) {
      take(workspace.subscription, 'reads')
      return azureMl.highestVersion(workspace, asset)
    },
  }
  return { azureMl: throttled, armMeter, seen, counts, throttle }
}

/** `times`: how many times as large as the documented one the budget is. */
function createPacedWorld(processes: number, times = 1) {
  let arm: ReturnType<typeof throttledArm> | undefined
  const world = createMemoryWorld(FILES_RULE, plain => {
    arm = throttledArm(plain, times)
    return arm
  })
  if (arm === undefined) throw new Error('the world was not made')
  const others = Array.from({ length: processes - 1 }, () => createLakemark(world))
  const all = [world.lakemark, ...others]
  const start = world.clock.now()

  /** Every process takes its share of the messages; what shows up within a second is worked on at once. */
  async function work(): Promise<void> {
    for (let step = 0; step < 20_000; step += 1) {
      const nextAt = world.queue.nextAt()
      if (nextAt === undefined) return
      world.pass(Math.max(0, nextAt - world.clock.now()))
      const messages = world.queue.take()
      await Promise.all(
        messages.map((message, index) => {
          if (message.kind !== 'assets') throw new Error('only assets are announced here')
          return all[index % all.length]?.work(message.assets, { redelivered: false })
        }),
      )
    }
    throw new Error('the backlog does not come to an end')
  }
  const elapsed = () => world.clock.now() - start
  return { world, arm, work, elapsed }
}

const { capacity, perSecond } = ARM_BUDGETS.writes
const allowedMs = (writes: number) => (Math.max(0, writes - capacity) / perSecond) * SECOND

describe('a backlog larger than ARM’s budget', () => {
  it('over two subscriptions and three processes takes hardly longer than the budget allows, and meets hardly a 429', async () => {
    const { world, arm, work, elapsed } = createPacedWorld(3)
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
    const { world, arm, work, elapsed } = createPacedWorld(3)
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

  it('in one subscription holds up no other', async () => {
    const { world, arm, work } = createPacedWorld(2)
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

describe('a budget that is larger than the documented one', () => {
  it('is used, as far as ARM says what is left of it', async () => {
    const { world, arm, work, elapsed } = createPacedWorld(3, 20)
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
    const { world, arm, work } = createPacedWorld(3)
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
