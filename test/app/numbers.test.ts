import { describe, expect, it } from 'vitest'
import { TransientError } from '../../src/core/errors.ts'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'

type MemoryWorld = ReturnType<typeof createMemoryWorld>

async function takeByHand(world: MemoryWorld, alias: string, number: number) {
  const workspace = world.ruleSet.workspaces.get(alias)
  if (workspace === undefined) throw new Error(`no workspace ${alias}`)
  const outcome = await world.azureMl.putVersion(workspace, 'orders', number, {
    type: 'uri_file',
    dataUri: 'azureml://datastores/mine/paths/by-hand.csv',
    description: undefined,
    tags: {},
    properties: {},
  })
  if (outcome !== 'registered') throw new Error('the number was not free')
}

const ALIASES = ['ml-retail', 'ml-forecast']
const OURS = 'files/orders.csv'

async function oursIn(world: MemoryWorld, alias: string): Promise<number[]> {
  const versions = await world.registered(alias, 'orders')
  return Object.entries(versions).flatMap(([number, path]) => (path === OURS ? Number(number) : []))
}

describe('version numbers', () => {
  it('begin behind those that were used by hand before the asset was first seen, in every workspace', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await takeByHand(world, 'ml-forecast', 3)
    await world.deliver(world.upload(OURS))
    await world.deliver(world.upload(OURS))
    await world.drain()
    for (const alias of ALIASES) expect(await oursIn(world, alias)).toEqual([4, 5])
  })

  it('skip a number that is taken by hand later, in every workspace', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.deliver(world.upload(OURS))
    await world.drain()
    await takeByHand(world, 'ml-forecast', 2)
    await world.deliver(world.upload(OURS))
    await world.deliver(world.upload(OURS))
    await world.drain()
    for (const alias of ALIASES) {
      const ours = await oursIn(world, alias)
      expect(ours).toHaveLength(3)
      expect(ours).not.toContain(2)
    }
    expect(await oursIn(world, 'ml-retail')).toEqual(await oursIn(world, 'ml-forecast'))
    const detail = await world.lakemark.status.asset('orders')
    expect(detail?.versions.find(({ version }) => version === 2)?.movedTo).toBe(4)
  })

  it('mean the same data everywhere even where the taken number was registered elsewhere already', async () => {
    let down = false
    const world = createMemoryWorld(FILES_RULE, ({ azureMl }) => ({
      azureMl: {
        ...azureMl,
        async putVersion(workspace, ...rest) {
          if (down && workspace.alias === 'ml-forecast') throw new TransientError('down')
          return azureMl.putVersion(workspace, ...rest)
        },
      },
    }))
    await world.deliver(world.upload(OURS))
    await world.drain()
    down = true
    await world.deliver(world.upload(OURS))
    await world.drain({ forMs: 1000 })
    expect(await oursIn(world, 'ml-retail')).toEqual([1, 2])
    down = false
    await takeByHand(world, 'ml-forecast', 2)
    await world.drain()
    for (const alias of ALIASES) expect(await oursIn(world, alias)).toEqual([1, 3])
  })

  it('go on where the workspace that holds a number by hand could not be asked at first', async () => {
    let asked = false
    const world = createMemoryWorld(FILES_RULE, ({ azureMl }) => ({
      azureMl: {
        ...azureMl,
        async highestVersion(workspace, asset) {
          if (!asked && workspace.alias === 'ml-forecast') {
            asked = true
            throw new TransientError('down')
          }
          return azureMl.highestVersion(workspace, asset)
        },
      },
    }))
    for (const number of [1, 2, 3]) await takeByHand(world, 'ml-forecast', number)
    await world.deliver(world.upload(OURS))
    await world.drain()
    expect(asked).toBe(true)
    for (const alias of ALIASES) expect(await oursIn(world, alias)).toEqual([4])
  })
})
