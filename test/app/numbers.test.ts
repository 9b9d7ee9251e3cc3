import { describe, expect, it } from 'vitest'
import { TransientError } from '../../src/core/errors.ts'
import { MINUTE } from '../../src/core/time.ts'
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

  /** A world in which ml-forecast takes nothing while it is down, with version 2 in ml-retail alone. */
  async function halfDelivered() {
    const trouble = { down: false, commits: false, archiving: false }
    const archived: number[] = []
    const world = createMemoryWorld(FILES_RULE, ({ azureMl, ledger }) => ({
      azureMl: {
        ...azureMl,
        async putVersion(workspace, ...rest) {
          if (trouble.down && workspace.alias === 'ml-forecast') throw new TransientError('down')
          return azureMl.putVersion(workspace, ...rest)
        },
        async archiveVersion(workspace, asset, number) {
          if (trouble.archiving) throw new TransientError('cannot be archived now')
          archived.push(number)
          return azureMl.archiveVersion(workspace, asset, number)
        },
      },
      ledger: {
        ...ledger,
        async commit(asset, etag, transition) {
          const moves = transition.versions.some(({ movedTo }) => movedTo !== undefined)
          if (moves && trouble.commits) throw new TransientError('the process dies')
          return ledger.commit(asset, etag, transition)
        },
      },
    }))
    await world.deliver(world.upload(OURS))
    await world.drain()
    trouble.down = true
    await world.deliver(world.upload(OURS))
    await world.drain({ forMs: 1000 })
    trouble.down = false
    await takeByHand(world, 'ml-forecast', 2)
    return { world, trouble, archived }
  }

  it('are taken back only once the move is durable: nothing is archived that may have to stay', async () => {
    const { world, trouble, archived } = await halfDelivered()
    trouble.commits = true
    for (let tries = 0; tries < 3; tries += 1) {
      world.pass(5 * MINUTE)
      await expect(world.lakemark.work(['orders'], { redelivered: true })).rejects.toThrow('dies')
    }
    expect(archived).toEqual([])
    expect(await oursIn(world, 'ml-retail')).toEqual([1, 2])
    trouble.commits = false
    world.pass(5 * MINUTE)
    await world.lakemark.sweep()
    await world.drain()
    for (const alias of ALIASES) expect(await oursIn(world, alias)).toEqual([1, 3])
    expect(archived).toEqual([2])
  })

  it('are taken back as soon as the workspace can be told, which holds up no other', async () => {
    const { world, trouble } = await halfDelivered()
    trouble.archiving = true
    await world.drain({ forMs: 10 * MINUTE })
    expect(await oursIn(world, 'ml-forecast')).toEqual([1, 3])
    expect(await oursIn(world, 'ml-retail')).toEqual([1, 2])
    trouble.archiving = false
    await world.drain()
    expect(await oursIn(world, 'ml-retail')).toEqual([1, 3])
  })
})
