import { BlobServiceClient } from '@azure/storage-blob'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeadLetterContainer } from '../../../src/emulators/event-grid/dead-letter.ts'
import { toCloudEvent } from '../../../src/emulators/event-grid/event.ts'
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
      expect(name).toMatch(/^devstoreaccount1\/LAKEMARK\/2026\/1\/2\/3\/[0-9a-f-]{36}\.json$/)
      contents.push(JSON.parse((await container.getBlobClient(name).downloadToBuffer()).toString()))
    }
    expect(contents).toHaveLength(2)
    expect(contents).toEqual(expect.arrayContaining([letters, letters.slice(1)]))
  })

  it('lie under the same topic as CloudEvents, each topic in blobs of its own', async () => {
    const { connectionString } = azurite
    const options = {
      connectionString,
      container: 'cloud-dead-letters',
      now: () => Date.UTC(2026, 10, 22, 13),
    }
    const letters = ['/x/one', '/x/two', '/x/one'].map((topic, index) => ({
      ...toCloudEvent(gridEvent(String(index), { topic })),
      deadletterreason: 'TimeToLiveExceeded',
      deliveryattempts: 2,
      lastdeliveryoutcome: 'Busy',
      publishtime: '2026-01-01T00:00:00.000Z',
      lastdeliveryattempttime: '2026-01-02T00:00:00.000Z',
    }))

    await (await createDeadLetterContainer(options))(letters, 'My-Subscription')

    const container =
      BlobServiceClient.fromConnectionString(connectionString).getContainerClient('cloud-dead-letters')
    const contents: Record<string, unknown> = {}
    for await (const { name } of container.listBlobsFlat()) {
      const content = JSON.parse((await container.getBlobClient(name).downloadToBuffer()).toString())
      contents[name.replace(/[0-9a-f-]{36}/, '*')] = content
    }
    expect(contents).toEqual({
      'one/MY-SUBSCRIPTION/2026/11/22/13/*.json': [letters[0], letters[2]],
      'two/MY-SUBSCRIPTION/2026/11/22/13/*.json': [letters[1]],
    })
  })
})
