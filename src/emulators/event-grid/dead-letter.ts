/** Dead letters as blobs, laid out as Event Grid does. */
import { randomUUID } from 'node:crypto'
import { BlobServiceClient } from '@azure/storage-blob'
import type { DeadLetter } from './dead-letter-event.ts'

export interface DeadLetterContainerOptions {
  /** Of the storage itself, past any proxy: a dead letter makes no event of its own. */
  connectionString: string
  /** Created where it does not exist. */
  container: string
  now?: (() => number) | undefined
}

/**
 * For `deadLetter` of the local Event Grid: one blob of a JSON array a call and topic. Written at once, where Event
 * Grid gathers them for five minutes; tried again without end, where Event Grid drops them after four hours.
 */
export async function createDeadLetterContainer(
  options: DeadLetterContainerOptions,
): Promise<(events: DeadLetter[], subscription: string) => Promise<void>> {
  const { now = Date.now } = options
  const service = BlobServiceClient.fromConnectionString(options.connectionString)
  const container = service.getContainerClient(options.container)
  await container.createIfNotExists()

  return async (events, subscription) => {
    for (const [topic, letters] of Map.groupBy(events, topicOf)) {
      const content = Buffer.from(JSON.stringify(letters))
      const blob = container.getBlockBlobClient(toDeadLetterBlob(topic, subscription, now()))
      await blob.uploadData(content, { blobHTTPHeaders: { blobContentType: 'application/json' } })
    }
  }
}

/**
 * `<topic's name>/<SUBSCRIPTION>/<year>/<month>/<day>/<hour>/<uuid>.json`, in UTC, numbers without leading zeros and
 * the subscription in upper case ("Set dead-letter location and retry policy").
 */
export function toDeadLetterBlob(topic: string, subscription: string, now: number): string {
  const time = new Date(now)
  const parts = [
    topic.split('/').at(-1) || 'topic',
    subscription.toUpperCase(),
    time.getUTCFullYear(),
    time.getUTCMonth() + 1,
    time.getUTCDate(),
    time.getUTCHours(),
    `${randomUUID()}.json`,
  ]
  return parts.join('/')
}

function topicOf(letter: DeadLetter): string {
  return 'topic' in letter ? letter.topic : letter.source
}
