import type { RunView } from '../../src/app/resync/run-view.ts'
import { MINUTE } from '../../src/core/time.ts'
import type { Lakemark, World } from '../../src/wiring.ts'
import type { createMemoryWorld } from './memory-world.ts'

type MemoryWorld = ReturnType<typeof createMemoryWorld>

/** All that a re-sync run needs of the world. */
export const RUN_PORTS = [
  'ledger',
  'agenda',
  'queue',
  'lake',
  'azureMl',
  'budgetStore',
  'runStore',
  'listingIndex',
] as const satisfies (keyof World)[]

const REQUEST = { filter: {}, by: 'ana', idempotencyKey: 'k' }

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
