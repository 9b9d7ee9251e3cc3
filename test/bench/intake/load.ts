/** Storage events as Event Grid posts them. Bodies are made before the clock starts. */
import { Agent, request } from 'node:http'

const ACCOUNT = 'devstoreaccount1'
const CONTAINER = 'silver'
/** From which the lake's place of an event is made. */
const TOPIC = `/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-lake/providers/Microsoft.Storage/storageAccounts/${ACCOUNT}`

let sequence = 0x10_0000

/** The event of a finished upload, in Event Grid's own schema, with all that the service sends. */
export function uploadEvent(path: string) {
  sequence += 1
  const number = sequence.toString(16).padStart(12, '0')
  return {
    topic: TOPIC,
    subject: `/blobServices/default/containers/${CONTAINER}/blobs/${path}`,
    eventType: 'Microsoft.Storage.BlobCreated',
    eventTime: '2026-01-31T12:00:00.1234567Z',
    id: `831e1650-001e-001b-66ab-${number}`,
    data: {
      api: 'PutBlob',
      clientRequestId: `6d79dbfb-0e37-4fc4-981f-${number}`,
      requestId: `831e1650-001e-001b-66ab-${number}`,
      eTag: `0x8D4${number.toUpperCase()}`,
      contentType: 'text/csv',
      contentLength: 524_288,
      blobType: 'BlockBlob',
      url: `https://${ACCOUNT}.blob.core.windows.net/${CONTAINER}/${path}`,
      sequencer: number.padStart(48, '0'),
      storageDiagnostics: { batchId: `b68529f3-68cd-4744-baa4-${number}` },
    },
    dataVersion: '',
    metadataVersion: '1',
  }
}

/** One body a request, `batch` events each. */
export function bodiesOf(paths: readonly string[], batch: number): Buffer[] {
  return Array.from({ length: Math.ceil(paths.length / batch) }, (_, index) =>
    Buffer.from(JSON.stringify(paths.slice(index * batch, (index + 1) * batch).map(uploadEvent))),
  )
}

export interface Sender {
  /** Posts all bodies, so many at a time; the time until the last is acknowledged, in ms. Rejects where one is not. */
  send(bodies: readonly Buffer[]): Promise<number>
  close(): void
}

export function createSender(url: string, requestsAtOnce: number): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: requestsAtOnce })

  function post(body: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const headers = {
        'content-type': 'application/json; charset=utf-8',
        'content-length': body.length,
        'aeg-event-type': 'Notification',
        'aeg-subscription-name': 'BENCH',
        'aeg-delivery-count': '0',
      }
      const sent = request(url, { method: 'POST', agent, headers }, answer => {
        answer.resume()
        answer.once('error', reject)
        answer.once('end', () => {
          const { statusCode = 0 } = answer
          if (statusCode >= 200 && statusCode <= 204) resolve()
          else reject(new Error(`${url} answered ${statusCode}`))
        })
      })
      sent.once('error', reject)
      sent.end(body)
    })
  }

  return {
    async send(bodies) {
      const rest = bodies.values()
      const lane = async () => {
        for (const body of rest) await post(body)
      }
      const start = performance.now()
      await Promise.all(Array.from({ length: requestsAtOnce }, lane))
      return performance.now() - start
    },
    close: () => agent.destroy(),
  }
}
