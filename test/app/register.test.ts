import { describe, expect, it } from 'vitest'
import { PermanentError } from '../../src/core/errors.ts'
import { createMemoryWorld } from '../support/memory-world.ts'
import {
  begin,
  DEFINITIONS,
  type MemoryWorld,
  register,
  requestOf,
  shown,
  uploadBronze,
  WATCHING_RULES,
} from './register-scene.ts'

const { RETAIL, FORECAST, SILVER, BRONZE } = DEFINITIONS

/** `refused`: workspaces and datastores, as in `ml-retail silver`. */
function createRefusingWorld(refused: ReadonlySet<string>) {
  return createMemoryWorld(WATCHING_RULES, ({ azureMl }) => ({
    azureMl: {
      ...azureMl,
      async ensureDatastore(workspace, datastore) {
        if (refused.has(`${workspace.alias} ${datastore.name}`)) {
          throw new PermanentError(`datastore ${datastore.name} points elsewhere`)
        }
        return azureMl.ensureDatastore(workspace, datastore)
      },
    },
  }))
}

async function uriOf(world: MemoryWorld, asset: string, number: number): Promise<string | undefined> {
  const workspace = world.ruleSet.workspaces.get('ml-retail')
  if (workspace === undefined) throw new Error('there is no such workspace')
  return (await world.azureMl.getVersion(workspace, asset, number))?.dataUri
}

