/** What a request to the blob service asks for, as far as storage events are concerned. */

/** Whose event follows: `data.api` of the event. Put Blob From URL counts as PutBlob, Copy Blob From URL as CopyBlob. */
export type BlobApi = 'PutBlob' | 'PutBlockList' | 'CopyBlob' | 'DeleteBlob'

export interface BlobAddress {
  account: string
  container: string
  /** The name, unescaped. */
  blob: string
  /** `/account/container/blob` exactly as it stood in the request line, without the query. */
  rawPath: string
}

export type Operation =
  /** Writes or deletes a whole blob: an event follows. */
  | { kind: 'event'; api: BlobApi; at: BlobAddress }
  /** Touches a blob without an event: metadata, properties, leases, pages, snapshots. */
  | { kind: 'change'; at: BlobAddress }
  /** Several deletes (or changes of tier) in one request. */
  | { kind: 'batch' }
  /** Everything else, Put Block included: blocks of one blob may go up side by side. */
  | { kind: 'pass' }

export interface RequestLine {
  method: string
  /** Path and query, raw. */
  target: string
  /** By lower-case name. */
  header(name: string): string | undefined
}

const PASS: Operation = { kind: 'pass' }

/** Follows the rules by which the service tells its operations apart: method, `comp`, and a few headers. */
export function parseOperation(request: RequestLine): Operation {
  const { path, query } = splitTarget(request.target)
  const comp = query.get('comp') ?? ''
  if (request.method === 'POST' && comp === 'batch') return { kind: 'batch' }
  if (request.method !== 'PUT' && request.method !== 'DELETE') return PASS
  const at = parseAddress(path)
  if (at === undefined || comp === 'block') return PASS
  const api = request.method === 'DELETE' ? deleteApi(request, query) : putApi(request, comp)
  return api === undefined ? { kind: 'change', at } : { kind: 'event', api, at }
}

function putApi(request: RequestLine, comp: string): BlobApi | undefined {
  if (comp === 'blocklist') return 'PutBlockList'
  if (comp !== '') return undefined
  if (request.header('x-ms-blob-type') !== undefined) return 'PutBlob'
  return request.header('x-ms-copy-source') === undefined ? undefined : 'CopyBlob'
}

/** A snapshot or an old version may go without the blob going. */
function deleteApi(request: RequestLine, query: URLSearchParams): BlobApi | undefined {
  if (query.has('comp') || query.has('snapshot') || query.has('versionid')) return undefined
  return request.header('x-ms-delete-snapshots')?.toLowerCase() === 'only' ? undefined : 'DeleteBlob'
}

function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const path = target.split('?', 1)[0] ?? ''
  return { path, query: new URLSearchParams(target.slice(path.length + 1)) }
}

/** Undefined for what names no blob: the account, a container, a path that is not percent-encoded UTF-8. */
function parseAddress(rawPath: string): BlobAddress | undefined {
  const decoded = decodeOrUndefined(rawPath)
  if (decoded === undefined || !decoded.startsWith('/')) return undefined
  const [account = '', container = '', ...rest] = decoded.slice(1).split('/')
  // The service stores a backslash as a slash.
  const blob = rest.join('/').replaceAll('\\', '/')
  return account === '' || container === '' || blob === '' ? undefined : { account, container, blob, rawPath }
}

function decodeOrUndefined(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
