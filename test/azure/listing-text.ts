/** Listings as a service may write them: the same blobs, in many spellings. */
import fc from 'fast-check'

export interface WrittenBlob {
  name: string
  etag: string
  size: number | undefined
  modified: number
  copyStatus: string | undefined
  metadata: Record<string, string>
}

export interface WrittenPage {
  blobs: WrittenBlob[]
  folders: string[]
}

export interface Spelling {
  /** Which of the ways to write a character is taken, by turns. */
  ways: number[]
  /** References by number are among them. */
  byNumber: boolean
  byteOrderMark: boolean
  indent: boolean
  quotedEtags: boolean
  /** More elements and attributes than are known. */
  extras: boolean
}

/** As a service writes that takes no liberties. */
export const PLAIN: Spelling = {
  ways: [0],
  byNumber: false,
  byteOrderMark: false,
  indent: false,
  quotedEtags: false,
  extras: false,
}

const SECOND = 1000
/** What XML 1.0 cannot hold, even as a reference. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/
/** By XML's rules about ends of lines, only a reference by number keeps it. */
const RETURN = '\r'
const NAMED: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;', "'": '&apos;' }

const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...'abcXYZ019-_./=+ %#?~') },
  { weight: 3, arbitrary: fc.constantFrom(...'&<>"\'`;[]{}()\\|') },
  { weight: 2, arbitrary: fc.constantFrom('ü', 'é', 'e\u0301', 'Ω', '漢', '\u00a0', '\u2028', '😀', '𝔘') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\t', '\n', '\r', '\u0001', '\u001f', '\ufffe', '\uffff', '\u007f'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('&amp;', '&#65;', '&#x41;', '%20', '%C3%BC', ']]>', '<!--', '</Name>'),
  },
)
const name = fc.array(character, { minLength: 1, maxLength: 40 }).map(parts => parts.join(''))
const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,11}$/)
const value = fc
  .array(character, { maxLength: 8 })
  .map(parts => parts.join(''))
  .filter(text => !NOT_IN_XML.test(text))

const blob: fc.Arbitrary<WrittenBlob> = fc.record({
  name,
  etag: fc.stringMatching(/^0x8D[0-9A-F]{12}$/),
  size: fc.option(fc.nat(Number.MAX_SAFE_INTEGER), { nil: undefined }),
  modified: fc.integer({ min: 1_000_000_000, max: 2_000_000_000 }).map(seconds => seconds * SECOND),
  copyStatus: fc.constantFrom(undefined, undefined, 'success', 'pending', 'aborted', 'failed'),
  metadata: fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Record<string, string>[]>(
        { hdi_isfolder: 'true' },
        { Hdi_IsFolder: 'TRUE' },
        { hdi_isfolder: 'no' },
      ),
    },
    { weight: 2, arbitrary: fc.dictionary(word, value, { maxKeys: 3 }) },
  ),
})

export const page: fc.Arbitrary<WrittenPage> = fc.record({
  blobs: fc.array(blob, { maxLength: 6 }),
  folders: fc.array(
    name.map(text => `${text}/`),
    { maxLength: 3 },
  ),
})

export const spelling: fc.Arbitrary<Spelling> = fc.record({
  ways: fc.array(fc.nat(3), { minLength: 1, maxLength: 7 }),
  byNumber: fc.boolean(),
  byteOrderMark: fc.boolean(),
  indent: fc.boolean(),
  quotedEtags: fc.boolean(),
  extras: fc.boolean(),
})

export function writeListing(
  { blobs, folders }: WrittenPage,
  { nextMarker, spelling }: { nextMarker: string; spelling: Spelling },
): string {
  const { byteOrderMark, indent, extras } = spelling
  const text = createWriter(spelling)
  const items = [
    ...blobs.map(item => writeBlob(item, spelling, text)),
    ...folders.map(folder => `<BlobPrefix>${writeName(folder, text, spelling)}</BlobPrefix>`),
  ]
  const xml = [
    `${byteOrderMark ? '\ufeff' : ''}<?xml version="1.0" encoding="utf-8"?>`,
    '<EnumerationResults ServiceEndpoint="http://127.0.0.1/a>b/" ContainerName="c">',
    extras ? '<Prefix>a&amp;b</Prefix><Unknown><Deep a="1"><Blobby/></Deep></Unknown>' : '<Prefix />',
    items.length === 0
      ? '<Blobs />'
      : `<Blobs>${indent ? '\n  ' : ''}${items.join(indent ? '\n  ' : '')}</Blobs>`,
    nextMarker === '' ? '<NextMarker />' : `<NextMarker>${text(nextMarker)}</NextMarker>`,
    '</EnumerationResults>',
  ]
  return xml.join(indent ? '\n' : '')
}

function writeBlob(
  { name, etag, size, modified, copyStatus, metadata }: WrittenBlob,
  spelling: Spelling,
  text: (value: string) => string,
): string {
  const { extras, quotedEtags } = spelling
  const properties = [
    extras ? '<Creation-Time>Mon, 05 Jan 2026 10:11:12 GMT</Creation-Time>' : '',
    `<Last-Modified>${new Date(modified).toUTCString()}</Last-Modified>`,
    `<Etag>${quotedEtags ? `&quot;${etag}&quot;` : etag}</Etag>`,
    size === undefined ? '' : `<Content-Length>${size}</Content-Length>`,
    '<Content-Type>application/octet-stream</Content-Type><Content-MD5 /><BlobType>BlockBlob</BlobType>',
    extras ? '<Of-Tomorrow kind="new"><Part>1</Part><Part /></Of-Tomorrow>' : '',
    copyStatus === undefined ? '' : `<CopyId>1-2</CopyId><CopyStatus>${copyStatus}</CopyStatus>`,
  ]
  const pairs = Object.entries(metadata).map(([key, value]) => `<${key}>${text(value)}</${key}>`)
  return [
    '<Blob>',
    writeName(name, text, spelling),
    `<Properties>${properties.join('')}</Properties>`,
    pairs.length === 0 ? '<Metadata />' : `<Metadata>${pairs.join('')}</Metadata>`,
    extras ? '<OrMetadata /><Tags><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tags>' : '',
    '</Blob>',
  ].join('')
}

/** As the service does it: percent-encoded where XML cannot hold it. */
function writeName(name: string, text: (value: string) => string, { byNumber }: Spelling): string {
  return NOT_IN_XML.test(name) || (name.includes(RETURN) && !byNumber)
    ? `<Name Encoded="true">${encodeURIComponent(name)}</Name>`
    : `<Name>${text(name)}</Name>`
}

/** Writes each character that needs it, and some that do not, in one of its ways. */
function createWriter({ ways, byNumber }: Spelling) {
  let turn = 0
  return (value: string) => [...value].map(write).join('')

  function write(character: string): string {
    const named = NAMED[character]
    if (!byNumber) return named ?? character
    const way = ways[turn++ % ways.length] ?? 0
    if (named !== undefined && way < 2) return named
    if (named === undefined && character !== RETURN && way !== 3) return character
    const code = character.codePointAt(0) ?? 0
    return way % 2 === 0 ? `&#${code};` : `&#x${code.toString(16)};`
  }
}
