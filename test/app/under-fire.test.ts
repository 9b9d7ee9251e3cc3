import { describe, expect, it } from 'vitest'
import type { Ledger } from '../../src/app/ports.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts'
import { blobEvent, createMemoryWorld, FILES_RULE, FOLDER_RULE } from '../support/memory-world.ts'

type MemoryWorld = ReturnType<typeof createMemoryWorld>
const CSV = 'files/orders.csv'
const numbers = async (world: MemoryWorld, alias = 'ml-retail', asset = 'orders') =>
  Object.keys(await world.registered(alias, asset))

/** The sweep comes by every minute, and what it wakes is worked on. */
async function sweepFor(world: MemoryWorld, minutes: number) {
  for (let minute = 0; minute < minutes; minute += 1) {
    world.pass(MINUTE)
    await world.lakemark.sweep()
    await world.drain({ forMs: 0 })
  }
}

describe('a process that dies', () => {
  /** Commits that pass `when` are applied, and their answer is lost with the process. */
  function dyingAfterCommit(when: (commits: number) => boolean) {
    let commits = 0
    return ({ ledger }: { ledger: Ledger }) => ({
      ledger: {
        ...ledger,
        async commit(...call: Parameters<Ledger['commit']>) {
          const outcome = await ledger.commit(...call)
          commits += 1
          if (when(commits)) throw new TransientError('the process is gone')
          return outcome
        },
      },
    })
  }

  it('after recording a file leaves it to the sweep, even where its event never comes again', async () => {
    const world = createMemoryWorld(
      FILES_RULE,
      dyingAfterCommit(commits => commits === 1),
    )
    await expect(world.deliver(world.upload(CSV))).rejects.toBeInstanceOf(TransientError)
    await sweepFor(world, 5)
    expect(await numbers(world)).toEqual(['1'])
  })

  it('after reopening a failure leaves it to the sweep', async () => {
    let refuses = true
    let dies = false
    const world = createMemoryWorld(FILES_RULE, ({ ledger, azureMl }) => ({
      ...dyingAfterCommit(() => dies)({ ledger }),
      azureMl: {
        ...azureMl,
        async putVersion(...call) {
          if (refuses) throw new PermanentError('refused')
          return azureMl.putVersion(...call)
        },
      },
    }))
    await world.deliver(world.upload(CSV))
    await world.drain()
    await sweepFor(world, 5)
    refuses = false
    dies = true
    await expect(world.lakemark.retry('orders')).rejects.toBeInstanceOf(TransientError)
    dies = false
    await sweepFor(world, 5)
    expect(await numbers(world)).toEqual(['1'])
  })

  it('at any commit of the way loses nothing and registers nothing twice', async () => {
    for (let last = 1; last <= 6; last += 1) {
      const world = createMemoryWorld(
        FILES_RULE,
        dyingAfterCommit(commits => commits === last),
      )
      const events = [world.upload(CSV), world.upload(CSV)]
      for (const event of events) await world.deliver(event).catch(() => world.deliver(event))
      for (const message of world.queue.take()) {
        if (message.kind !== 'assets') continue
        const work = (redelivered: boolean) => world.lakemark.work(message.assets, { redelivered })
        await work(false).catch(() => work(true))
      }
      await world.drain()
      await sweepFor(world, 5)
      for (const alias of ['ml-retail', 'ml-forecast'])
        expect(await numbers(world, alias)).toEqual(['1', '2'])
    }
  })
})

describe('answers that are lost', () => {
  it('of commits that were applied, each of them, change nothing', async () => {
    let commits = 0
    const world = createMemoryWorld(FILES_RULE, ({ ledger }) => ({
      ledger: {
        ...ledger,
        async commit(...call) {
          const outcome = await ledger.commit(...call)
          commits += 1
          return commits % 2 === 0 ? outcome : 'conflict'
        },
      },
    }))
    await world.deliver(world.upload(CSV))
    await world.deliver(world.upload(CSV))
    await world.drain()
    await sweepFor(world, 5)
    for (const alias of ['ml-retail', 'ml-forecast']) expect(await numbers(world, alias)).toEqual(['1', '2'])
    expect((await world.ledger.readWork('orders'))?.head.wakeAt).toBeUndefined()
  })

  it('of a PUT, with a datastore that is renamed before the next try, register the version once', async () => {
    let lost = true
    const world = createMemoryWorld(FILES_RULE, ({ azureMl }) => ({
      azureMl: {
        ...azureMl,
        async putVersion(workspace, ...rest) {
          const outcome = await azureMl.putVersion(workspace, ...rest)
          if (lost && workspace.alias === 'ml-retail') {
            lost = false
            throw new TransientError('the answer is lost')
          }
          return outcome
        },
      },
    }))
    await world.deliver(world.upload(CSV))
    await world.drain({ forMs: 0 })
    world.ruleSet.datastores.set('contosolake/silver', {
      account: 'contosolake',
      container: 'silver',
      name: 'renamed',
      kind: 'azure_blob',
    })
    await world.drain()
    for (const alias of ['ml-retail', 'ml-forecast']) expect(await numbers(world, alias)).toEqual(['1'])
  })
})

