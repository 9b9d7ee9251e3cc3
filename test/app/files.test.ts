import { describe, expect, it } from 'vitest'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { HOUR, MINUTE } from '../../src/core/time.ts'
import { blobEvent, createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'

describe('a rule without settling', () => {
  it('makes a file version 1 in every workspace of the rule', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.deliver(world.upload('files/orders.csv'))
    await world.drain()
    for (const alias of ['ml-retail', 'ml-forecast']) {
      expect(await world.registered(alias, 'orders')).toEqual({ 1: 'files/orders.csv' })
    }
  })

  it('makes one version however often and wherever the same event comes', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const event = world.upload('files/orders.csv')
    await world.deliver(event, event)
    await Promise.all([world.deliver(event), world.deliver(event)])
    await world.drain()
    await world.deliver(event)
    await world.drain()
    expect(Object.keys(await world.registered('ml-retail', 'orders'))).toEqual(['1'])
  })

  it('makes a version of each overwrite, in the order of the events of the blob', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const [first, second, third] = [1, 2, 3].map(() => world.upload('files/orders.csv'))
    await world.deliver(first)
    await world.deliver(third)
    await world.deliver(second, first)
    await world.drain()
    const status = await world.lakemark.status.asset('orders')
    expect(status?.versions.map(({ version, files }) => [version, files])).toEqual([
      [2, 1],
      [1, 1],
    ])
    expect(world.counters.all()).toMatchObject({ 'files:recorded': 2, 'files:older': 2 })
  })

  it('keeps the members that an overwritten file had in its old version', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.deliver(world.upload('files/orders.csv', { etag: '0xa' }))
    await world.deliver(world.upload('files/orders.csv', { etag: '0xb' }))
    const [one, two] = await world.ledger.readVersions('orders', { from: 1, limit: 2 })
    const etags = async (cut = 0) =>
      (await world.ledger.readMembers('orders', cut, { limit: 9 })).items.map(({ etag }) => etag)
    expect(await etags(one?.cut)).toEqual(['0xa'])
    expect(await etags(two?.cut)).toEqual(['0xb'])
  })

  it('does not bring back what a newer deletion has removed', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const upload = world.upload('files/orders.csv')
    const removal = world.removal('files/orders.csv')
    await world.deliver(removal)
    await world.deliver(upload)
    await world.drain()
    expect(await world.registered('ml-retail', 'orders')).toEqual({})
  })

  it('registers a file that comes again after its deletion', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.deliver(world.upload('files/orders.csv'))
    await world.deliver(world.removal('files/orders.csv'))
    await world.deliver(world.upload('files/orders.csv'))
    await world.drain()
    expect(Object.keys(await world.registered('ml-retail', 'orders'))).toEqual(['1', '2'])
  })

  it('makes one version, for the workspaces of all, of a file that several rules make the same asset of', async () => {
    const one = FILES_RULE.replace('[retail]', '[ml-retail]')
    const world = createMemoryWorld(`${one}
  - { name: again, from: contosolake/silver, match: "files/o{rest}.csv", asset: "o{rest}", to: [ml-forecast] }
`)
    await world.deliver(world.upload('files/orders.csv'))
    await world.drain()
    for (const alias of ['ml-retail', 'ml-forecast']) {
      expect(await world.registered(alias, 'orders')).toEqual({ 1: 'files/orders.csv' })
    }
  })

  it('tells Azure ML where a version comes from', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.deliver(world.upload('files/orders.csv', { etag: '0xa' }))
    await world.drain()
    const workspace = world.ruleSet.workspaces.get('ml-retail')
    if (workspace === undefined) throw new Error('the rules name it')
    const version = await world.azureMl.getVersion(workspace, 'orders', 1)
    expect(version?.dataUri).toBe('azureml://datastores/contosolake_silver/paths/files/orders.csv')
    expect(version?.properties).toEqual({
      'lakemark.rule': 'files',
      'lakemark.commit': 'abc1234',
      'lakemark.source': 'contosolake/silver/files/orders.csv',
      'lakemark.etag': '0xa',
      'lakemark.fingerprint': expect.stringMatching(/^[0-9a-f]{64}$/),
      'lakemark.files': '1',
      'lakemark.cut': '2026-01-15T12:00:00.000Z at once',
    })
  })

  it('counts what needs nothing, and registers the good around it', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const elsewhere = blobEvent('PutBlob', 'files/x.csv', { eTag: '0x1', contentLength: 1 })
    elsewhere.subject = elsewhere.subject.replace('/silver/', '/gold/')
    elsewhere.data.url = elsewhere.data.url.replace('/silver/', '/gold/')
    await world.deliver(
      null,
      { eventType: 'Contoso.Other' },
      world.upload('notes/readme.txt'),
      elsewhere,
      world.upload('files/orders.csv'),
      { eventType: 'Microsoft.Storage.BlobCreated', subject: '/x/../y' },
    )
    await world.drain()
    expect(await world.registered('ml-retail', 'orders')).toEqual({ 1: 'files/orders.csv' })
    expect(world.counters.all()).toMatchObject({
      events: 6,
      'ignored:not-an-event': 1,
      'ignored:not-a-blob-event': 1,
      'ignored:no-rule-matches': 1,
      'ignored:container-not-watched': 1,
      'ignored:bad-data': 1,
    })
  })

  it('shows a file whose asset has no legal name as refused, with the reason', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.deliver(world.upload('files/日本.csv'))
    const { items } = await world.lakemark.failures.list({}, { limit: 10 })
    expect(items).toMatchObject([{ rule: 'files', file: 'contosolake/silver/files/日本.csv', asset: null }])
    expect(items[0]?.reason).toMatch(/日本/)
  })
})

