import { isUtf8 } from 'node:buffer'
import type { ListedBlob } from '../app/ports.ts'
import { TransientError } from '../core/errors.ts'
import { LISTING_NAMES, type ListingCursor, readListedBlob, readName } from './listed-blob.ts'
import { createXmlCursor } from './xml-cursor.ts'

/** What one answer of List Blobs holds, in its order. */
export interface Listing {
  blobs: ListedBlob[]
  /** The prefixes of the folders, where a delimiter was asked for. */
  folders: string[]
  /** Undefined: this was the last page. */
  nextMarker: string | undefined
}

export interface ListingScanner {
  /** The answer's next bytes, cut anywhere. */
  write(bytes: Uint8Array): void
  /** Call after the last bytes. */
  end(): Listing
}

const MEGABYTE = 1024 * 1024
/** 5 000 blobs whose names and metadata are as long as the service lets them be stay below that. */
const MAX_ANSWER_BYTES = 128 * MEGABYTE
/** One blob: 1 024 characters of name, 8 KB of metadata, both escaped, and some fifty properties; and one chunk. */
const MAX_PENDING_BYTES = 2 * MEGABYTE
/** Two chunks of a socket, to begin with. */
const FIRST_HELD_BYTES = 128 * 1024
const ITEM_ENDS = ['>', 'Prefix>']

/**
 * Reads an answer of List Blobs while it comes, one complete blob after the other, so that no more than a chunk of
 * it is held. Throws TransientError with the reason for what is not a complete, well-formed listing: an answer that
 * a proxy made up or that broke off must not pass for a shorter one.
 * https://learn.microsoft.com/rest/api/storageservices/list-blobs
 */
export function createListingScanner(): ListingScanner {
  const listing: Listing = { blobs: [], folders: [], nextMarker: undefined }
  const parser = createListingParser(listing)
  const held = createHeldBytes()
  let total = 0

  return {
    write(bytes) {
      total += bytes.length
      if (total > MAX_ANSWER_BYTES) refuse('it is too long')
      held.add(bytes)
      const end = endOfLastItem(held.bytes())
      if (end > 0) {
        parser.take(held.bytes().subarray(0, end))
        held.drop(end)
      }
      if (held.bytes().length > MAX_PENDING_BYTES) refuse('a blob in it is too long')
    },
    end() {
      parser.take(held.bytes())
      if (!parser.isDone()) refuse('it breaks off')
      return listing
    },
  }
}

/** The bytes that have come and are not read yet, always in the same memory. */
function createHeldBytes() {
  let memory = Buffer.allocUnsafeSlow(FIRST_HELD_BYTES)
  let length = 0
  return {
    bytes: () => memory.subarray(0, length),
    add(bytes: Uint8Array) {
      if (length + bytes.length > memory.length) {
        const larger = Buffer.allocUnsafeSlow(2 * (length + bytes.length))
        memory.copy(larger, 0, 0, length)
        memory = larger
      }
      memory.set(bytes, length)
      length += bytes.length
    },
    /** Forgets the first ones. */
    drop(count: number) {
      memory.copyWithin(0, count, length)
      length -= count
    },
  }
}

/** Takes the answer in parts that end where a tag ends, and never within a blob. */
function createListingParser(listing: Listing) {
  let isFirst = true
  /** The elements that are open. */
  let within: 'nothing' | 'EnumerationResults' | 'Blobs' | 'the end' = 'nothing'

  function take(bytes: Buffer): void {
    if (!isUtf8(bytes)) refuse('it is not UTF-8')
    const cursor = createXmlCursor(bytes, LISTING_NAMES, refuse)
    if (isFirst) cursor.skipDeclaration()
    isFirst = false
    while (!cursor.isAtEnd()) {
      if (within === 'Blobs') takeItem(cursor)
      else if (within === 'EnumerationResults') takePart(cursor)
      else if (within === 'nothing') takeRoot(cursor)
      else refuse('it goes on after its end')
    }
  }

  function takeRoot(cursor: ListingCursor): void {
    if (cursor.enter('EnumerationResults') !== 'EnumerationResults') refuse(`it is <${cursor.name()}>`)
    within = 'EnumerationResults'
  }

  function takePart(cursor: ListingCursor): void {
    const name = cursor.enter('EnumerationResults')
    if (name === undefined) within = 'the end'
    else if (name === 'Blobs') within = 'Blobs'
    else if (name === 'NextMarker') listing.nextMarker = cursor.text() || undefined
    else cursor.skip()
  }

  function takeItem(cursor: ListingCursor): void {
    const name = cursor.enter('Blobs')
    if (name === undefined) within = 'EnumerationResults'
    else if (name === 'Blob') listing.blobs.push(readListedBlob(cursor, refuse))
    else if (name === 'BlobPrefix') listing.folders.push(readFolder(cursor))
    else cursor.skip()
  }

  return { take, isDone: () => within === 'the end' }
}

function readFolder(cursor: ListingCursor): string {
  let folder: string | undefined
  for (let name = cursor.enter('BlobPrefix'); name !== undefined; name = cursor.enter('BlobPrefix')) {
    if (name === 'Name') folder = readName(cursor, refuse)
    else cursor.skip()
  }
  return folder ?? refuse('a folder in it has no name')
}

/** Where the last complete `<Blob>` or `<BlobPrefix>` ends; 0: there is none. */
function endOfLastItem(bytes: Buffer): number {
  const tag = '</Blob'
  for (let at = bytes.lastIndexOf(tag); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(tag, at - 1)) {
    const from = at + tag.length
    const rest = ITEM_ENDS.find(end => bytes.toString('latin1', from, from + end.length) === end)
    if (rest !== undefined) return from + rest.length
  }
  return 0
}

function refuse(what: string): never {
  throw new TransientError(`the storage account answered with what is no listing: ${what}`)
}
