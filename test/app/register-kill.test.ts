import { describe, expect, it } from 'vitest'
import { MINUTE } from '../../src/core/time.ts'
import type { Lakemark } from '../../src/wiring.ts'
import { createDoomed } from '../support/doomed.ts'
import { createMemoryWorld } from '../support/memory-world.ts'
import {
  DEFINITIONS,
  type MemoryWorld,
  requestOf,
  shown,
  uploadBronze,
  WATCHING_RULES,
} from './register-scene.ts'

const PORTS = ['ledger', 'agenda', 'queue', 'lake', 'azureMl', 'budgetStore', 'runStore'] as const
const { SILVER, BRONZE } = DEFINITIONS
const REQUEST = requestOf({ sales: 'sales/**/*.csv', one: 'one.csv' }, { datastores: [BRONZE, SILVER] })

function createScene(): MemoryWorld {
  const world = createMemoryWorld(WATCHING_RULES)
  for (const path of ['sales/eu/a.csv', 'sales/us/b.csv', 'sales/c.csv', 'one.csv']) world.upload(path)
  uploadBronze(world, 'sales/d.csv', '0xd')
  return world
}

const start = ({ register }: Lakemark) =>
  register.start({ request: REQUEST, dryRun: false, by: 'ana', idempotencyKey: 'k' })

/** Works through what is visible; what a process that dies takes from the queue is lost with it. */
async function work(world: MemoryWorld, { work, resync }: Lakemark): Promise<void> {
  for (let rounds = 0; rounds < 100; rounds += 1) {
    world.pass(1)
    const messages = world.queue.take()
    for (const message of messages) {
      if (message.kind === 'assets') await work(message.assets, { redelivered: false })
      else if (message.kind === 'run') await resync.work(message)
    }
    if (messages.length === 0) world.pass(5000)
    if (rounds > 20 && messages.length === 0) return
  }
}

/** What the timers of another process do, minute by minute; the caller asks again, as it was not answered. */
async function goOn(world: MemoryWorld) {
  const { lakemark } = world
  const answer = await start(lakemark)
  if (!('registration' in answer)) throw new Error(JSON.stringify(answer))
  for (let minutes = 0; minutes < 30; minutes += 1) {
    await lakemark.sweep()
    await lakemark.resync.sweep()
    await world.drain({ forMs: MINUTE })
    const found = await shown(world, answer.registration.id)
    if (found.endedAt !== null) return found
  }
  throw new Error('the run has not ended')
}

describe('a run that registers, whose process is killed', () => {
  it.each([
    ['before', false],
    ['after', true],
  ])('makes one version of each dataset, at whichever call it dies (%s the call)', async (_, isMade) => {
    let alive = false
    let n = 0
    for (n = 1; !alive; n += 1) {
      const world = createScene()
      const { lakemark, calls } = createDoomed(world, PORTS, n, isMade)
      try {
        await start(lakemark)
        await work(world, lakemark)
      } catch (error) {
        expect(String(error)).toMatch(/dead/)
      }
      alive = calls() < n
      const ended = await goOn(world)
      expect([n, ended.state, ended.reason]).toEqual([n, 'done', null])
      for (const [asset, path] of [
        ['sales', 'sales'],
        ['sales-bronze', 'sales'],
        ['one', 'one.csv'],
      ]) {
        expect([n, await world.registered('ml-retail', String(asset))]).toEqual([n, { 1: path }])
      }
      const files = (await world.lakemark.status.asset('sales'))?.versions.map(version => version.files)
      expect([n, files]).toEqual([n, [3]])
      expect((await world.runStore.read('register', '', 'runs'))?.document.open).toEqual([])
    }
    expect(n).toBeGreaterThan(100)
  })
})