describe('an event that leaves something open', () => {
  const unknown = (path: string) => blobEvent('AppendFlush', path, { eTag: '0xold', sequencer: 'ff' })

  it('is believed as far as the lake confirms it', async () => {
    const world = createMemoryWorld(FILES_RULE)
    world.upload('files/orders.csv', { etag: '0xnew', sizeBytes: 77 })
    await world.deliver(unknown('files/orders.csv'))
    await world.drain()
    const [version] = await world.ledger.readVersions('orders', { from: 1, limit: 1 })
    expect(version).toMatchObject({ etag: '0xnew', bytes: 77 })
  })

  it('is dropped where the lake has no such file, or only the marker of a directory', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.deliver(unknown('files/gone.csv'))
    const marker = { etag: '0x1', sizeBytes: 0, isDirectory: true, isBeingCopied: false }
    world.lake.put({ account: 'contosolake', container: 'silver', path: 'files/folder.csv' }, marker)
    await world.deliver(blobEvent('PutBlob', 'files/folder.csv', { eTag: '0x1', contentLength: 0 }))
    expect((await world.ledger.listAssets({ limit: 9 })).items).toEqual([])
    expect(world.counters.all()).toMatchObject({ 'ignored:gone': 1, 'ignored:directory': 1 })
  })

  it('is to be sent again while a copy is under way', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const copying = { etag: '0x1', sizeBytes: 0, isDirectory: false, isBeingCopied: true }
    world.lake.put({ account: 'contosolake', container: 'silver', path: 'files/big.csv' }, copying)
    const event = blobEvent('CopyBlob', 'files/big.csv', { eTag: '0x1', contentLength: 0 })
    await expect(world.deliver(event)).rejects.toBeInstanceOf(TransientError)
  })

  it('without a sequencer makes the lake decide which content is the newest', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const early = world.upload('files/orders.csv', { etag: '0xa' })
    world.upload('files/orders.csv', { etag: '0xb' })
    await world.deliver(unknown('files/orders.csv'))
    await world.deliver(early)
    await world.drain()
    const versions = await world.ledger.readVersions('orders', { from: 1, limit: 9 })
    expect(versions.map(({ etag }) => etag)).toEqual(['0xb'])
  })

  it('of a renamed directory takes in everything below it, once', async () => {
    const world = createMemoryWorld(FILES_RULE.replace('files/{name}.csv', 'files/**/{name}.csv'))
    for (let index = 0; index < 1200; index += 1) world.upload(`files/moved/f${index}.csv`)
    const event = {
      ...blobEvent('RenameDirectory', 'files/moved', {}),
      eventType: 'Microsoft.Storage.DirectoryRenamed',
    }
    await world.deliver(event, event)
    await world.drain()
    const { items } = await world.lakemark.status.assets({ limit: 2000 })
    expect(items).toHaveLength(1200)
    expect(items.every(({ latest }) => latest === 1)).toBe(true)
  })
})

