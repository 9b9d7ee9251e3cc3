import { BlobServiceClient } from '@azure/storage-blob'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeadLetterContainer } from '../../../src/emulators/event-grid/dead-letter.ts'
import { type Azurite, startAzurite } from '../../../src/emulators/lake/azurite.ts'
import { gridEvent } from './endpoint.ts'

describe('dead letters in a container', () => {
  let azurite: Azurite

  beforeAll(async () => {
    azurite = await startAzurite()
  })
  afterAll(() => azurite.close())

  it('are blobs under topic, subscription and hour, each a JSON array', async () => {
    const { connectionString } = azurite
    const options = { connectionString, container: 'dead-letters', now: () => Date.UTC(2026, 0, 2, 3, 4) }
    const letters = ['a', 'ü'].map(subject => ({
      ...gridEvent(subject),
      deadLetterReason: 'TimeToLiveExceeded',
      deliveryAttempts: 2,
      lastDeliveryOutcome: 'Busy',
      publishTime: '2026-01-01T00:00:00.000Z',
      lastDeliveryAttemptTime: '2026-01-02T00:00:00.000Z',
    }))

    await (await createDeadLetterContainer(options))(letters, 'lakemark')
    // The container exists already, as after a restart.
    await (await createDeadLetterContainer(options))(letters.slice(1), 'lakemark')

    const container =
      BlobServiceClient.fromConnectionString(connectionString).getContainerClient('dead-letters')
    const contents: unknown[] = []
    for await (const { name } of container.listBlobsFlat()) {
      expect(name).toMatch(/^devstoreaccount1\/lakemark\/2026\/1\/2\/3\/[0-9a-f-]{36}\.json$/)
      contents.push(JSON.parse((await container.getBlobClient(name).downloadToBuffer()).toString()))
    }
    expect(contents).toHaveLength(2)
    expect(contents).toEqual(expect.arrayContaining([letters, letters.slice(1)]))
  })
})
