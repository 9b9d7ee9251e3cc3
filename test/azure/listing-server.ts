/** A service on loopback whose answers to List Blobs the test makes up, and the clients that ask it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { DEV_ACCOUNT, DEV_KEY } from '../../src/emulators/lake/azurite.ts'

export type Answer = (request: URL, res: ServerResponse, req: IncomingMessage) => void

export interface ListingServer {
  service: BlobServiceClient
  /** What answers from now on. */
  answerWith(answer: Answer): void
  /** All that was asked since `answerWith`. */
  asked: URL[]
  close(): Promise<void>
}

export async function startListingServer(): Promise<ListingServer> {
  let answer: Answer = (_, res) => void res.writeHead(500).end()
  const asked: URL[] = []
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://127.0.0.1')
    asked.push(url)
    answer(url, res, req)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const service = new BlobServiceClient(
    `http://127.0.0.1:${port}/${DEV_ACCOUNT}`,
    new StorageSharedKeyCredential(DEV_ACCOUNT, DEV_KEY),
    { retryOptions: { maxTries: 3, retryDelayInMs: 1, maxRetryDelayInMs: 2 } },
  )
  return {
    service,
    asked,
    answerWith(next) {
      answer = next
      asked.length = 0
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function sendXml(res: ServerResponse, xml: string): void {
  res.writeHead(200, { 'content-type': 'application/xml' }).end(xml)
}
