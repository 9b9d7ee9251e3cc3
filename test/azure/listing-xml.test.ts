import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createListingScanner } from '../../src/azure/listing-xml.ts'
import { TransientError } from '../../src/core/errors.ts'
import { page, spelling, writeListing } from './listing-text.ts'

const PROPERTIES =
  '<Properties><Last-Modified>Mon, 05 Jan 2026 10:11:12 GMT</Last-Modified><Etag>0x8D1</Etag><Content-Length>7</Content-Length></Properties>'
const MEGABYTE = 1024 * 1024

function read(text: string | Uint8Array, cuts: readonly number[] = []) {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const scanner = createListingScanner()
  let from = 0
  for (const to of [...cuts, bytes.length]) {
    scanner.write(bytes.subarray(from, to))
    from = to
  }
  return scanner.end()
}

function answer(blobs: string, rest = '<NextMarker />'): string {
  return `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="https://contosolake.blob.core.windows.net/" ContainerName="silver"><MaxResults>5000</MaxResults><Blobs>${blobs}</Blobs>${rest}</EnumerationResults>`
}

function blob(name: string, properties = PROPERTIES): string {
  return `<Blob>${name}${properties}<OrMetadata /></Blob>`
}

function attempt<T>(act: () => T): T | Error {
  try {
    return act()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

describe('the reader of listings', () => {
  it('reads what Azure sends for a blob of a hierarchical account', () => {
    const text = answer(
      '<Blob><Name>sales/eu</Name><Properties><Creation-Time>Sun, 04 Jan 2026 10:11:12 GMT</Creation-Time><Last-Modified>Mon, 05 Jan 2026 10:11:12 GMT</Last-Modified><Etag>0x8DE4C2D5A1B2C3D</Etag><ResourceType>directory</ResourceType><Content-Length>0</Content-Length><Content-Type>application/octet-stream</Content-Type><Content-Encoding /><Content-Language /><Content-CRC64>AAAAAAAAAAA=</Content-CRC64><Content-MD5>1B2M2Y8AsgTpgAmY7PhCfg==</Content-MD5><Cache-Control /><Content-Disposition /><BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred><LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted></Properties><Metadata><hdi_isfolder>true</hdi_isfolder></Metadata><OrMetadata /></Blob>',
      '<NextMarker>2!92!MDAwMDE4&amp;</NextMarker>',
    )
    expect(read(text)).toEqual({
      blobs: [
        {
          path: 'sales/eu',
          etag: '0x8DE4C2D5A1B2C3D',
          sizeBytes: 0,
          lastModified: Date.UTC(2026, 0, 5, 10, 11, 12),
          isDirectory: true,
          isBeingCopied: false,
        },
      ],
      folders: [],
      nextMarker: '2!92!MDAwMDE4&',
    })
  })

  it('takes a resource type for a directory where there is no metadata', () => {
    const properties = PROPERTIES.replace('<Etag>', '<ResourceType>directory</ResourceType><Etag>')
    const { blobs } = read(answer(blob('<Name>a</Name>', properties) + blob('<Name>b</Name>')))
    expect(blobs.map(({ isDirectory }) => isDirectory)).toEqual([true, false])
  })

  it.each([
    ['<Name>a&lt;b&gt;&amp;amp;&quot;&apos;</Name>', 'a<b>&amp;"\''],
    ['<Name>&#252;&#xFC;&#x1F600;&#xd;</Name>', 'üü😀\r'],
    ['<Name Encoded="true">a%EF%BF%BE%25%20b&amp;</Name>', 'a\ufffe% b&'],
    ['<Name Encoded="false">a%20b</Name>', 'a%20b'],
    ["<Name\n Other='>' Encoded = 'true'>a%20b</Name\n>", 'a b'],
    ['<Name> a\t </Name>', ' a\t '],
    ['<Name>a\r\nb\rc</Name>', 'a\nb\nc'],
    [`<Name>${'ü'.repeat(8000)}</Name>`, 'ü'.repeat(8000)],
  ])('reads the name in %s', (xml, name) => {
    expect(read(answer(blob(xml))).blobs.map(({ path }) => path)).toEqual([name])
  })

  it('reads the same however the answer is cut into chunks', () => {
    const cuts = fc.array(fc.nat(6000), { maxLength: 12 })
    fc.assert(
      fc.property(page, spelling, cuts, (page, spelling, cuts) => {
        const bytes = Buffer.from(writeListing(page, { nextMarker: 'ü&', spelling }))
        const places = cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b)
        expect(read(bytes, places)).toEqual(read(bytes))
      }),
    )
  })

  it('reads or refuses whatever has happened to an answer on its way', () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('<>/&; "=!?')))
    const changes = fc.array(fc.tuple(fc.nat(), byte), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(page, spelling, changes, (page, spelling, changes) => {
        const bytes = Buffer.from(writeListing(page, { nextMarker: 'm', spelling }))
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        const outcome = attempt(() => read(bytes))
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(TransientError)
        else expect(outcome.blobs.every(({ path, etag }) => path !== '' && etag !== '')).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('takes no answer that ends too early, wherever that is, for a shorter one', () => {
    const text = answer(blob('<Name>a</Name>') + blob('<Name>b</Name>'))
    for (let end = 0; end < text.length; end += 1) {
      expect(() => read(text.slice(0, end)), text.slice(0, end)).toThrow(TransientError)
    }
    expect(read(text).blobs).toHaveLength(2)
  })

  it.each([
    ['a page of a proxy', '<!DOCTYPE html><html><body>Sign in</body></html>'],
    ['an error', '<?xml version="1.0"?><Error><Code>ServerBusy</Code></Error>'],
    ['other bytes', '{"blobs":[]}'],
    ['nothing', ''],
    ['more after the end', `${answer('')}<EnumerationResults/>`],
    ['bytes that are no UTF-8', Buffer.from(answer(blob('<Name>\xff</Name>')), 'latin1')],
    ['an end tag of another element', answer('<Blob><Name>a</Nome></Blob>')],
    ['CDATA', answer(blob('<Name><![CDATA[a]]></Name>'))],
    ['a comment', answer('<!-- a -->')],
    ['text between blobs', answer('a')],
    ['an attribute without quotes', answer(blob('<Name Encoded=true>a</Name>'))],
    ['a lone ampersand', answer(blob('<Name>a&b</Name>'))],
    ['an unknown reference', answer(blob('<Name>a&nbsp;b</Name>'))],
    ['half a character by number', answer(blob('<Name>&#xD83D;</Name>'))],
    ['no character by number', answer(blob('<Name>&#x110000;</Name>'))],
    ['a wrongly encoded name', answer(blob('<Name Encoded="true">%E0%A4</Name>'))],
    ['a blob without a name', answer(blob(''))],
    ['a blob with an empty name', answer(blob('<Name />'))],
    ['a folder without a name', answer('<BlobPrefix></BlobPrefix>')],
    ['a blob without properties', answer(blob('<Name>a</Name>', ''))],
    ['no etag', answer(blob('<Name>a</Name>', PROPERTIES.replace('0x8D1', '')))],
    ['a size that is none', answer(blob('<Name>a</Name>', PROPERTIES.replace('>7<', '>7.5<')))],
    ['a time that is none', answer(blob('<Name>a</Name>', PROPERTIES.replace('Mon, 05 Jan', 'soon')))],
    ['elements without end', answer('<a>'.repeat(1000) + '</a>'.repeat(1000))],
  ])('refuses %s, and says why', (_, text) => {
    expect(() => read(text)).toThrow(TransientError)
    expect(() => read(text)).toThrow(/^the storage account answered with what is no listing: ./)
  })

  it('holds no more than one blob that it cannot read yet', () => {
    const scanner = createListingScanner()
    scanner.write(Buffer.from(answer('').split('</Blobs>')[0] ?? ''))
    const chunk = Buffer.from('a'.repeat(MEGABYTE))
    scanner.write(Buffer.from('<Blob><Name>'))
    expect(() => {
      for (let megabytes = 0; megabytes < 8; megabytes += 1) scanner.write(chunk)
    }).toThrow('a blob in it is too long')
  })

  it('ends an answer that has no end', () => {
    const scanner = createListingScanner()
    scanner.write(Buffer.from(answer('').split('</Blobs>')[0] ?? ''))
    const filler = Buffer.from(
      `<Other>${'a'.repeat(MEGABYTE)}</Other><BlobPrefix><Name>a/</Name></BlobPrefix>`,
    )
    expect(() => {
      for (let megabytes = 0; megabytes < 256; megabytes += 1) scanner.write(filler)
    }).toThrow('it is too long')
  })
})
