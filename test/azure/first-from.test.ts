import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBlobLake } from '../../src/azure/blob-lake.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { DEV_ACCOUNT } from '../../src/emulators/lake/azurite.ts'
import { type ListingServer, sendXml, startListingServer } from './listing-server.ts'
import { PLAIN, type WrittenBlob, writeListing } from './listing-text.ts'

const place = { account: DEV_ACCOUNT, container: 'silver', prefix: 'in/' }
const blob: WrittenBlob = {
  name: 'in/ü&1',
  etag: '0x8D1',
  size: 1,
  modified: 0,
  copyStatus: undefined,
  metadata: {},
}
const pageOf = (blobs: WrittenBlob[], nextMarker: string) =>
  writeListing({ blobs, folders: [] }, { nextMarker, spelling: PLAIN })

describe('the first name from another on', () => {
  let server: ListingServer
  beforeAll(async () => {
    server = await startListingServer()
  })
  afterAll(() => server.close())

  const first = () => createBlobLake(() => server.service).firstFrom(place, 'in/ü&')

  it('is asked for alone, and may stand behind pages that hold nothing', async () => {
    server.answerWith((_, res) => sendXml(res, pageOf(server.asked.length < 4 ? [] : [blob], 'm +')))
    expect(await first()).toBe('in/ü&1')
    expect(server.asked.map(url => url.searchParams.get('marker'))).toEqual([null, 'm +', 'm +', 'm +'])
    for (const { searchParams } of server.asked) {
      expect([searchParams.get('startFrom'), searchParams.get('prefix')]).toEqual(['in/ü&', 'in/'])
      expect([searchParams.get('maxresults'), searchParams.get('delimiter')]).toEqual(['1', null])
    }
  })

  it('is not told where the service will not begin there', async () => {
    server.answerWith(
      (_, res) => void res.writeHead(400, { 'x-ms-error-code': 'InvalidQueryParameterValue' }).end(),
    )
    await expect(first()).rejects.toThrow(PermanentError)
    expect(server.asked).toHaveLength(1)
  })

  it('is not told where pages that hold nothing do not end', async () => {
    server.answerWith((_, res) => sendXml(res, pageOf([], 'm')))
    await expect(first()).rejects.toThrow(PermanentError)
    expect(server.asked.length).toBeLessThanOrEqual(100)
  })

  it('may be told later where the service is busy', async () => {
    server.answerWith((_, res) => void res.writeHead(503, { 'x-ms-error-code': 'ServerBusy' }).end())
    await expect(first()).rejects.toThrow(TransientError)
  })
})
