/** A webhook that agrees to the handshake and answers as a test tells it to. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { GridEvent } from '../../../src/emulators/event-grid/event.ts'

export interface Post {
  headers: IncomingHttpHeaders
  bytes: number
  // biome-ignore lint/suspicious/noExplicitAny: either schema.
  body: any
}

export interface Endpoint {
  url: string
  /** Notifications, in the order of their arrival. */
  posts: Post[]
  /** Handshakes, likewise. */
  handshakes: Post[]
  /** Status of the answer to a notification; 200 unless set. */
  answer: (post: Post) => number | Promise<number>
  /** Status of the answer to a handshake; 200 unless set. */
  agree: () => number
  /** Subjects of all events in answered-200 posts, sorted. */
  delivered(): string[]
  close(): Promise<void>
}

export async function startEndpoint(port = 0): Promise<Endpoint> {
  const delivered: string[] = []
  const server = createServer(async (req, res) => {
    const content = await text(req)
    const body = content === '' ? undefined : JSON.parse(content)
    const post = { headers: req.headers, bytes: Buffer.byteLength(content), body }
    if (req.method === 'OPTIONS') {
      endpoint.handshakes.push(post)
      res.writeHead(endpoint.agree(), { 'WebHook-Allowed-Origin': '*' }).end()
    } else if (req.headers['aeg-event-type'] === 'SubscriptionValidation') {
      endpoint.handshakes.push(post)
      res.statusCode = endpoint.agree()
      res.end(JSON.stringify({ validationResponse: body[0].data.validationCode }))
    } else {
      endpoint.posts.push(post)
      const status = await endpoint.answer(post)
      if (status === 200) for (const { subject } of [body].flat()) delivered.push(subject)
      res.writeHead(status).end()
    }
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const endpoint: Endpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    posts: [],
    handshakes: [],
    answer: () => 200,
    agree: () => 200,
    delivered: () => delivered.toSorted(),
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
  return endpoint
}

let eventCount = 0

export function gridEvent(subject: string, more: Partial<GridEvent> = {}): GridEvent {
  eventCount += 1
  return {
    topic:
      '/subscriptions/s/resourceGroups/local/providers/Microsoft.Storage/storageAccounts/devstoreaccount1',
    subject,
    eventType: 'Microsoft.Storage.BlobCreated',
    eventTime: '2026-01-02T03:04:05.000Z',
    id: `event-${eventCount}`,
    data: {},
    dataVersion: '',
    metadataVersion: '1',
    ...more,
  }
}
