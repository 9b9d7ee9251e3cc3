import { describe, expect, it } from 'vitest'
import { createDoomed } from '../support/doomed.ts'
import { beginRun, dieAtEachCall, endRun } from '../support/killed-run.ts'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'

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

describe('a re-sync run whose process is killed', () => {
  it.each([
    ['before', false],
    ['after', true],
  ])('registers each lost file once, at whichever call it dies (%s the call)', async (_, isMade) => {
    const n = await dieAtEachCall(createScene, isMade, async (n, { counters }, world) => {
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
    })
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
      await beginRun(world, lakemark).catch(error => expect(String(error)).toMatch(/dead/))
      alive = calls() < n
      world.removal('files/a.csv')
      await endRun(world)
      for (const asset of ['b', 'sub-d', 'sub-e']) {
        const versions = Object.keys(await world.registered('ml-retail', asset))
        expect([n, asset, versions]).toEqual([n, asset, ['1']])
      }
    }
  })
})
