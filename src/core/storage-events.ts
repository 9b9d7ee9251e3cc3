/**
 * Storage events as Event Grid sends them, in its own schema or as CloudEvents 1.0, parsed once at the edge.
 * Which `data.api` means a finished file: Microsoft's table of Blob Storage events.
 */
import type { BlobRef } from './blob-ref.ts'

/** What happened to one blob. */
export type BlobChange =
  | WrittenBlob
  | { kind: 'removed'; ref: BlobRef; sequencer: string | undefined; doubt: string | undefined }

export interface WrittenBlob {
  kind: 'written'
  ref: BlobRef
  /** Undefined where the event does not carry it. */
  etag: string | undefined
  sizeBytes: number | undefined
  sequencer: string | undefined
  /** Why the lake must be asked before this is believed; undefined: the event says it all. */
  doubt: string | undefined
}

/** Why an event needs nothing to be done. Each is counted under its name. */
export type IgnoreReason =
  | 'not-an-event'
  | 'not-a-blob-event'
  | 'bad-subject'
  | 'bad-data'
  | 'empty-shell'
  | 'directory'

export type ParsedEvent =
  | { kind: 'changes'; changes: BlobChange[] }
  /** A directory got another name: its whole subtree lies at a new place, without further events. */
  | { kind: 'listing'; folder: BlobRef }
  | { kind: 'ignored'; reason: IgnoreReason; detail: string }

/** The content is all there once one of these is reported. */
const COMPLETE = new Set(['PutBlob', 'PutBlockList', 'PutBlobFromURL', 'FlushWithClose', 'SftpCommit'])
/** A name without content yet: the completing event follows. */
const SHELLS = new Set(['CreateFile', 'SftpCreate'])

/** Blob Storage's own bound. */
const MAX_PATH_LENGTH = 1024
/** Azure's etags have some twenty characters. */
const MAX_ETAG_LENGTH = 128
const ETAG = /^[\x21-\x7e]+$/

/** Never throws: what cannot be read is `ignored` with its reason. */
export function parseStorageEvent(input: unknown): ParsedEvent {
  if (!isRecord(input)) return ignored('not-an-event', 'an event is an object')
  const type = text(input['eventType']) ?? text(input['type'])
  if (type === undefined) return ignored('not-an-event', 'neither eventType nor type is a string')
  switch (type) {
    case 'Microsoft.Storage.BlobCreated':
      return parseAt(input, parseCreated)
    case 'Microsoft.Storage.BlobDeleted':
      return parseAt(input, parseDeleted)
    case 'Microsoft.Storage.BlobRenamed':
      return parseAt(input, parseRenamed)
    case 'Microsoft.Storage.DirectoryRenamed':
      return parseAt(input, folder => ({ kind: 'listing', folder }))
    case 'Microsoft.Storage.DirectoryCreated':
    case 'Microsoft.Storage.DirectoryDeleted':
      return ignored('directory', type)
    default:
      return ignored('not-a-blob-event', type.slice(0, 100))
  }
}

type Data = Record<string, unknown>

function parseAt(event: Data, parse: (ref: BlobRef, data: Data) => ParsedEvent): ParsedEvent {
  const data = event['data']
  if (!isRecord(data)) return ignored('bad-data', 'the event has no data')
  const ref = refOf(event, data)
  if (ref === undefined) {
    return ignored(
      'bad-subject',
      'expected a storage account and /blobServices/default/containers/<c>/blobs/<path>',
    )
  }
  if (!ref.path.isWellFormed()) {
    // Hashed into a key, all of these would be the same file.
    return ignored('bad-subject', 'the path holds half of a surrogate pair, as no blob has')
  }
  return parse(ref, data)
}

function parseCreated(ref: BlobRef, data: Data): ParsedEvent {
  const api = text(data['api']) ?? ''
  if (SHELLS.has(api)) return ignored('empty-shell', api)
  if (isDirectoryName(ref.path)) return ignored('directory', 'the name is that of a directory')
  const etag = normalEtag(text(data['eTag']) ?? text(data['etag']))
  const sizeBytes = count(data['contentLength'])
  return {
    kind: 'changes',
    changes: [
      {
        kind: 'written',
        ref,
        etag,
        sizeBytes,
        sequencer: normalSequencer(data['sequencer']),
        doubt: doubtOf(api, etag, sizeBytes),
      },
    ],
  }
}

/**
 * CopyBlob fires at initiation on hierarchical accounts; the sample of SftpCommit says 0 bytes; a blob of no
 * bytes may be the marker of a directory; an api that we do not know may be complete or not.
 */
function doubtOf(api: string, etag: string | undefined, sizeBytes: number | undefined): string | undefined {
  if (!COMPLETE.has(api)) return `api ${api === '' ? 'missing' : api.slice(0, 40)}`
  if (etag === undefined) return 'no eTag'
  if (sizeBytes === undefined) return 'no contentLength'
  return sizeBytes === 0 ? 'no bytes' : undefined
}