describe('a request to register', () => {
  it('makes one version of a folder, with all files as its members, the same in each workspace', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    for (const path of ['sales/eu/a.csv', 'sales/eu/b.csv', 'sales/us/c.csv', 'other/d.csv'])
      world.upload(path)
    const ended = await register(world, requestOf({ sales: 'sales/' }))
    expect(ended).toMatchObject({ state: 'done', reason: null })
    expect(ended.assets).toEqual([
      {
        dataset: 'sales',
        datastore: 'silver',
        asset: 'sales',
        type: 'uri_folder',
        source: 'contosolake/silver/sales/',
        files: 3,
        new: 3,
        changed: 0,
        refused: 0,
        settling: 0,
        troubled: 0,
        version: 1,
        workspaces: {
          'ml-forecast': { state: 'registered', reason: null },
          'ml-retail': { state: 'registered', reason: null },
        },
      },
    ])
    for (const alias of ['ml-retail', 'ml-forecast']) {
      expect(await world.registered(alias, 'sales')).toEqual({ 1: 'sales' })
    }
    const version = (await world.lakemark.status.asset('sales'))?.versions[0]
    expect(version).toMatchObject({ files: 3, rule: 'register:sales', commit: null, cause: 'requested' })
  })

  it('makes no version while the content stays as it is, and one when it has changed', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    world.upload('sales/a.csv')
    world.upload('sales/b.csv')
    await register(world, requestOf({ sales: 'sales' }))
    const again = await register(world, requestOf({ sales: 'sales' }))
    expect(again).toMatchObject({ state: 'done', assets: [{ files: 2, new: 0, changed: 0, version: 1 }] })
    world.upload('sales/b.csv')
    const changed = await register(world, requestOf({ sales: 'sales' }))
    expect(changed).toMatchObject({ state: 'done', assets: [{ files: 2, new: 0, changed: 1, version: 2 }] })
    expect(await world.registered('ml-retail', 'sales')).toEqual({ 1: 'sales', 2: 'sales' })
  })

  it.each([
    ['a folder', 'sales', 'uri_folder', 'sales', 3],
    ['a folder with slashes at both ends', '/sales/', 'uri_folder', 'sales', 3],
    ['a file', 'sales/eu/a.csv', 'uri_file', 'sales/eu/a.csv', 1],
    ['a file from the root', '/top.csv', 'uri_file', 'top.csv', 1],
    ['a glob of one level', 'sales/eu/*.csv', 'uri_folder', 'sales/eu', 1],
    ['a glob of all levels', 'sales/**/*.csv', 'uri_folder', 'sales', 2],
    ['everything below a folder', 'sales/**', 'uri_folder', 'sales', 3],
    ['a glob that ends in a slash', 'sales/*/', 'uri_folder', 'sales', 3],
    ['a wildcard in a folder', 's?les/eu/*.csv', 'uri_folder', '', 1],
    ['a choice', 'sales/{eu,us}/*.csv', 'uri_folder', 'sales', 2],
    ['a name like another folder', 'sales-old', 'uri_folder', 'sales-old', 1],
    ['the whole filesystem', '/', 'uri_folder', '', 6],
    [
      'signs that mean something elsewhere',
      'odd (1)+!/{x}.csv'.replace('{x}', 'x'),
      'uri_file',
      'odd (1)+!/x.csv',
      1,
    ],
  ])('takes %s for what it is', async (_, path, type, dataPath, files) => {
    const world = createMemoryWorld(WATCHING_RULES)
    for (const name of ['sales/eu/a.csv', 'sales/us/b.csv', 'sales/us/c.txt', 'sales-old/d.csv', 'top.csv']) {
      world.upload(name)
    }
    world.upload('odd (1)+!/x.csv')
    const ended = await register(world, requestOf({ data: path }))
    expect(ended).toMatchObject({ state: 'done', assets: [{ type, files, version: 1 }] })
    expect(await world.registered('ml-retail', 'data')).toEqual({ 1: dataPath })
  })

  it('takes in what was written this very moment', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    const ref = { account: 'contosolake', container: 'silver', path: 'sales/a.csv' }
    const blob = { etag: '0x1', sizeBytes: 1, isDirectory: false, isBeingCopied: false }
    world.lake.put(ref, { ...blob, lastModified: world.clock.now() })
    expect(await register(world, requestOf({ sales: 'sales' }))).toMatchObject({
      state: 'done',
      assets: [{ files: 1, version: 1 }],
    })
  })

  it('leaves events of the same files to the rules', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    await world.deliver(world.upload('watched/a.csv'))
    await world.drain()
    await register(world, requestOf({ all: 'watched' }))
    await world.deliver(world.upload('watched/a.csv'))
    await world.drain()
    expect(await world.registered('ml-retail', 'watched-a')).toEqual({
      1: 'watched/a.csv',
      2: 'watched/a.csv',
    })
    expect(await world.registered('ml-retail', 'all')).toEqual({ 1: 'watched' })
  })

  it('registers from each datastore: from the last under the name, from the others under names of their own', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    world.upload('sales/a.csv')
    uploadBronze(world, 'sales/b.csv', '0xb')
    const ended = await register(world, requestOf({ sales: 'sales' }, { datastores: [BRONZE, SILVER] }))
    expect(ended.assets.map(({ asset, datastore, version }) => [asset, datastore, version])).toEqual([
      ['sales-bronze', 'bronze', 1],
      ['sales', 'silver', 1],
    ])
    expect(await world.registered('ml-retail', 'sales')).toEqual({ 1: 'sales' })
    expect((await world.lakemark.status.asset('sales-bronze'))?.versions[0]?.source).toBe(
      'contosolake/bronze/sales/',
    )
  })

  it('is done where a dataset lies in one of the datastores, and fails where it lies in none', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    uploadBronze(world, 'sales/b.csv', '0xb')
    const datastores = [SILVER, BRONZE]
    const ended = await register(world, requestOf({ sales: 'sales' }, { datastores }))
    expect(ended).toMatchObject({
      state: 'done',
      assets: [
        { asset: 'sales-silver', files: 0, version: null, workspaces: { 'ml-retail': { state: 'absent' } } },
        { asset: 'sales', files: 1, version: 1 },
      ],
    })
    const none = await register(world, requestOf({ sales: 'sales', slaes: 'slaes/*.csv' }, { datastores }))
    expect(none).toMatchObject({
      state: 'failed',
      reason:
        'nothing lies at contosolake/silver/slaes/*.csv and contosolake/bronze/slaes/*.csv: dataset slaes is not registered',
    })
  })

  it('gives a workspace that is named later what the others have', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    world.upload('sales/a.csv')
    await register(world, requestOf({ sales: 'sales' }, { workspaces: [RETAIL] }))
    expect(await world.registered('ml-forecast', 'sales')).toEqual({})
    const ended = await register(world, requestOf({ sales: 'sales' }, { workspaces: [FORECAST, RETAIL] }))
    expect(ended).toMatchObject({ state: 'done', assets: [{ new: 0, version: 1 }] })
    expect(await world.registered('ml-forecast', 'sales')).toEqual({ 1: 'sales' })
  })

  it('counts in a dry run, and changes nothing', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    world.upload('sales/a.csv')
    const counted = await register(world, requestOf({ sales: 'sales' }), { dryRun: true })
    expect(counted).toMatchObject({
      state: 'done',
      dryRun: true,
      assets: [{ files: 1, new: 1, version: null }],
    })
    expect(await world.registered('ml-retail', 'sales')).toEqual({})
    expect(await world.lakemark.status.asset('sales')).toBeUndefined()
    const done = await register(world, requestOf({ sales: 'sales' }))
    expect(done).toMatchObject({ dryRun: false, assets: [{ new: 1, version: 1 }] })
  })

  it('says what is not registered where a delivery fails, and tries that again when it is asked again', async () => {
    const refused = new Set(['ml-retail silver'])
    const world = createRefusingWorld(refused)
    world.upload('sales/a.csv')
    const failed = await register(world, requestOf({ sales: 'sales' }))
    expect(failed).toMatchObject({
      state: 'failed',
      reason: 'sales could not be registered in ml-retail: datastore silver points elsewhere',
      assets: [
        {
          version: 1,
          workspaces: {
            'ml-retail': { state: 'failed', reason: 'datastore silver points elsewhere' },
            'ml-forecast': { state: 'registered', reason: null },
          },
        },
      ],
    })
    refused.clear()
    expect(await register(world, requestOf({ sales: 'sales' }))).toMatchObject({
      state: 'done',
      assets: [{ new: 0, version: 1 }],
    })
    expect(await world.registered('ml-retail', 'sales')).toEqual({ 1: 'sales' })
  })

  it('goes to another datastore where nobody has the version yet, and stays where somebody has', async () => {
    const refused = new Set(['ml-retail silver', 'ml-forecast silver'])
    const world = createRefusingWorld(refused)
    world.upload('sales/a.csv')
    expect((await register(world, requestOf({ sales: 'sales' }))).state).toBe('failed')
    const renamed = { ...SILVER, adlsgen2_datastore_name: 'lake' }
    const ended = await register(world, requestOf({ sales: 'sales' }, { datastores: [renamed] }))
    expect(ended).toMatchObject({ state: 'done', assets: [{ version: 1 }] })
    expect(await uriOf(world, 'sales', 1)).toBe('azureml://datastores/lake/paths/sales')
    refused.clear()
    await register(world, requestOf({ sales: 'sales' }))
    expect(await uriOf(world, 'sales', 1)).toBe('azureml://datastores/lake/paths/sales')
  })

  it('keeps its datastore when its failed deliveries are tried again otherwise', async () => {
    const refused = new Set(['ml-retail silver', 'ml-forecast silver'])
    const world = createRefusingWorld(refused)
    world.upload('sales/a.csv')
    await register(world, requestOf({ sales: 'sales' }))
    refused.clear()
    await world.lakemark.retry('sales')
    await world.drain()
    expect(await uriOf(world, 'sales', 1)).toBe('azureml://datastores/silver/paths/sales')
  })

  it('goes on with a gathering that an earlier request has left, as one version for the workspaces of both', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    for (const name of ['a', 'b']) world.upload(`sales/${name}.csv`)
    const first = await begin(world, requestOf({ sales: 'sales' }, { workspaces: [RETAIL] }))
    for (let step = 0; (await world.ledger.readWork('sales')) === undefined && step < 100; step += 1) {
      for (const message of world.queue.take()) {
        if (message.kind === 'run') await world.lakemark.resync.work(message)
      }
    }
    expect((await world.ledger.readWork('sales'))?.gatherings).toHaveLength(1)
    await world.lakemark.resync.cancel(first.id, 'ana')
    world.upload('sales/c.csv')
    const ended = await register(world, requestOf({ sales: 'sales' }, { workspaces: [FORECAST] }))
    expect(ended).toMatchObject({ state: 'done', assets: [{ files: 3, version: 1 }] })
    expect(await world.registered('ml-retail', 'sales')).toEqual({ 1: 'sales' })
    expect((await world.lakemark.status.asset('sales'))?.versions).toMatchObject([{ files: 3 }])
    expect((await shown(world, first.id)).state).toBe('cancelled')
  })
})
