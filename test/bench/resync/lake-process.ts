/**
 * A blob service of which the containers `lake-N` hold the first N blobs of a made-up lake, as far as List Blobs
 * goes; everything else is Azurite's. What a request for a listing is signed with is not looked at.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { answerParent } from '../intake/child.ts'
import { type BlobPages, createBlobPages } from './blob-pages.ts'

const CONTAINER = /\/lake-(\d+)$/

export interface LakeOptions {
  blobs: number
  /** Of Azurite's blob service. */
  azuritePort: number
  /** Every page takes so long, in milliseconds; 0: as long as it takes. */
  pageMs: number
  /** Blobs of one, at most. */
  pageBlobs: number
}

/** Since the last time that somebody asked. */
export interface Served {
  pages: number
  blobs: number
}

let pages: BlobPages | undefined
let options: LakeOptions = { blobs: 0, azuritePort: 0, pageMs: 0, pageBlobs: 0 }
let served: Served = { pages: 0, blobs: 0 }

const server = createServer((req, res) => {
  const url = new URL(req.url ?? '/', 'http://127.0.0.1')
  const count = Number(CONTAINER.exec(url.pathname)?.[1] ?? Number.NaN)
  if (Number.isNaN(count) || url.searchParams.get('comp') !== 'list') passOn(req, res)
  else if (count > options.blobs) res.writeHead(404).end()
  else void sendPage(res, count, url.searchParams)
})

answerParent({
  async start(wanted: LakeOptions): Promise<number> {
    options = wanted
    pages = createBlobPages(wanted.blobs)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  },

  served(): Served {
    const since = served
    served = { pages: 0, blobs: 0 }
    return since
  },
})

async function sendPage(res: ServerResponse, count: number, query: URLSearchParams): Promise<void> {
  if (options.pageMs > 0) await wait(options.pageMs)
  const prefix = query.get('prefix') ?? ''
  if (query.get('delimiter') !== null) return send(res, pages?.folders(count, prefix) ?? [], undefined)
  const limit = Math.min(options.pageBlobs, Number(query.get('maxresults') ?? options.pageBlobs))
  const marker = query.get('marker')
  const start = {
    marker: marker === null ? undefined : Number(marker),
    name: query.get('startFrom') ?? '',
  }
  const page = pages?.flat(count, prefix, start, limit)
  served.pages += 1
  served.blobs += page?.blobs ?? 0
  send(res, page?.content ?? [], page?.next)
}

function send(res: ServerResponse, content: readonly Buffer[], next: number | undefined): void {
  res.writeHead(200, { 'content-type': 'application/xml' })
  res.write(
    '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://127.0.0.1/" ContainerName="c"><MaxResults>5000</MaxResults><Blobs>',
  )
  for (const part of content) res.write(part)
  res.end(
    `</Blobs>${next === undefined ? '<NextMarker />' : `<NextMarker>${next}</NextMarker>`}</EnumerationResults>`,
  )
}

function passOn(req: IncomingMessage, res: ServerResponse): void {
  const { method, url, headers } = req
  const onward = request(
    { port: options.azuritePort, host: '127.0.0.1', method, path: url, headers },
    answer => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    },
  )
  onward.on('error', () => res.destroy())
  req.pipe(onward)
}