describe('trouble with a workspace', () => {
  it('holds up that workspace only, and heals with growing patience', async () => {
    let down = true
    const attempts: number[] = []
    const world = createMemoryWorld(FILES_RULE, ({ azureMl, clock }) => ({
      azureMl: {
        ...azureMl,
        async putVersion(workspace, asset, number, version) {
          if (workspace.alias === 'ml-forecast' && down) {
            attempts.push(clock.now())
            throw new TransientError('down')
          }
          return azureMl.putVersion(workspace, asset, number, version)
        },
      },
    }))
    await world.deliver(world.upload('files/orders.csv'))
    await world.drain({ forMs: HOUR })
    await world.deliver(world.upload('files/orders.csv'))
    await world.drain({ forMs: MINUTE })
    expect(Object.keys(await world.registered('ml-retail', 'orders'))).toEqual(['1', '2'])
    expect(await world.registered('ml-forecast', 'orders')).toEqual({})
    const waits = attempts.slice(1).map((at, index) => at - Number(attempts[index]))
    expect(waits.slice(0, 4)).toEqual([2000, 4000, 8000, 16_000])
    expect(Math.max(...waits)).toBe(15 * MINUTE)
    expect((await world.lakemark.status.asset('orders'))?.workspaces['ml-forecast']).toEqual({
      state: 'pending',
      reason: null,
    })
    down = false
    await world.drain()
    expect(Object.keys(await world.registered('ml-forecast', 'orders'))).toEqual(['1', '2'])
  })

  it('waits as long as the service asks for', async () => {
    let asked = false
    const world = createMemoryWorld(FILES_RULE, ({ azureMl }) => ({
      azureMl: {
        ...azureMl,
        async putVersion(...call) {
          if (asked) return azureMl.putVersion(...call)
          asked = true
          throw new TransientError('throttled', { retryAfterMs: 10 * MINUTE })
        },
      },
    }))
    await world.deliver(world.upload('files/orders.csv'))
    await world.drain({ forMs: 9 * MINUTE })
    expect(
      Object.keys({
        ...(await world.registered('ml-retail', 'orders')),
        ...(await world.registered('ml-forecast', 'orders')),
      }),
    ).toHaveLength(1)
    const delivered = async () =>
      (await Promise.all(['ml-retail', 'ml-forecast'].map(alias => world.registered(alias, 'orders')))).map(
        versions => Object.keys(versions).length,
      )
    expect((await delivered()).sort()).toEqual([0, 1])
    await world.drain({ forMs: 2 * MINUTE })
    expect(await delivered()).toEqual([1, 1])
  })

  it('that will not pass is shown with its reason, lets later versions go on, and can be tried again', async () => {
    let forbidden = true
    const world = createMemoryWorld(FILES_RULE, ({ azureMl }) => ({
      azureMl: {
        ...azureMl,
        async putVersion(workspace, ...rest) {
          if (workspace.alias === 'ml-forecast' && forbidden)
            throw new PermanentError('answered 403: no right to write')
          return azureMl.putVersion(workspace, ...rest)
        },
      },
    }))
    await world.deliver(world.upload('files/orders.csv'))
    await world.drain()
    const shown = await world.lakemark.status.asset('orders')
    expect(shown?.workspaces).toEqual({
      'ml-retail': { state: 'registered', reason: null },
      'ml-forecast': { state: 'failed', reason: 'answered 403: no right to write' },
    })
    forbidden = false
    await world.deliver(world.upload('files/orders.csv'))
    await world.drain()
    expect(await world.registered('ml-forecast', 'orders')).toEqual({ 2: 'files/orders.csv' })
    expect(await world.lakemark.retry('orders')).toEqual({ retried: 1 })
    await world.drain()
    expect(Object.keys(await world.registered('ml-forecast', 'orders'))).toEqual(['1', '2'])
    expect(await world.lakemark.retry('orders')).toEqual({ retried: 0 })
    expect(await world.lakemark.retry('unknown')).toBeUndefined()
  })

  it('that goes on for a week becomes a failure', async () => {
    const world = createMemoryWorld(FILES_RULE, ({ azureMl }) => ({
      azureMl: {
        ...azureMl,
        async putVersion() {
          throw new TransientError('down')
        },
      },
    }))
    await world.deliver(world.upload('files/orders.csv'))
    await world.drain()
    expect((await world.lakemark.status.asset('orders'))?.workspaces['ml-retail']).toEqual({
      state: 'failed',
      reason: 'down',
    })
  })
})
