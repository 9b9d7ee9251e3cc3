import { describe, expect, it } from 'vitest'
import type { RunView } from '../../src/app/resync/run-view.ts'
import { MINUTE } from '../../src/core/time.ts'
import type { Lakemark } from '../../src/wiring.ts'
import { createDoomed } from '../support/doomed.ts'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'

type MemoryWorld = ReturnType<typeof createMemoryWorld>

const PORTS = [
  'ledger',
  'agenda',
  'queue',
  'lake',
  'azureMl',
  'budgetStore',
  'runStore',
  'listingIndex',
] as const
const LOST = ['files/b.csv', 'files/sub/d.csv', 'files/sub/e.csv']
const RULE = `${FILES_RULE}
  - { name: below, from: contosolake/silver, match: "files/{area}/{name}.csv", asset: "{area}-{name}", to: [ml-retail] }
`

async function createScene() {
  const world = createMemoryWorld(RULE)
  for (const path of ['files/a.csv', 'files/c.csv', 'files/sub/f.csv'])
    await world.deliver(world.upload(path))
  await world.drain()
  for (const path of LOST) world.upload(path)
  world.pass(1000)
  return world
}

/** Works through what is visible; what is taken from the queue by a process that dies is lost with it. */
async function work(world: MemoryWorld, { work, takeInListing, resync }: Lakemark): Promise<void> {
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

async function dieIn(world: MemoryWorld, doomed: Lakemark): Promise<void> {
  try {
    await doomed.resync.start({ filter: {}, by: 'ana', idempotencyKey: 'k' })
    await work(world, doomed)
  } catch (error) {
    expect(String(error)).toMatch(/dead/)
  }
}

/** What the timers of another process do, minute by minute. */
async function goOn(world: MemoryWorld): Promise<RunView> {
  const { lakemark } = world
  const answer = await lakemark.resync.start({ filter: {}, by: 'ana', idempotencyKey: 'k' })
  if (answer.kind === 'refused') throw new Error(answer.reason)
  for (let minutes = 0; minutes < 30; minutes += 1) {
    await lakemark.sweep()
    await lakemark.resync.sweep()
    await world.drain({ forMs: MINUTE })
    const run = await lakemark.resync.get(answer.run.id)
    if (run?.state === 'done') return run
  }
  throw new Error('the run has not ended')
}

describe('a re-sync run whose process is killed', () => {
  it.each([
    ['before', false],
    ['after', true],
  ])('registers each lost file once, at whichever call it dies (%s the call)', async (_, isMade) => {
    let alive = false
    let n = 0
    for (n = 1; !alive; n += 1) {
      const world = await createScene()
      const { lakemark, calls } = createDoomed(world, PORTS, n, isMade)
      await dieIn(world, lakemark)
      alive = calls() < n
      const { counters } = await goOn(world)
      expect([n, counters]).toMatchObject([
        n,
        {
          listed: 6,
          bytes: 60,
          matched: 6,
          new: LOST.length,
          changed: 0,
          registered: 4,
          failed: 0,
          troubled: 0,
        },
      ])
      for (const asset of ['a', 'b', 'c', 'sub-d', 'sub-e', 'sub-f']) {
        const versions = Object.keys(await world.registered('ml-retail', asset))
        expect([n, asset, versions]).toEqual([n, asset, ['1']])
      }
      expect((await world.runStore.read('register', '', 'runs'))?.document.open).toEqual([])
    }
    expect(n).toBeGreaterThan(50)
  })

  it('leaves no file out where what lies there would be cut otherwise after its death', async () => {
    let alive = false
    for (let n = 1; !alive; n += 1) {
      const world = createMemoryWorld(RULE)
      world.upload('files/a.csv')
      for (const path of LOST) world.upload(path)
      world.pass(1000)
      const { lakemark, calls } = createDoomed(world, ['runStore'], n, true)
      await dieIn(world, lakemark)
      alive = calls() < n
      world.removal('files/a.csv')
      await goOn(world)
      for (const asset of ['b', 'sub-d', 'sub-e']) {
        const versions = Object.keys(await world.registered('ml-retail', asset))
        expect([n, asset, versions]).toEqual([n, asset, ['1']])
      }
    }
  })
})
