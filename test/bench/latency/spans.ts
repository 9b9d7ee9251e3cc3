/**
 * What goes over HTTP in a process, seen by Node's own channels: requests that its servers answer and that its
 * clients send, without a word from the code that is measured.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { nowMs } from './clock.ts'

/** One request. Times as `nowMs` tells them; a server's ends with its answer, a client's with the answer's head. */
export interface Span {
  label: string
  /** The asset that its address names. */
  asset: string | undefined
  /** The number of the version that its address names. */
  version: number | undefined
  start: number
  end: number
  status: number
}

export interface Observer {
  /** Whose requests are told apart by the address of the server, such as `127.0.0.1:7071`. */
  name(host: string, server: string): void
  /** Addresses by the first path that a client has asked of them. */
  firstPaths(): ReadonlyMap<string, string>
  /** All that has ended so far and begun after `since`. */
  spans(since: number): Span[]
}

type Request = { method: string; path: string; host: string; side: 'client' | 'server'; start: number }

export function observeHttp(): Observer {
  const servers = new Map<string, string>()
  const firstPaths = new Map<string, string>()
  const open = new WeakMap<object, Request>()
  const ended: (Request & { end: number; status: number })[] = []

  const begin = (key: object, request: Omit<Request, 'start'>) =>
    open.set(key, { ...request, start: nowMs() })
  const end = (key: object, status: number | undefined) => {
    const request = open.get(key)
    if (request !== undefined) ended.push({ ...request, end: nowMs(), status: status ?? 0 })
  }
  subscribe('http.client.request.created', message => {
    const { request } = message as { request: ClientRequest }
    const host = String(request.getHeader('host'))
    if (!firstPaths.has(host)) firstPaths.set(host, request.path)
    begin(request, { method: request.method, path: request.path, host, side: 'client' })
  })
  subscribe('http.client.response.finish', message => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage }
    end(request, response.statusCode)
  })
  subscribe('http.server.request.start', message => {
    const { request } = message as { request: IncomingMessage }
    const host = `${request.socket.localAddress}:${request.socket.localPort}`
    begin(request, { method: request.method ?? '', path: request.url ?? '', host, side: 'server' })
  })
  subscribe('http.server.response.finish', message => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    end(request, response.statusCode)
  })

  return {
    name: (host, server) => servers.set(host, server),
    firstPaths: () => firstPaths,
    spans: since =>
      ended
        .filter(({ start }) => start >= since)
        .map(request => ({ ...request, server: servers.get(request.host) ?? 'other' }))
        // Of what this process sends to itself, the server's side tells.
        .filter(({ side, server }) => (side === 'client') === STORAGE.includes(server))
        .map(({ server, method, path, start, end, status }) => ({
          ...toPlace(server, method, path),
          start,
          end,
          status,
        })),
  }
}

const STORAGE = ['blob', 'queue', 'table']

/** What an address leads to: the kind of thing, and which asset and version it names. */
function toPlace(server: string, method: string, path: string): Pick<Span, 'label' | 'asset' | 'version'> {
  const place = decodeURIComponent(path.split('?')[0] ?? '')
  const asset =
    /\/latency\/([^/]+)\.csv$/.exec(place)?.[1] ??
    /\/data\/([^/]+)/.exec(place)?.[1] ??
    /PartitionKey='([^']+)'/.exec(place)?.[1]
  const number = /\/versions\/(\d+)$/.exec(place)?.[1]
  return {
    label: `${server} ${method} ${kindOf(server, place)}`.trim(),
    asset,
    version: number === undefined ? undefined : Number(number),
  }
}

function kindOf(server: string, place: string): string {
  switch (server) {
    case 'table':
      if (place.endsWith('/$batch')) return 'transaction'
      return /RowKey='([^']{4})/.exec(place)?.[1] === 'head' ? 'head' : 'rows'
    case 'queue':
      return place.split('/')[2] ?? ''
    case 'Azure ML':
      if (place.includes('/versions/')) return 'version'
      if (place.includes('/versions')) return 'versions'
      return place.includes('/datastores') ? 'datastore' : 'data'
    case 'lake':
    case 'blob':
      return place.includes('/latency/') ? 'blob' : 'other'
    default:
      return place.includes('/webhooks/') ? 'events' : 'other'
  }
}
