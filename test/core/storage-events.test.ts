import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseStorageEvent } from '../../src/core/storage-events.ts'
import { blobEvent } from '../support/memory-world.ts'

const ref = { account: 'contosolake', container: 'silver', path: 'sales/eu/a.csv' }

const subjectOf = (path: string) => `/blobServices/default/containers/silver/blobs/${path}`

describe('a storage event', () => {
  it('is a finished file with its etag, size and padded sequencer', () => {
    const data = { eTag: '"0x8D9"', contentLength: 12, sequencer: '00A' }
    expect(parseStorageEvent(blobEvent('PutBlob', ref.path, data))).toEqual({
      kind: 'changes',
      changes: [
        {
          kind: 'written',
          ref,
          etag: '0x8D9',
          sizeBytes: 12,
          sequencer: `${'0'.repeat(61)}00a`,
          doubt: undefined,
        },
      ],
    })
  })

  it.each([
    ['0x8D9', '0x8D9'],
    ['"0x8D9"', '0x8D9'],
    ['W/"0x8D9"', '0x8D9'],
    ['W/0x8D9', '0x8D9'],
    ['"0x8D9', '"0x8D9'],
    ['"', '"'],
    ['"a"b"', 'a"b'],
  ])('with the etag %j has %j, however it is quoted', (eTag, etag) => {
    const event = blobEvent('PutBlob', ref.path, { eTag, contentLength: 1 })
    expect(parseStorageEvent(event)).toMatchObject({ changes: [{ etag, doubt: undefined }] })
  })

  it('means the same as a CloudEvent', () => {
    const { topic, subject, eventType, eventTime, id, data } = blobEvent('PutBlockList', ref.path, {
      eTag: '0x1',
      contentLength: 1,
    })
    const cloud = { source: topic, subject, type: eventType, time: eventTime, id, data, specversion: '1.0' }
    expect(parseStorageEvent(cloud)).toEqual(
      parseStorageEvent(blobEvent('PutBlockList', ref.path, { eTag: '0x1', contentLength: 1 })),
    )
  })

  it.each([
    ['PutBlob', 5, undefined],
    ['PutBlockList', 5, undefined],
    ['FlushWithClose', 5, undefined],
    ['SftpCommit', 5, undefined],
    ['SftpCommit', 0, 'no bytes'],
    ['PutBlob', 0, 'no bytes'],
    ['CopyBlob', 5, 'api CopyBlob'],
    ['SomethingNew', 5, 'api SomethingNew'],
  ])('of api %s with %i bytes is believed, or doubted for a reason', (api, contentLength, doubt) => {
    const parsed = parseStorageEvent(blobEvent(api, ref.path, { eTag: '0x1', contentLength }))
    expect(parsed).toMatchObject({ kind: 'changes', changes: [{ doubt }] })
  })

  it.each([
    ['CreateFile', ref.path, 'empty-shell'],
    ['SftpCreate', ref.path, 'empty-shell'],
    ['PutBlob', 'sales/eu/', 'directory'],
    ['PutBlob', 'sales/eu_$folder$', 'directory'],
  ])('of api %s on %s is ignored as %s', (api, path, reason) => {
    const event = blobEvent(api, path, { eTag: '0x1', contentLength: 0 })
    expect(parseStorageEvent(event)).toMatchObject({ kind: 'ignored', reason })
  })

  it('of a rename writes the destination and removes the source, both to be asked about', () => {
    const event = {
      ...blobEvent('RenameFile', ref.path, {}),
      eventType: 'Microsoft.Storage.BlobRenamed',
      data: {
        api: 'RenameFile',
        sequencer: '1',
        sourceUrl: 'https://contosolake.dfs.core.windows.net/silver/tmp/a%20b.csv',
        destinationUrl: 'https://contosolake.dfs.core.windows.net/silver/sales/eu/a.csv',
      },
    }
    expect(parseStorageEvent(event)).toMatchObject({
      kind: 'changes',
      changes: [
        { kind: 'written', ref, etag: undefined, doubt: 'renamed' },
        { kind: 'removed', ref: { ...ref, path: 'tmp/a b.csv' }, doubt: 'renamed away' },
      ],
    })
  })

  it('of a renamed directory asks for its listing', () => {
    const event = {
      ...blobEvent('RenameDirectory', 'sales/eu', {}),
      eventType: 'Microsoft.Storage.DirectoryRenamed',
    }
    expect(parseStorageEvent(event)).toEqual({ kind: 'listing', folder: { ...ref, path: 'sales/eu' } })
  })

  it.each([
    'plain.csv',
    'a b/ü/日本.csv',
    'per%cent/100%25.csv',
    'hash#and?mark.csv',
    'up/../and/./down//x.csv',
    ' leading and trailing ',
    'back\\slash.csv',
  ])('tells the path of %j from its url or, without one, from its subject', path => {
    const data = { eTag: '0x1', contentLength: 1 }
    const withUrl = blobEvent('PutBlob', path, data)
    const withoutUrl = { ...withUrl, data: { ...withUrl.data, url: undefined } }
    for (const event of [withUrl, withoutUrl]) {
      expect(parseStorageEvent(event)).toMatchObject({ changes: [{ ref: { ...ref, path } }] })
    }
  })

  it('tells the path from a path-style url, as local doubles of storage have it', () => {
    const event = blobEvent('PutBlob', 'sales/a.csv', {
      eTag: '0x1',
      contentLength: 1,
      url: 'http://127.0.0.1:10000/contosolake/silver/sales/a%2Cb.csv',
    })
    expect(parseStorageEvent(event)).toMatchObject({ changes: [{ ref: { path: 'sales/a,b.csv' } }] })
  })

  it('tells the path from the subject where the url is not percent-encoded UTF-8', () => {
    for (const url of [
      'https://contosolake.blob.core.windows.net/silver/100%.csv',
      'https://x/silver/%ff.csv',
    ]) {
      const event = blobEvent('PutBlob', '100%.csv', { eTag: '0x1', contentLength: 1, url })
      expect(parseStorageEvent(event)).toMatchObject({ changes: [{ ref: { path: '100%.csv' } }] })
    }
  })

  it.each(['a#b.csv', 'a?b.csv'])(
    'tells the path %s from the subject where the url is not encoded at all',
    path => {
      const url = `https://contosolake.blob.core.windows.net/silver/${path}`
      const event = blobEvent('PutBlob', path, { eTag: '0x1', contentLength: 1, url })
      expect(parseStorageEvent(event)).toMatchObject({ changes: [{ ref: { path } }] })
    },
  )

  it.each(['0x1\u001b[31m', '0x1\n', 'é', 'a b'])(
    'with the etag %j has none: the lake is asked for it',
    eTag => {
      const event = blobEvent('PutBlob', ref.path, { eTag, contentLength: 1 })
      expect(parseStorageEvent(event)).toMatchObject({ changes: [{ etag: undefined, doubt: 'no eTag' }] })
    },
  )

  it.each([
    [null, 'not-an-event'],
    ['text', 'not-an-event'],
    [[], 'not-an-event'],
    [{}, 'not-an-event'],
    [{ eventType: 7 }, 'not-an-event'],
    [{ eventType: 'Contoso.Things.Happened' }, 'not-a-blob-event'],
    [{ ...blobEvent('PutBlob', 'x', {}), data: undefined }, 'bad-data'],
    [{ ...blobEvent('PutBlob', 'x', {}), data: [] }, 'bad-data'],
    [{ ...blobEvent('PutBlob', 'x', {}), subject: '/blobServices/default/containers/silver' }, 'bad-subject'],
    [{ ...blobEvent('PutBlob', 'x', {}), subject: undefined }, 'bad-subject'],
    [{ ...blobEvent('PutBlob', 'x', {}), topic: '/somewhere/else' }, 'bad-subject'],
    [blobEvent('PutBlob', 'x'.repeat(1025), {}), 'bad-subject'],
    [{ ...blobEvent('PutBlob', 'x', {}), subject: subjectOf('a\ud800.csv'), data: {} }, 'bad-subject'],
  ])('that is %j is ignored as %s', (event, reason) => {
    expect(parseStorageEvent(event)).toMatchObject({ kind: 'ignored', reason })
  })

  it('never throws, whatever it is', () => {
    const field = fc.oneof(fc.anything(), fc.string(), fc.constant('Microsoft.Storage.BlobCreated'))
    const event = fc.record(
      {
        eventType: fc.constantFrom('Microsoft.Storage.BlobCreated', 'Microsoft.Storage.BlobRenamed'),
        topic: fc.constant('/providers/Microsoft.Storage/storageAccounts/contosolake'),
        subject: fc
          .string({ unit: 'binary' })
          .map(path => `/blobServices/default/containers/silver/blobs/${path}`),
        data: fc.dictionary(
          fc.constantFrom('api', 'eTag', 'contentLength', 'sequencer', 'url', 'sourceUrl'),
          field,
        ),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(event, fc.anything()), input => {
        expect(['changes', 'listing', 'ignored']).toContain(parseStorageEvent(input).kind)
      }),
    )
  })
})