describe('a workspace that does not answer', () => {
  it('does not keep the others from an asset that is seen for the first time, while files keep coming', async () => {
    let world: MemoryWorld
    let files = 0
    world = createMemoryWorld(FILES_RULE, ({ azureMl }) => ({
      azureMl: {
        ...azureMl,
        async highestVersion(workspace, asset) {
          if (workspace.alias === 'ml-retail') return azureMl.highestVersion(workspace, asset)
          world.pass(25 * SECOND)
          files += 1
          if (files < 100) await world.deliver(world.upload(CSV))
          throw new TransientError('no answer')
        },
      },
    }))
    await world.deliver(world.upload(CSV))
    await world.drain({ forMs: 10 * MINUTE })
    expect(files).toBeLessThan(3)
    expect((await numbers(world)).length).toBe(files + 1)
  })
})

describe('a call that outlasts its lease', () => {
  it('is the last of its round: nothing is begun that another worker could overtake', async () => {
    let world: MemoryWorld
    let puts = 0
    world = createMemoryWorld(FILES_RULE, ({ azureMl }) => ({
      azureMl: {
        ...azureMl,
        async ensureDatastore(workspace, datastore) {
          if (puts === 0) world.pass(45 * SECOND)
          return azureMl.ensureDatastore(workspace, datastore)
        },
        async putVersion(...call) {
          puts += 1
          return azureMl.putVersion(...call)
        },
      },
    }))
    await world.deliver(world.upload(CSV))
    const [message] = world.queue.take()
    if (message?.kind !== 'assets') throw new Error('intake announces the asset')
    const looking = world.lakemark.work(message.assets, { redelivered: false })
    await looking
    expect(puts).toBe(0)
    puts = 1
    await world.drain()
    await sweepFor(world, 5)
    for (const alias of ['ml-retail', 'ml-forecast']) expect(await numbers(world, alias)).toEqual(['1'])
  })
})

describe('a file that is written again and again', () => {
  it('is cut at the latest after maxWait', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    for (let minute = 0; minute < 130; minute += 2) {
      await world.deliver(world.upload('sales/eu/dt=1/a.parquet'))
      await world.drain({ forMs: 2 * MINUTE })
    }
    const versions = await world.ledger.readVersions('sales-eu', { from: 1, limit: 10 })
    expect(versions.map(({ cause, files }) => [cause, files])).toEqual([
      ['maxWait', 1],
      ['maxWait', 1],
    ])
  })
})

describe('one in trouble among many', () => {
  it('file into which a copy still runs does not hold up its neighbours', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    const path = (name: string) => `sales/eu/dt=1/${name}.parquet`
    await world.deliver(world.upload(path('copied')))
    const copying = { etag: '0xcopy', sizeBytes: 0, isDirectory: false, isBeingCopied: true }
    world.lake.put({ account: 'contosolake', container: 'silver', path: path('copied') }, copying)
    // Without a sequencer only the lake can tell which content is the newest.
    const doubtful = blobEvent('PutBlob', path('copied'), { eTag: '0xother', contentLength: 1 })
    const events = [doubtful, world.upload(path('b')), world.upload(path('c'))]
    await expect(world.deliver(...events)).rejects.toBeInstanceOf(TransientError)
    await world.drain()
    const [version] = await world.ledger.readVersions('sales-eu', { from: 1, limit: 1 })
    expect(version?.files).toBe(3)
  })

  it('asset that cannot be read does not stop the sweep for the others', async () => {
    const world = createMemoryWorld(FILES_RULE, ({ ledger }) => ({
      ledger: {
        ...ledger,
        async readWork(asset) {
          if (asset === 'broken') throw new Error('row broken/head does not hold JSON')
          return ledger.readWork(asset)
        },
      },
    }))
    await world.deliver(world.upload('files/broken.csv'), world.upload(CSV))
    world.queue.take()
    world.pass(5 * MINUTE)
    expect(await world.lakemark.sweep()).toMatchObject({ woken: 1, unreadable: 1 })
  })

  it('lost message is found behind thousands of assets that wait for good reason', async () => {
    const world = createMemoryWorld(
      FOLDER_RULE.replace('sales-{region}', 'sales-{date}').replace('5m', '6h').replace('1h', '6h'),
    )
    const waiting = Array.from({ length: 3000 }, (_, index) => world.upload(`sales/eu/dt=${index}/a.parquet`))
    await world.deliver(...waiting)
    world.pass(5 * MINUTE)
    expect(await world.lakemark.sweep()).toMatchObject({ looked: 3000, postponed: 3000 })
    expect(await world.lakemark.sweep()).toMatchObject({ looked: 0 })
    world.queue.take()
    world.pass(7 * HOUR)
    expect(await world.lakemark.sweep()).toMatchObject({ woken: 3000 })
  })
})

