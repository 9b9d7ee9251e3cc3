import type { BlobServiceClient } from '@azure/storage-blob'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBlobLake } from '../../src/azure/blob-lake.ts'
import { createBlobService } from '../../src/azure/storage-clients.ts'
import { type Azurite, DEV_ACCOUNT, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { listLevelWithSdk, listOurLevel, listOurs, listWithSdk } from './listing-by-sdk.ts'

/** Names that mean something to XML, to URLs, to query strings or to Unicode. */
const HOSTILE = [
  ...[
    ' ',
    ' a',
    'a ',
    'a  b',
    'a+b',
    'a%20b',
    'a%b',
    'a%2Fb',
    'a&b',
    'a&amp;b',
    'a&#65;b',
    'a<b>c',
    '</Name>',
  ],
  ...[
    '"a"',
    "'a'",
    '`a`',
    '<!--a-->',
    ']]>',
    '<![CDATA[a]]>',
    '?a=b',
    '#a',
    'a;b',
    'a:b',
    'a=b',
    '~a',
    '[a]{b}|c',
  ],
  ...['ü', 'u\u0308', 'é/ü/漢字.csv', '😀', '𝔘', '\u00a0', '\u2028', 'עברית', 'a\u200bb', 'ß', 'ﬁ', 'İ'],
  ...['a/b', 'a/b/c', 'a//b', 'a/ b', 'a/&/b', 'a/<b>/c', 'dt=2026-01-31/part-0.parquet', 'x'.repeat(1000)],
]

describe('a listing of our own reading, over Azurite', () => {
  let azurite: Azurite
  let service: BlobServiceClient
  beforeAll(async () => {
    azurite = await startAzurite()
    service = createBlobService({ kind: 'connection string', connectionString: azurite.connectionString })
  })
  afterAll(() => azurite.close())

  it('equals that of the SDK and what was written, whatever the names', async () => {
    const container = service.getContainerClient('hostile')
    await container.create()
    for (const [index, name] of HOSTILE.entries()) {
      const metadata: Record<string, string> =
        index % 5 === 0 ? { hdi_isfolder: 'true', owner: 'a&b<c>' } : {}
      await container.getBlockBlobClient(name).upload('x'.repeat(index), index, { metadata })
    }
    const lake = createBlobLake(() => service)
    const place = { account: DEV_ACCOUNT, container: 'hostile', prefix: '' }
    const found = await listOurs(lake, place, 7)
    expect(found).toEqual(await listWithSdk(service, place, 7))
    expect(found.map(({ path }) => path).sort()).toEqual([...HOSTILE].sort())
    for (const prefix of ['', 'a/', 'é/', 'a&', 'a%', ' ', '<', '?', 'a+', '+']) {
      const part = { ...place, prefix }
      expect(await listOurs(lake, part), prefix).toEqual(await listWithSdk(service, part))
      expect(await listOurLevel(lake, part), prefix).toEqual(await listLevelWithSdk(service, part))
    }
  })
})
