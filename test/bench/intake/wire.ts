/**
 * Which requests a process sends to storage, counted as Node's HTTP client sends them: that is what goes over
 * the wire, retries and all, and costs too little to slow what is measured.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'

/** Begins to count; the returned function gives the counts so far by kind. */
export function countRequests(connectionString: string): () => Record<string, number> {
  const services = new Map<string, string>()
  for (const [, service = '', host = ''] of connectionString.matchAll(/(\w+)Endpoint=https?:\/\/([^/;]+)/g)) {
    services.set(host, service.toLowerCase())
  }
  const counts = new Map<string, number>()
  subscribe('http.client.request.start', message => {
    const { request } = message as { request: ClientRequest }
    const service = services.get(String(request.getHeader('host')))
    if (service === undefined) return
    const kind = `${service} ${request.method} ${placeOf(request.path)}`
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  })
  return () => Object.fromEntries(counts)
}

/** What a path leads to, without names of assets. */
function placeOf(path: string): string {
  const [place = ''] = path.split('?')
  if (place.endsWith('/$batch')) return 'transaction'
  if (/\(PartitionKey=/.test(place)) return 'row'
  if (/\(\)$/.test(place)) return 'query'
  if (/\/messages(\/|$)/.test(place)) return 'messages'
  return 'other'
}

export function isWrite(kind: string): boolean {
  return !/ (GET|HEAD) /.test(kind)
}