describe('two pieces of news of one file at once', () => {
  it('are asked about once: of two answers nobody could tell which is the newer', async () => {
    let asked = 0
    const world = createMemoryWorld(FILES_RULE, ({ lake }) => ({
      lake: {
        ...lake,
        async head(ref) {
          const blob = await lake.head(ref)
          asked += 1
          return asked === 1
            ? blob
            : { ...blob, etag: '0xold', sizeBytes: 1, isDirectory: false, isBeingCopied: false }
        },
      },
    }))
    await world.deliver(world.upload(CSV, { etag: '0xa' }))
    const unordered = world.upload(CSV, { etag: '0xb' })
    const data = { ...unordered.data, sequencer: undefined }
    await world.lakemark.intake.events([
      { ...unordered, data: { ...data, eTag: '0xc' } },
      { ...unordered, data: { ...data, eTag: '0xd' } },
    ])
    await world.drain()
    expect(asked).toBe(1)
    expect((await world.ledger.readVersions('orders', { from: 1, limit: 9 })).at(-1)?.etag).toBe('0xb')
  })

  it('are both settled by what the lake holds', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.deliver(world.upload(CSV, { etag: '0xa' }))
    const renamedAway = {
      ...blobEvent('RenameFile', 'files/other.csv', { sequencer: 'f0' }),
      eventType: 'Microsoft.Storage.BlobRenamed',
    }
    const data = {
      ...renamedAway.data,
      url: undefined,
      sourceUrl: `https://contosolake.blob.core.windows.net/silver/${CSV}`,
    }
    const written = world.upload(CSV, { etag: '0xb' })
    world.upload(CSV, { etag: '0xc' })
    await world.deliver({ ...renamedAway, data }, written)
    await world.drain()
    const versions = await world.ledger.readVersions('orders', { from: 1, limit: 9 })
    expect(versions.at(-1)?.etag).toBe('0xc')
  })
})

describe('clocks and rules that differ between processes', () => {
  it('lose no message that comes a little early', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    await world.deliver(world.upload('sales/eu/dt=1/a.parquet'))
    world.pass(5 * MINUTE - 2 * SECOND)
    world.queue.take()
    await world.lakemark.work(['sales-eu'], { redelivered: false })
    await world.drain()
    expect(await numbers(world, 'ml-retail', 'sales-eu')).toEqual(['1'])
  })

  it('make a workspace that only the other’s rules know wait, not fail', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const { workspaces } = world.ruleSet
    const forecast = workspaces.get('ml-forecast')
    if (forecast === undefined) throw new Error('the rules name it')
    await world.deliver(world.upload(CSV))
    workspaces.delete('ml-forecast')
    await world.drain({ forMs: MINUTE })
    workspaces.set('ml-forecast', forecast)
    await world.drain()
    expect(await numbers(world, 'ml-forecast')).toEqual(['1'])
  })

  it('let a deletion alone decide nothing about the type of an asset', async () => {
    const world = createMemoryWorld(
      FOLDER_RULE.replace('sales-{region}', 'orders') +
        FILES_RULE.replace('\nrules:\n', '').replace('"{name}"', 'orders-{name}'),
    )
    await world.deliver(world.removal('sales/eu/dt=1/a.parquet'))
    expect((await world.ledger.readWork('orders'))?.head.type).toBe('uri_folder')
  })
})
