import { describe, expect, it } from 'vitest'
import { TransientError } from '../../src/core/errors.ts'
import { MINUTE, SECOND } from '../../src/core/time.ts'
import { createMemoryWorld, FILES_RULE, FOLDER_RULE } from '../support/memory-world.ts'

type MemoryWorld = ReturnType<typeof createMemoryWorld>

const OURS = 'files/orders.csv'

async function takeByHand(world: MemoryWorld, number: number) {
  const workspace = world.ruleSet.workspaces.get('ml-retail')
  if (workspace === undefined) throw new Error('no such workspace')
  const version = {
    type: 'uri_file' as const,
    dataUri: 'azureml://datastores/mine/paths/by-hand.csv',
    description: undefined,
    tags: {},
    properties: {},
  }
  expect(await world.azureMl.putVersion(workspace, 'orders', number, version)).toBe('registered')
}

async function drop(world: MemoryWorld, ...paths: string[]) {
  await world.deliver(...paths.map(path => world.upload(path)))
  await world.drain()
}

const read = (world: MemoryWorld, asset: string, number: number, page = { limit: 100 }) =>
  world.lakemark.status.version(asset, number, page)

describe('one version', () => {
  it('says all that is known of it', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    await drop(world, 'sales/eu/dt=1/a.parquet', 'sales/eu/dt=1/b.parquet', 'sales/eu/dt=1/_SUCCESS')
    const answer = await read(world, 'sales-eu', 1)
    const at = new Date(world.clock.now()).toISOString()
    const delivered = { state: 'registered', reason: null, at, attempts: 0, notBefore: null }
    expect(answer).toEqual({
      kind: 'found',
      continuation: undefined,
      document: {
        asset: 'sales-eu',
        type: 'uri_folder',
        version: 1,
        provisional: false,
        rule: 'folder',
        commit: 'abc1234',
        source: 'contosolake/silver/sales/eu/',
        dataUri: 'azureml://datastores/contosolake_silver/paths/sales/eu',
        datastore: 'contosolake_silver',
        description: null,
        tags: { region: 'eu' },
        properties: expect.objectContaining({ 'lakemark.rule': 'folder', 'lakemark.files': '2' }),
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        etag: '0x2',
        files: 2,
        bytes: 20,
        cause: 'marker',
        cutAt: at,
        movedTo: null,
        movedFrom: null,
        workspaces: { 'ml-forecast': delivered, 'ml-retail': delivered },
        members: expect.arrayContaining([
          {
            file: 'contosolake/silver/sales/eu/dt=1/a.parquet',
            path: 'sales/eu/dt=1/a.parquet',
            etag: '0x1',
            sizeBytes: 10,
          },
        ]),
      },
    })
  })

  it('keeps its members when they are overwritten, and answers them page by page', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    const paths = Array.from({ length: 7 }, (_, at) => `sales/eu/dt=1/${at}.parquet`)
    await drop(world, ...paths, 'sales/eu/dt=1/_SUCCESS')
    await drop(world, ...paths.slice(0, 3), 'sales/eu/dt=1/_SUCCESS')
    const members = async (number: number) => {
      const found: string[] = []
      let continuation: string | undefined
      do {
        const page = { limit: 3, ...(continuation === undefined ? {} : { continuation }) }
        const answer = await read(world, 'sales-eu', number, page)
        if (answer.kind !== 'found') throw new Error(answer.kind)
        expect(answer.document.members.length).toBeLessThanOrEqual(3)
        found.push(...answer.document.members.map(({ path, etag }) => `${path} ${etag}`))
        continuation = answer.continuation
      } while (continuation !== undefined)
      return found.sort()
    }
    expect(await members(1)).toEqual(paths.map((path, at) => `${path} 0x${at + 1}`))
    expect(await members(2)).toEqual(paths.slice(0, 3).map((path, at) => `${path} 0x${at + 9}`))
  })

  it('says what a workspace waits for, and that the number is not final before any was asked', async () => {
    let isDown = true
    const world = createMemoryWorld(FILES_RULE, ({ azureMl }) => ({
      azureMl: {
        ...azureMl,
        async putVersion(workspace, ...rest) {
          if (isDown && workspace.alias === 'ml-retail') throw new TransientError('it is down')
          return azureMl.putVersion(workspace, ...rest)
        },
      },
    }))
    await world.deliver(world.upload(OURS))
    expect(await read(world, 'orders', 1)).toMatchObject({
      document: {
        provisional: true,
        workspaces: { 'ml-retail': { state: 'pending', reason: null, at: null } },
      },
    })
    await world.drain({ forMs: SECOND })
    const answer = await read(world, 'orders', 1)
    expect(answer).toMatchObject({
      document: {
        provisional: false,
        workspaces: {
          'ml-forecast': { state: 'registered', at: expect.any(String) },
          'ml-retail': { state: 'pending', reason: 'it is down', attempts: 1, notBefore: expect.any(String) },
        },
      },
    })
    await world.drain({ forMs: MINUTE })
    isDown = false
    await world.drain()
    expect(await read(world, 'orders', 1)).toMatchObject({
      document: { workspaces: { 'ml-retail': { state: 'registered', attempts: 0, notBefore: null } } },
    })
  })

  it('says where its data went when its number was taken, and which numbers were left out', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await drop(world, OURS)
    await takeByHand(world, 2)
    await takeByHand(world, 5)
    await drop(world, OURS)
    expect(await read(world, 'orders', 2)).toMatchObject({ document: { movedTo: 6, movedFrom: null } })
    for (const number of [3, 4, 5]) {
      expect(await read(world, 'orders', number)).toEqual({ kind: 'left out', from: 2, to: 6, others: 5 })
    }
    expect(await read(world, 'orders', 6)).toMatchObject({ document: { movedTo: null, movedFrom: 2 } })
    expect(await read(world, 'orders', 7)).toEqual({ kind: 'not yet', newest: 6 })
  })

  it('is none of ours where others had the number before', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await takeByHand(world, 3)
    await drop(world, OURS)
    expect(await read(world, 'orders', 2)).toEqual({ kind: 'before ours', before: 3 })
    expect(await read(world, 'orders', 4)).toMatchObject({ kind: 'found', document: { version: 4 } })
  })

  it('is not there where there is no such asset, or none has been cut', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    expect(await read(world, 'sales-eu', 1)).toEqual({ kind: 'unknown asset' })
    await world.deliver(world.upload('sales/eu/dt=1/a.parquet'))
    expect(await read(world, 'sales-eu', 1)).toEqual({ kind: 'not yet', newest: 0 })
  })
})
