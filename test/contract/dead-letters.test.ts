import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBlobDeadLetters } from '../../src/azure/blob-dead-letters.ts'
import { createBlobService } from '../../src/azure/storage-clients.ts'
import { TransientError } from '../../src/core/errors.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { createMemoryDeadLetters } from '../../src/memory/dead-letters.ts'
import { NOW } from '../support/samples.ts'
import { describeDeadLetters } from './dead-letters-suite.ts'

let azurite: Azurite
let created = 0

beforeAll(async () => {
  azurite = await startAzurite()
})
afterAll(() => azurite.close())

async function newContainer() {
  created += 1
  const { connectionString } = azurite
  const service = createBlobService({ kind: 'connection string', connectionString })
  const container = service.getContainerClient(`dead-letters-${created}`)
  await container.create()
  return container
}

describeDeadLetters('the dead letters in memory', async () => {
  const store = createMemoryDeadLetters({ now: () => NOW })
  return { store, put: async (path, content) => store.put(path, content) }
})

describeDeadLetters('the dead letters in Blob Storage', async () => {
  const container = await newContainer()
  return {
    store: createBlobDeadLetters(container),
    put: async (path, content) => {
      await container.getBlockBlobClient(path).uploadData(content)
    },
  }
})

describe('the container of dead letters', () => {
  it('is without any where it does not exist', async () => {
    const container = await newContainer()
    await container.delete()
    expect(await createBlobDeadLetters(container).list({ limit: 1 })).toEqual({
      items: [],
      continuation: undefined,
    })
  })

  it('that does not answer is trouble that may pass', async () => {
    const service = createBlobService({
      kind: 'connection string',
      connectionString: azurite.connectionString.replace(/:\d+\//g, ':1/'),
    })
    const store = createBlobDeadLetters(service.getContainerClient('dead-letters'))
    await expect(store.list({ limit: 1 })).rejects.toThrow(TransientError)
  })
})
