import type { ArmMeter, ArmReading } from '../../src/app/ports.ts'
import { ARM_BUDGETS, type RequestKind } from '../../src/core/arm-budget.ts'
import { TransientError } from '../../src/core/errors.ts'
import type { Workspace } from '../../src/core/rules/rule-set.ts'
import { SECOND } from '../../src/core/time.ts'
import { createThrottle } from '../../src/emulators/azure-ml/throttle.ts'
import { createLakemark, type World } from '../../src/wiring.ts'
import { createMemoryWorld, FILES_RULE } from './memory-world.ts'

/**
 * An Azure ML that takes what ARM takes, says in its answers what is left, and refuses the rest. Every request counts that
 * a real one gets, except for those that follow a refusal.
 */
function throttledArm({ azureMl, clock }: World, times: number) {
  const buckets = Object.fromEntries(
    Object.entries(ARM_BUDGETS).map(([kind, { capacity, perSecond }]) => [
      kind,
      { capacity: capacity * times, perSecond: perSecond * times },
    ]),
  )
  const throttle = createThrottle({ mode: 'arm', buckets, now: clock.now })
  const seen = new Map<string, { alias: string; asset: string; at: number }[]>()
  const counts = { answered: 0, refused: 0, datastores: 0, archived: 0 }
  const readings = new Map<string, ArmReading>()
  const take = ({ subscription }: Workspace, kind: RequestKind) => {
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
    async ensureDatastore(workspace, datastore, options = {}) {
      return azureMl.ensureDatastore(workspace, datastore, {
        ...options,
        async beforeRequest(kind) {
          await options.beforeRequest?.(kind)
          take(workspace, kind)
          if (kind === 'writes') counts.datastores += 1
        },
      })
    },
    async putVersion(workspace, asset, ...rest) {
      take(workspace, 'writes')
      const outcome = await azureMl.putVersion(workspace, asset, ...rest)
      const { alias } = workspace
      const all = seen.get(alias) ?? []
      seen.set(alias, [...all, { alias, asset, at: clock.now() }])
      return outcome
    },
    async getVersion(workspace, ...rest) {
      take(workspace, 'reads')
      return azureMl.getVersion(workspace, ...rest)
    },
    async archiveVersion(workspace, ...rest) {
      take(workspace, 'writes')
      counts.archived += 1
      return azureMl.archiveVersion(workspace, ...rest)
    },
    async highestVersion(workspace, asset) {
      take(workspace, 'reads')
      return azureMl.highestVersion(workspace, asset)
    },
  }
  return { azureMl: throttled, armMeter, seen, counts, throttle, unpaced: azureMl }
}

interface Options {
  processes: number
  /** How many times as large as the documented one the budget is. */
  times?: number
  rules?: string
}

export function createPacedWorld({ processes, times = 1, rules = FILES_RULE }: Options) {
  let arm: ReturnType<typeof throttledArm> | undefined
  const world = createMemoryWorld(rules, plain => {
    arm = throttledArm(plain, times)
    return { azureMl: arm.azureMl, armMeter: arm.armMeter }
  })
  if (arm === undefined) throw new Error('the world was not made')
  const others = Array.from({ length: processes - 1 }, () => createLakemark(world))
  const all = [world.lakemark, ...others]
  const start = world.clock.now()

  /** Every process takes its share of the messages; what shows up within a second is worked on at once. */
  async function work({ until = Number.POSITIVE_INFINITY } = {}): Promise<void> {
    for (let step = 0; step < 20_000; step += 1) {
      const nextAt = world.queue.nextAt()
      if (nextAt === undefined || nextAt > until) return
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
