import type { ListedBlob } from '../app/ports.ts'
import { normalEtag } from '../core/storage-events.ts'
import { type KnownNames, knowNames, type XmlCursor } from './xml-cursor.ts'

/** The elements of a listing that mean something to us. */
export const LISTING_NAMES = knowNames([
  ...(['EnumerationResults', 'Blobs', 'NextMarker', 'BlobPrefix', 'Blob', 'Name', 'Properties'] as const),
  ...(['Metadata', 'Etag', 'Content-Length', 'Last-Modified', 'CopyStatus', 'ResourceType'] as const),
])
export type ListingCursor = typeof LISTING_NAMES extends KnownNames<infer Name> ? XmlCursor<Name> : never

type Refuse = (what: string) => never

const HTTP_DATE = /^[A-Z][a-z]{2}, [0-3]\d [A-Z][a-z]{2} \d{4} [0-2]\d:[0-5]\d:[0-6]\d GMT$/
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DIRECTORY_MARK = 'hdi_isfolder'

/** Reads a `<Blob>` whose start tag was taken. */
export function readListedBlob(cursor: ListingCursor, refuse: Refuse): ListedBlob {
  const blob: ListedBlob = {
    path: '',
    etag: '',
    sizeBytes: 0,
    lastModified: Number.NaN,
    isDirectory: false,
    isBeingCopied: false,
  }
  for (let name = cursor.enter('Blob'); name !== undefined; name = cursor.enter('Blob')) {
    if (name === 'Name') blob.path = readName(cursor, refuse)
    else if (name === 'Properties') readProperties(cursor, blob, refuse)
    else if (name === 'Metadata') readMetadata(cursor, blob)
    else cursor.skip()
  }
  if (blob.path === '') refuse('a blob in it has no name')
  if (blob.etag === '') refuse('a blob in it has no etag')
  if (Number.isNaN(blob.lastModified)) refuse('a blob in it has no time of its last change')
  return blob
}

/** Names with characters that XML cannot hold are percent-encoded, and say so. */
export function readName(cursor: ListingCursor, refuse: Refuse): string {
  const isEncoded = cursor.attribute('Encoded') === 'true'
  const name = cursor.text()
  if (!isEncoded) return name
  try {
    return decodeURIComponent(name)
  } catch (error) {
    if (error instanceof URIError) return refuse('a name in it is wrongly encoded')
    throw error
  }
}

function readProperties(cursor: ListingCursor, blob: ListedBlob, refuse: Refuse): void {
  for (let name = cursor.enter('Properties'); name !== undefined; name = cursor.enter('Properties')) {
    if (name === 'Etag') {
      blob.etag = normalEtag(cursor.text()) ?? refuse('a blob in it has no etag')
    } else if (name === 'Content-Length') {
      blob.sizeBytes = toSize(cursor.text()) ?? refuse('a blob in it has no size')
    } else if (name === 'Last-Modified') {
      blob.lastModified = toTime(cursor.text())
    } else if (name === 'CopyStatus') {
      blob.isBeingCopied = cursor.text() === 'pending'
    } else if (name === 'ResourceType') {
      if (cursor.text() === 'directory') blob.isDirectory = true
    } else {
      cursor.skip()
    }
  }
}

/** Directories of accounts with a hierarchical namespace, and those that Hadoop and portals make elsewhere. */
function readMetadata(cursor: ListingCursor, blob: ListedBlob): void {
  while (cursor.enter('Metadata') !== undefined) {
    if (cursor.name().toLowerCase() !== DIRECTORY_MARK) cursor.skip()
    else if (cursor.text().toLowerCase() === 'true') blob.isDirectory = true
  }
}

/** Blobs that were never written to the end have none. */
function toSize(text: string): number | undefined {
  if (text === '') return 0
  const size = Number(text)
  return /^\d+$/.test(text) && Number.isSafeInteger(size) ? size : undefined
}

/** As HTTP has it, and nothing else, as `Date.parse` takes almost anything. */
function toTime(text: string): number {
  const month = MONTHS.indexOf(text.slice(8, 11))
  if (month < 0 || !HTTP_DATE.test(text)) return Number.NaN
  const [day, year] = [Number(text.slice(5, 7)), Number(text.slice(12, 16))]
  return Date.UTC(
    year,
    month,
    day,
    Number(text.slice(17, 19)),
    Number(text.slice(20, 22)),
    Number(text.slice(23, 25)),
  )
}
