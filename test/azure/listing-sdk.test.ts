import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Lake } from '../../src/app/ports.ts'
import { createBlobLake } from '../../src/azure/blob-lake.ts'
import { DEV_ACCOUNT } from '../../src/emulators/lake/azurite.ts'
import { listLevelWithSdk, listOurLevel, listOurs, listWithSdk } from './listing-by-sdk.ts'
import { type ListingServer, sendXml, startListingServer } from './listing-server.ts'
import { page, type Spelling, spelling, type WrittenPage, writeListing } from './listing-text.ts'

const place = { account: DEV_ACCOUNT, container: 'silver', prefix: '' }

describe('a listing of our own reading', () => {
  let server: ListingServer
  let lake: Lake
  beforeAll(async () => {
    server = await startListingServer()
    lake = createBlobLake(() => server.service)
  })
  afterAll(() => server.close())

  it('equals that of the SDK, whatever the names and however the answers are written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(page, { minLength: 1, maxLength: 3 }), spelling, async (pages, spelling) => {
        // The SDK leaves references by number as they are: `&#xD;` would stay that in a name.
        const spelt = { ...spelling, byNumber: false }
        serve(pages.map(withoutFolders), spelt)
        expect(await listOurs(lake, place)).toEqual(await listWithSdk(server.service, place))
        serve(pages, spelt)
        expect(await listOurLevel(lake, place)).toEqual(await listLevelWithSdk(server.service, place))
      }),
      { numRuns: 150 },
    )
  })

  it('tells the names that were written, references by number among them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(page, { minLength: 1, maxLength: 3 }), spelling, async (pages, spelling) => {
        serve(pages, spelling)
        const { folders, blobs } = await listOurLevel(lake, place)
        expect(folders).toEqual(pages.flatMap(page => page.folders))
        expect(blobs.map(({ path }) => path)).toEqual(
          pages.flatMap(page => page.blobs.map(({ name }) => name)),
        )
      }),
      { numRuns: 150 },
    )
  })

  function serve(pages: readonly WrittenPage[], spelling: Spelling): void {
    const texts = pages.map((page, index) =>
      writeListing(page, { nextMarker: index + 1 < pages.length ? markerOf(index + 1) : '', spelling }),
    )
    server.answerWith(({ searchParams }, res) => {
      const marker = searchParams.get('marker') ?? markerOf(0)
      const text = texts.find((_, index) => markerOf(index) === marker)
      if (text === undefined) res.writeHead(400).end()
      else sendXml(res, text)
    })
  }
})

function withoutFolders({ blobs }: WrittenPage): WrittenPage {
  return { blobs, folders: [] }
}

/** Opaque to clients, and nothing that a query or XML takes as it is. */
function markerOf(index: number): string {
  return `2!${index}!&<"> +%20=ü`
}
