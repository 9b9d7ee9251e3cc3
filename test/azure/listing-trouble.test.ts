import type { ServerResponse } from 'node:http'
import { AnonymousCredential, BlobServiceClient } from '@azure/storage-blob'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readListing } from '../../src/azure/blob-listing.ts'
import { ContinuationError, TransientError } from '../../src/core/errors.ts'
import { DEV_ACCOUNT } from '../../src/emulators/lake/azurite.ts'
import { type ListingServer, sendXml, startListingServer } from './listing-server.ts'
import { PLAIN, type WrittenBlob, writeListing } from './listing-text.ts'

const place = { account: DEV_ACCOUNT, container: 'silver', prefix: 'sales/ü &+%20' }
const blob: WrittenBlob = {
  name: 'sales/a.csv',
  etag: '0x8D1',
  size: 1,
  modified: 0,
  copyStatus: undefined,
  metadata: {},
}
const ANSWER = writeListing({ blobs: [blob], folders: [] }, { nextMarker: '', spelling: PLAIN })

describe('a listing in trouble', () => {
  let server: ListingServer
  beforeAll(async () => {
    server = await startListingServer()
  })
  afterAll(() => server.close())

  const list = (pageMs?: number) =>
    readListing(
      server.service,
      place,
      {},
      { limit: 9000, continuation: 'm +' },
      pageMs === undefined ? {} : { pageMs },
    )

  it('asks for what is needed, signed and in the version of the SDK', async () => {
    let headers: Record<string, unknown> = {}
    server.answerWith((_, res, req) => {
      headers = req.headers
      sendXml(res, ANSWER)
    })
    await list()
    expect(server.asked.map(({ pathname }) => pathname)).toEqual([`/${DEV_ACCOUNT}/silver`])
    expect(Object.fromEntries(server.asked[0]?.searchParams ?? [])).toEqual({
      restype: 'container',
      comp: 'list',
      prefix: place.prefix,
      marker: 'm +',
      maxresults: '5000',
      include: 'metadata,copy',
    })
    expect(headers).toMatchObject({
      authorization: expect.stringMatching(/^SharedKey devstoreaccount1:/),
      'x-ms-version': expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      accept: 'application/xml',
    })
  })

  it('keeps the signature of an address that has one', async () => {
    server.answerWith((_, res) => sendXml(res, ANSWER))
    const signed = new BlobServiceClient(
      `${server.service.url}?sv=2026&sig=a%2Bb%3D`,
      new AnonymousCredential(),
    )
    await readListing(signed, place, { delimiter: '/' }, { limit: 1 })
    const asked = server.asked[0]?.searchParams
    expect([asked?.get('sig'), asked?.get('comp'), asked?.get('delimiter')]).toEqual(['a+b=', 'list', '/'])
  })

  it('asks again when the service is busy, by the rules of the SDK', async () => {
    server.answerWith((_, res) => {
      if (server.asked.length < 3) res.writeHead(503, { 'x-ms-error-code': 'ServerBusy' }).end()
      else sendXml(res, ANSWER)
    })
    expect((await list())?.blobs).toHaveLength(1)
    expect(server.asked).toHaveLength(3)
  })

  it('asks again when an answer breaks off', async () => {
    server.answerWith((_, res) => {
      if (server.asked.length < 3) breakOff(res)
      else sendXml(res, ANSWER)
    })
    expect((await list())?.blobs.map(({ path }) => path)).toEqual(['sales/a.csv'])
    expect(server.asked).toHaveLength(3)
  })

  it('gives up, for now, when every answer breaks off', async () => {
    server.answerWith((_, res) => breakOff(res))
    await expect(list()).rejects.toThrow(TransientError)
    expect(server.asked).toHaveLength(3)
  })

  it('gives up, for now, on an answer that does not go on', async () => {
    server.answerWith((_, res) => {
      res.writeHead(200, { 'content-type': 'application/xml' })
      res.write(ANSWER.slice(0, 200))
    })
    await expect(list(200)).rejects.toThrow(TransientError)
    expect(server.asked).toHaveLength(1)
  })

  it('gives up, for now, on what is no listing', async () => {
    server.answerWith((_, res) => sendXml(res, '<html><body>Sign in</body></html>'))
    await expect(list()).rejects.toThrow(TransientError)
    expect(server.asked).toHaveLength(1)
  })

  it.each([
    [403, 'AuthorizationFailure'],
    [500, 'InternalError'],
    [429, 'TooManyRequests'],
  ])('says so and may come back when it is refused with %i %s', async (status, code) => {
    server.answerWith(
      (_, res) => void res.writeHead(status, { 'x-ms-error-code': code, 'retry-after': '7' }).end(),
    )
    await expect(list()).rejects.toMatchObject({
      name: 'TransientError',
      message: `could not list devstoreaccount1/silver: ${code}: the storage account answered ${status}`,
      retryAfterMs: 7000,
    })
  })

  it('does not come back with a continuation that is not taken', async () => {
    server.answerWith((_, res) => void res.writeHead(400, { 'x-ms-error-code': 'OutOfRangeInput' }).end())
    const error = await list().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ContinuationError)
    expect(server.asked).toHaveLength(1)
  })

  it('finds no container where there is none', async () => {
    server.answerWith((_, res) => void res.writeHead(404, { 'x-ms-error-code': 'ContainerNotFound' }).end())
    expect(await list()).toBeUndefined()
  })
})

function breakOff(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(ANSWER) })
  res.write(ANSWER.slice(0, 200), () => res.destroy())
}
