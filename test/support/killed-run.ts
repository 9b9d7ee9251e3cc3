import { expect } from 'vitest'
import type { RunView } from '../../src/app/resync/run-view.ts'
import { MINUTE } from '../../src/core/time.ts'
import type { Lakemark, World } from '../../src/wiring.ts'
import { createDoomed } from './doomed.ts'
import type { createMemoryWorld } from './memory-world.ts'

type MemoryWorld = ReturnType<typeof createMemoryWorld>

/** All that a re-sync run needs of the world. */
const RUN_PORTS = [
  'ledger',
  'agenda',
  'queue',
  'lake',
  'azureMl',
  'budgetStore',
  'runStore',
  'listingIndex',
] as const satisfies (keyof World)[]

export const REQUEST = { filter: {}, by: 'ana', idempotencyKey: 'k' }

/**
 * A run in a new scene each time, whose process dies with its first call, then with its second, and so on, until one comes
 * through; another process ends what it has begun. Answers at how many calls one died.
 */
export async function dieAtEachCall(
  createScene: () => Promise<MemoryWorld>,
  isMade: boolean,
  check: (n: number, run: RunView, world: MemoryWorld) => void | Promise<void>,
): Promise<number> {
  for (let n = 1; ; n += 1) {
    const world = await createScene()
    const { lakemark, calls } = createDoomed(world, RUN_PORTS, n, isMade)
    await beginRun(world, lakemark).catch(error => expect(String(error)).toMatch(/dead/))
    const isAlive = calls() < n
    await check(n, await endRun(world), world)
    if (isAlive) return n
  }
}

/**
 * Starts the run and works through what is visible, until the queue is empty or the process dies; what it has taken from
 * the queue by then is lost with it.
 */
export async function beginRun(world: MemoryWorld, { work, takeInListing, resync }: Lakemark): Promise<void> {
  await resync.start(REQUEST)
  for (let rounds = 0; rounds < 100; rounds += 1) {
    const messages = world.queue.take()
    if (messages.length === 0) return
    for (const message of messages) {
      if (message.kind === 'assets') await work(message.assets, { redelivered: false })
      else if (message.kind === 'run') await resync.work(message)
      else await takeInListing(message)
    }
  }
}

/** What the timers of another process do, minute by minute; the caller asks again. */
export async function endRun(world: MemoryWorld): Promise<RunView> {
  const { resync, sweep } = world.lakemark
  const answer = await resync.start(REQUEST)
  if (answer.kind === 'refused') throw new Error(answer.reason)
  for (let minutes = 0; minutes < 30; minutes += 1) {
    await sweep()
    await resync.sweep()
    await world.drain({ forMs: MINUTE })
    const run = await resync.get(answer.run.id)
    if (run?.state === 'done') return run
  }
  throw new Error('the run has not ended')
}