function parseDeleted(ref: BlobRef, data: Data): ParsedEvent {
  if (isDirectoryName(ref.path)) return ignored('directory', 'the name is that of a directory')
  const sequencer = normalSequencer(data['sequencer'])
  return {
    kind: 'changes',
    changes: [
      { kind: 'removed', ref, sequencer, doubt: sequencer === undefined ? 'no sequencer' : undefined },
    ],
  }
}

/** The subject is the destination; there is no eTag, and the sequencer is the destination's alone. */
function parseRenamed(ref: BlobRef, data: Data): ParsedEvent {
  const changes: BlobChange[] = [
    {
      kind: 'written',
      ref,
      etag: undefined,
      sizeBytes: undefined,
      sequencer: normalSequencer(data['sequencer']),
      doubt: 'renamed',
    },
  ]
  const source = pathInUrl(text(data['sourceUrl']), ref)
  if (source !== undefined && source !== ref.path) {
    changes.push({
      kind: 'removed',
      ref: { ...ref, path: source },
      sequencer: undefined,
      doubt: 'renamed away',
    })
  }
  return { kind: 'changes', changes }
}

const ACCOUNT = /\/providers\/Microsoft\.Storage\/storageAccounts\/([a-z0-9]{3,24})$/i
const SUBJECT = /^\/blobServices\/default\/containers\/([a-z0-9$][a-z0-9-]{2,62})\/blobs\/([\s\S]{1,1024})$/

/**
 * The path is read from `data.url`, which is percent-encoded, and from the subject, which is not, where there
 * is no url or it does not fit the subject's container.
 */
function refOf(event: Data, data: Data): BlobRef | undefined {
  const account = ACCOUNT.exec(text(event['topic']) ?? text(event['source']) ?? '')?.[1]?.toLowerCase()
  const subject = SUBJECT.exec(text(event['subject']) ?? '')
  if (account === undefined || subject === null) return undefined
  const [, container = '', subjectPath = ''] = subject
  const ref = { account, container, path: subjectPath }
  const path = pathInUrl(text(data['url']) ?? text(data['destinationUrl']), ref)
  return path === undefined ? ref : { ...ref, path }
}

/**
 * The path in a blob's URL, host style (account.blob.…/container/path) or path style (host/account/container/path).
 * Undefined where a # or ? stands in it: a URL that ends there, or a name that was not encoded and does not?
 */
function pathInUrl(url: string | undefined, { account, container }: BlobRef): string | undefined {
  const [, host, raw] = /^https?:\/\/([^/]+)(\/[^?#]{1,12288})$/i.exec(url ?? '') ?? []
  if (host === undefined || raw === undefined) return undefined
  const isHostStyle = host.toLowerCase().startsWith(`${account}.`)
  const prefix = isHostStyle ? `/${container}/` : `/${account}/${container}/`
  const path = raw.startsWith(prefix) ? decoded(raw.slice(prefix.length)) : undefined
  return path !== undefined && path !== '' && path.length <= MAX_PATH_LENGTH ? path : undefined
}

/** Undefined where the text is not percent-encoded UTF-8: the subject tells the path then. */
function decoded(raw: string): string | undefined {
  if (!raw.isWellFormed()) return undefined
  if (!raw.includes('%')) return raw
  if (/%(?![0-9a-f]{2})/i.test(raw)) return undefined
  const bytes = Buffer.from(
    raw.replace(/%([0-9a-f]{2})|([^%]+)/gi, (_, hex: string | undefined, plain: string | undefined) =>
      hex === undefined
        ? Buffer.from(plain ?? '', 'utf8').toString('latin1')
        : String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  )
  const path = bytes.toString('utf8')
  return Buffer.from(path, 'utf8').equals(bytes) ? path : undefined
}

/** Hadoop's and the portals' ways to have a directory where there are none. */
export function isDirectoryName(path: string): boolean {
  return path.endsWith('/') || path.endsWith('_$folder$')
}

/**
 * Without quotes and weakness marks: events, headers and listings write the same etag differently. Undefined where
 * it is none: those of HTTP are visible ASCII.
 */
export function normalEtag(etag: string | undefined): string | undefined {
  const strong = etag?.startsWith('W/') ? etag.slice(2) : etag
  const bare = strong !== undefined && isQuoted(strong) ? strong.slice(1, -1) : strong
  return bare !== undefined && ETAG.test(bare) && bare.length <= MAX_ETAG_LENGTH ? bare : undefined
}

function isQuoted(text: string): boolean {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"')
}

/** Lengths and letter case differ between services; padded and lower-cased they compare as strings. */
function normalSequencer(value: unknown): string | undefined {
  const sequencer = text(value)
  if (sequencer === undefined || !/^[0-9a-f]{1,64}$/i.test(sequencer)) return undefined
  return sequencer.toLowerCase().padStart(64, '0')
}

function ignored(reason: IgnoreReason, detail: string): ParsedEvent {
  return { kind: 'ignored', reason, detail }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
