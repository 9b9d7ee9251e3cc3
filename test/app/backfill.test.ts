import { describe, expect, it } from 'vitest'
import { TransientError } from '../../src/core/errors.ts'
import type { Workspace } from '../../src/core/rules/rule-set.ts'
import { createMemoryWorld, FILES_RULE, FOLDER_RULE } from '../support/memory-world.ts'

type MemoryWorld = ReturnType<typeof createMemoryWorld>
const ONE_WORKSPACE = FILES_RULE.replace('[retail]', '[ml-retail]')
const numbers = async (world: MemoryWorld, alias: string) =>
  Object.keys(await world.registered(alias, 'orders'))

async function backfill(world: MemoryWorld, path = 'files', rules = ['files']) {
  await world.queue.enqueue([
    {
      message: {
        kind: 'listing',
        folder: { account: 'contosolake', container: 'silver', path },
        continuation: undefined,
        backfill: { rules, since: 0 },
      },
      delayMs: 0,
    },
  ])
  await world.drain()
}

async function takeByHand(world: MemoryWorld, number: number) {
  const workspace = world.ruleSet.workspaces.get('ml-retail') as Workspace
  const body = { type: 'uri_file', dataUri: 'azureml://datastores/mine/paths/x', tags: {} } as const
  await world.azureMl.putVersion(workspace, 'orders', number, {
    ...body,
    description: undefined,
    properties: {},
  })
}

async function withThreeVersions() {
  const world = createMemoryWorld(ONE_WORKSPACE)
  for (let version = 1; version <= 3; version += 1) await world.deliver(world.upload('files/orders.csv'))
  await world.drain()
  return world
}

describe('a change of the rules', () => {
  it('registers the files that it newly matches, and none of them twice', async () => {
    const world = createMemoryWorld(FILES_RULE.replace('files/{name}.csv', 'elsewhere/{name}.csv'))
    await world.deliver(world.upload('files/orders.csv'))
    await world.drain()
    expect(await numbers(world, 'ml-retail')).toEqual([])
    world.useRules(FILES_RULE)
    await backfill(world)
    await backfill(world)
    for (const alias of ['ml-retail', 'ml-forecast']) expect(await numbers(world, alias)).toEqual(['1'])
  })

  it('gives the newest version of each asset to a workspace that it adds', async () => {
    const world = await withThreeVersions()
    world.useRules(FILES_RULE)
    await backfill(world)
    expect(await numbers(world, 'ml-forecast')).toEqual(['3'])
    expect(await numbers(world, 'ml-retail')).toEqual(['1', '2', '3'])
    await backfill(world)
    expect(await numbers(world, 'ml-forecast')).toEqual(['3'])
  })

  it('gives the newest data, also where older data has moved to a higher number', async () => {
    let down = false
    const world = createMemoryWorld(ONE_WORKSPACE, ({ azureMl }) => ({
      azureMl: {
        ...azureMl,
        async putVersion(...version) {
          if (down) throw new TransientError('down')
          return azureMl.putVersion(...version)
        },
      },
    }))
    const put = async (etag: string) => world.deliver(world.upload('files/orders.csv', { etag }))
    await put('0xfirst')
    await world.drain()
    down = true
    await put('0xsecond')
    await put('0xthird')
    down = false
    await takeByHand(world, 2)
    await world.drain()
    const workspace = world.ruleSet.workspaces.get('ml-retail') as Workspace
    const etags = [3, 4].map(async number => {
      const version = await world.azureMl.getVersion(workspace, 'orders', number)
      return version?.properties['lakemark.etag']
    })
    expect(await Promise.all(etags)).toEqual(['0xthird', '0xsecond'])
    world.useRules(FILES_RULE)
    await backfill(world)
    expect(await numbers(world, 'ml-forecast')).toEqual(['3'])
  })

  it('finds the newest data behind a gap of numbers that a stranger has left', async () => {
    const world = await withThreeVersions()
    await takeByHand(world, 4)
    await takeByHand(world, 100_000)
    await world.deliver(world.upload('files/orders.csv'))
    await world.drain()
    expect(await numbers(world, 'ml-retail')).toContain('100001')
    world.useRules(FILES_RULE)
    await backfill(world)
    expect(await numbers(world, 'ml-forecast')).toEqual(['100001'])
  })

  it('gives all versions, or none, where the rule says so', async () => {
    for (const [mode, expected] of [
      ['all', ['1', '2', '3']],
      ['none', []],
    ] as const) {
      const world = await withThreeVersions()
      world.useRules(`${FILES_RULE}    backfill: ${mode}\n`)
      await backfill(world)
      expect(await numbers(world, 'ml-forecast')).toEqual(expected)
      await world.deliver(world.upload('files/orders.csv'))
      await world.drain()
      expect(await numbers(world, 'ml-forecast')).toEqual([...expected, '4'])
    }
  })

  it('registers nothing again where a rule only has another name', async () => {
    const world = await withThreeVersions()
    world.useRules(ONE_WORKSPACE.replace('name: files', 'name: renamed'))
    await backfill(world)
    expect(await numbers(world, 'ml-retail')).toEqual(['1', '2', '3'])
  })

  it('gives what still gathers to a workspace that it adds', async () => {
    const gathering = (to: string) => FOLDER_RULE.replace('[retail]', to)
    const world = createMemoryWorld(gathering('[ml-retail]'))
    await world.deliver(world.upload('sales/eu/dt=1/a.parquet'))
    world.useRules(gathering('[retail]'))
    await backfill(world, 'sales', ['folder'])
    for (const alias of ['ml-retail', 'ml-forecast']) {
      expect(Object.keys(await world.registered(alias, 'sales-eu'))).toEqual(['1'])
    }
  })

  it('gives nothing of a rule that has not changed', async () => {
    const other = `${ONE_WORKSPACE}
  - { name: other, from: contosolake/silver, match: "files/{name}.csv", asset: "other-{name}", to: [ml-retail] }
`
    const world = createMemoryWorld(other)
    await world.deliver(world.upload('files/orders.csv'))
    await world.drain()
    world.useRules(other.replaceAll('[ml-retail]', '[retail]'))
    await backfill(world, 'files', ['files'])
    expect(await numbers(world, 'ml-forecast')).toEqual(['1'])
    expect(await world.registered('ml-forecast', 'other-orders')).toEqual({})
  })

  it('is not acted on by a process that does not have the rules yet', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const folder = { account: 'contosolake', container: 'silver', path: 'files' }
    const page = { folder, continuation: undefined, backfill: { rules: ['files'], since: 1 } }
    await expect(world.lakemark.takeInListing(page)).rejects.toBeInstanceOf(TransientError)
  })
})
