import { randomUUID } from 'node:crypto'
import { BlobSASPermissions, type ContainerClient, type RestError } from '@azure/storage-blob'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Azurite, startAzurite } from '../../../src/emulators/lake/azurite.ts'
import type { StorageEvent } from '../../../src/emulators/lake/storage-event.ts'
import { startTestLake, type TestLake } from './lake.ts'

const MIB = 1024 * 1024
const TOPIC =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local' +
  '/providers/Microsoft.Storage/storageAccounts/devstoreaccount1'

describe('events of the lake', () => {
  let azurite: Azurite
  let lake: TestLake
  let container: ContainerClient

  beforeAll(async () => {
    azurite = await startAzurite()
  })
  afterAll(() => azurite.close())
  beforeEach(async () => {
    lake = await startTestLake(azurite)
    container = lake.service.getContainerClient(`c-${randomUUID()}`)
    await container.create()
  })
  afterEach(() => lake.proxy.close())

  const behind = (name: string) => lake.behind.getContainerClient(container.containerName).getBlobClient(name)
  const apis = () => lake.events.map(event => event.data.api)

  it('tells of a small upload everything that Event Grid tells', async () => {
    const before = Date.now()

    const put = await container.getBlockBlobClient('sales/eu/a.csv').upload('a,b\n', 4, {
      blobHTTPHeaders: { blobContentType: 'text/csv' },
    })

    expect(lake.events).toEqual([
      {
        topic: TOPIC,
        subject: `/blobServices/default/containers/${container.containerName}/blobs/sales/eu/a.csv`,
        eventType: 'Microsoft.Storage.BlobCreated',
        eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        data: {
          api: 'PutBlob',
          clientRequestId: put.clientRequestId,
          requestId: put.requestId,
          eTag: put.etag?.replaceAll('"', ''),
          contentType: 'text/csv',
          contentLength: 4,
          blobType: 'BlockBlob',
          url: `${lake.proxy.url}/${container.containerName}/sales/eu/a.csv`,
          sequencer: expect.stringMatching(/^[0-9a-f]{32}$/),
          storageDiagnostics: { batchId: expect.any(String) },
        },
        dataVersion: '',
        metadataVersion: '1',
      },
    ])
    expect(lake.events[0]?.data).toHaveProperty('eTag', expect.stringMatching(/^0x[0-9A-F]+$/))
    expect(Date.parse(lake.events[0]?.eventTime ?? '')).toBeGreaterThanOrEqual(before)
  })

  it('tells of an upload in blocks once, when the blocks are committed, with the whole size', async () => {
    const content = Buffer.alloc(20 * MIB, 'lake ')
    const blob = container.getBlockBlobClient('large.bin')

    const put = await blob.uploadData(content, {
      blockSize: 4 * MIB,
      maxSingleShotSize: MIB,
      concurrency: 4,
      blobHTTPHeaders: { blobContentType: 'application/x-lake' },
    })

    expect(lake.events.map(({ data }) => data)).toMatchObject([
      {
        api: 'PutBlockList',
        contentLength: 20 * MIB,
        contentType: 'application/x-lake',
        blobType: 'BlockBlob',
        eTag: put.etag?.replaceAll('"', ''),
      },
    ])
    expect((await blob.downloadToBuffer()).equals(content)).toBe(true)
  })

  it('tells of page and append blobs when they are made, not of their pages and blocks', async () => {
    const append = container.getAppendBlobClient('log.txt')
    const page = container.getPageBlobClient('disk.vhd')

    await append.create()
    await append.appendBlock('line', 4)
    await page.create(1024)
    await page.uploadPages(Buffer.alloc(512, 1), 0, 512)

    expect(lake.events.map(({ data }) => data)).toMatchObject([
      { api: 'PutBlob', blobType: 'AppendBlob', contentLength: 0 },
      { api: 'PutBlob', blobType: 'PageBlob', contentLength: 1024 },
    ])
  })

  it('tells of both kinds of copy, whose source names the proxy itself', async () => {
    const source = container.getBlockBlobClient('from.csv')
    await source.upload('copied', 6, { blobHTTPHeaders: { blobContentType: 'text/csv' } })
    const signed = await source.generateSasUrl(readableForAnHour())

    const poller = await container.getBlobClient('to-1.csv').beginCopyFromURL(source.url)
    const copied = await poller.pollUntilDone()
    await container.getBlobClient('to-2.csv').beginCopyFromURL(signed)
    await container.getBlobClient('to-3.csv').syncCopyFromURL(signed)

    expect(apis()).toEqual(['PutBlob', 'CopyBlob', 'CopyBlob', 'CopyBlob'])
    expect(lake.events[1]).toMatchObject({
      eventType: 'Microsoft.Storage.BlobCreated',
      subject: `/blobServices/default/containers/${container.containerName}/blobs/to-1.csv`,
      data: { eTag: copied.etag?.replaceAll('"', ''), contentLength: 6, contentType: 'text/csv' },
    })
    expect((await container.getBlobClient('to-3.csv').downloadToBuffer()).toString()).toBe('copied')
  })

  it('tells of a delete, without an etag', async () => {
    const blob = container.getBlockBlobClient('gone.csv')
    await blob.upload('x', 1, { blobHTTPHeaders: { blobContentType: 'text/csv' } })

    const deleted = await blob.delete()

    const event = lake.events[1]
    expect(event?.eventType).toBe('Microsoft.Storage.BlobDeleted')
    expect(event?.data).toEqual({
      api: 'DeleteBlob',
      clientRequestId: deleted.clientRequestId,
      requestId: deleted.requestId,
      contentType: 'text/csv',
      blobType: 'BlockBlob',
      url: blob.url,
      sequencer: expect.stringMatching(/^[0-9a-f]{32}$/),
      storageDiagnostics: { batchId: expect.any(String) },
    })
  })

  it('tells of the deletes of a batch that succeeded, and only of those', async () => {
    const names = ['a b.csv', 'ö.csv', 'c.csv']
    for (const name of names) await container.getBlockBlobClient(name).upload('x', 1)
    const blobs = [...names, 'never-there.csv'].map(name => container.getBlobClient(name))

    const batch = await lake.service.getBlobBatchClient().deleteBlobs(blobs)

    expect(batch.subResponsesSucceededCount).toBe(3)
    expect(batch.subResponsesFailedCount).toBe(1)
    const deleted = lake.events.slice(3)
    expect(deleted.map(({ subject }) => subject.split('/blobs/')[1])).toEqual(names)
    expect(deleted.map(({ data }) => data.url)).toEqual(blobs.slice(0, 3).map(({ url }) => url))
    expect(deleted.every(({ eventType }) => eventType === 'Microsoft.Storage.BlobDeleted')).toBe(true)
  })

  it('says nothing of what makes or removes no blob', async () => {
    const blob = container.getBlockBlobClient('a.csv')
    await blob.upload('x', 1)
    await blob.setMetadata({ key: 'value' })
    await blob.setTags({ key: 'value' })
    await blob.setHTTPHeaders({ blobContentType: 'text/csv' })
    await blob.setAccessTier('Cool')
    const lease = blob.getBlobLeaseClient()
    await lease.acquireLease(15)
    await lease.releaseLease()
    const snapshot = await blob.createSnapshot()
    await blob.withSnapshot(snapshot.snapshot as string).delete()
    await blob.createSnapshot()
    await blob.delete({ deleteSnapshots: 'only' })
    await blob.stageBlock('YQ==', 'y', 1)
    await blob.downloadToBuffer()
    await container.setMetadata({ key: 'value' })
    await container.delete()

    expect(apis()).toEqual(['PutBlob'])
  })

  it('says nothing of what was refused', async () => {
    const blob = container.getBlockBlobClient('a.csv')
    const { etag } = await blob.upload('x', 1)
    await blob.setMetadata({ key: 'value' })
    const absent = lake.service.getContainerClient('absent').getBlockBlobClient('a.csv')
    const unsigned = await fetch(blob.url, {
      method: 'PUT',
      headers: { 'x-ms-blob-type': 'BlockBlob' },
      body: 'x',
    })

    await expect(blob.upload('y', 1, { conditions: { ifNoneMatch: '*' } })).rejects.toThrow(refusal(409))
    await expect(blob.upload('y', 1, { conditions: { ifMatch: etag as string } })).rejects.toThrow(
      refusal(412),
    )
    await expect(blob.delete({ conditions: { ifMatch: etag as string } })).rejects.toThrow(refusal(412))
    await expect(absent.upload('y', 1)).rejects.toThrow(refusal(404))
    await expect(absent.delete()).rejects.toThrow(refusal(404))
    expect(unsigned.status).toBe(403)

    expect(apis()).toEqual(['PutBlob'])
    expect((await blob.downloadToBuffer()).toString()).toBe('x')
  })

  it.each([
    'with space.csv',
    'größe/日本語/🌊.csv',
    '100%.csv',
    '100%25.csv',
    'a#b?c&d=e+f.csv',
    "quote'(1)!*~.csv",
    'dt=2024-01-01/part-0.parquet',
    'deep//empty/segment.csv',
  ])('carries the name %s unescaped in the subject and escaped in the url', async name => {
    const blob = container.getBlockBlobClient(name)

    await blob.upload('x', 1)

    const event = lake.events[0]
    expect(event?.subject).toBe(`/blobServices/default/containers/${container.containerName}/blobs/${name}`)
    expect(event?.data.url).toBe(blob.url)
    const path = new URL(event?.data.url ?? '').pathname
    expect(decodeURIComponent(path)).toBe(`/devstoreaccount1/${container.containerName}/${name}`)
    const listed = await lake.behind.getContainerClient(container.containerName).listBlobsFlat().next()
    expect(listed.value?.name).toBe(name)
  })

  it('gives the highest sequencer to the state that stays, of 50 overwrites at once', async () => {
    const blob = container.getBlockBlobClient('overwritten.csv')

    await Promise.all(
      Array.from({ length: 50 }, (_, index) => blob.upload('x'.repeat(index * 997), index * 997)),
    )

    const stays = await behind(blob.name).getProperties()
    expect(lake.events).toHaveLength(50)
    expect(lake.events.toSorted(bySequencer)).toEqual(lake.events)
    expect(lake.events.at(-1)?.data).toMatchObject({
      eTag: stays.etag?.replaceAll('"', ''),
      contentLength: stays.contentLength,
    })
  })

  it('numbers uploads, copies and deletes of one blob in the order in which they took place', async () => {
    const blob = container.getBlockBlobClient('contended.csv')
    const source = container.getBlockBlobClient('source.csv')
    await source.upload('copied', 6)

    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        if (index % 3 === 0) await blob.upload('x'.repeat(index), index)
        if (index % 3 === 1) await blob.delete().catch(onlyNotFound)
        if (index % 3 === 2) await blob.syncCopyFromURL(source.url)
      }),
    )

    const ordered = lake.events
      .filter(({ subject }) => subject.endsWith('/contended.csv'))
      .toSorted(bySequencer)
    const last = ordered.at(-1)
    const stays = await behind(blob.name).exists()
    expect(last?.data.api === 'DeleteBlob').toBe(!stays)
    // A blob that is deleted twice was made in between.
    const deletes = ordered.map(({ data }) => data.api === 'DeleteBlob')
    expect(deletes.some((isDelete, index) => isDelete && deletes[index - 1])).toBe(false)
    expect(ordered.map(({ data }) => data.api)).toEqual(
      expect.arrayContaining(['PutBlob', 'DeleteBlob', 'CopyBlob']),
    )
  })

  it('answers an upload only when its event is safe', async () => {
    const order: string[] = []
    const { promise: isSafe, resolve: makeSafe } = Promise.withResolvers<void>()
    const { promise: isKnown, resolve: makeKnown } = Promise.withResolvers<void>()
    lake.onEvent = async () => {
      makeKnown()
      await isSafe
    }
    const blob = container.getBlockBlobClient('a.csv')

    const upload = blob.upload('x', 1).then(() => order.push('answered'))
    await isKnown
    // The storage has it, other blobs go their way, and the client still waits.
    expect(await behind('a.csv').exists()).toBe(true)
    await container.getBlockBlobClient('b.csv').setMetadata({}).catch(onlyNotFound)
    order.push('safe')
    makeSafe()
    await upload

    expect(order).toEqual(['safe', 'answered'])
  })

  it('answers 500 in the shape of the storage when the event cannot be kept, and a retry makes it good', async () => {
    const kept = lake.onEvent
    lake.onEvent = () => Promise.reject(new Error('disk <full>'))
    const blob = container.getBlockBlobClient('a.csv')

    const refused = await blob.upload('x', 1).catch((error: RestError) => error)
    expect(refused).toMatchObject({ statusCode: 500, code: 'InternalError' })
    expect(lake.events).toEqual([])

    lake.onEvent = kept
    await blob.upload('x', 1)
    expect(apis()).toEqual(['PutBlob'])
  })
})

function bySequencer(a: StorageEvent, b: StorageEvent): number {
  return (a.data.sequencer ?? '') < (b.data.sequencer ?? '') ? -1 : 1
}

function refusal(statusCode: number): Error {
  return expect.objectContaining({ statusCode })
}

function onlyNotFound(error: RestError): void {
  if (error.statusCode !== 404) throw error
}

function readableForAnHour() {
  return { permissions: BlobSASPermissions.parse('r'), expiresOn: new Date(Date.now() + 3_600_000) }
}
