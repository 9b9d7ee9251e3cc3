/**
 * List Blobs and nothing else, over any number of blobs: the container `blobs-N` has the first N. Whole pages are
 * written beforehand, so that sending them is all the work there is. What a request is signed with is not looked at.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent } from '../intake/child.ts'
import { blobText } from './blob-text.ts'

const PAGE = 5000
const CONTAINER = /\/blobs-(\d+)$/

let pages: Buffer[] = []

const server = createServer((req, res) => {
  const url = new URL(req.url ?? '/', 'http://127.0.0.1')
  const total = Number(CONTAINER.exec(url.pathname)?.[1] ?? Number.NaN)
  if (!(total <= pages.length * PAGE) || total % PAGE !== 0) res.writeHead(404).end()
  else sendPage(res, Number(url.searchParams.get('marker') ?? 0), total / PAGE)
})

answerParent({
  async start(blobs: number) {
    pages = Array.from({ length: blobs / PAGE }, (_, page) =>
      Buffer.from(Array.from({ length: PAGE }, (_, index) => blobText(page * PAGE + index)).join('')),
    )
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  },
})

function sendPage(res: ServerResponse, number: number, count: number): void {
  const page = pages[number]
  if (page === undefined || number >= count) return void res.writeHead(400).end()
  const marker = number + 1 < count ? `<NextMarker>${number + 1}</NextMarker>` : '<NextMarker />'
  res.writeHead(200, { 'content-type': 'application/xml' })
  res.write(
    '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://127.0.0.1/" ContainerName="c"><MaxResults>5000</MaxResults><Blobs>',
  )
  res.write(page)
  res.end(`</Blobs>${marker}</EnumerationResults>`)
}
