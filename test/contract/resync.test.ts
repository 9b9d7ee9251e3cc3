import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StorageConnection } from '../../src/azure/storage-connection.ts'
import { createTableClient } from '../../src/azure/table-client.ts'
import { createTableListingIndex } from '../../src/azure/table-listing-index.ts'
import { createTableRunStore } from '../../src/azure/table-runs.ts'
import { UnreadableError } from '../../src/core/errors.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { createMemoryListingIndex } from '../../src/memory/listing-index.ts'
import { createMemoryRunStore } from '../../src/memory/runs.ts'
import { describeListingIndex } from './listing-index-suite.ts'
import { describeRunStore } from './run-store-suite.ts'

describeRunStore('the store of runs in memory', async () => createMemoryRunStore())
describeListingIndex('the index of listings in memory', async () => createMemoryListingIndex())

let azurite: Azurite
let connection: StorageConnection
let created = 0

beforeAll(async () => {
  azurite = await startAzurite()
  connection = { kind: 'connection string', connectionString: azurite.connectionString }
})
afterAll(() => azurite.close())

async function newTable() {
  created += 1
  const table = createTableClient(connection, `resync${created}`)
  await table.createTable()
  return table
}

describeRunStore('the store of runs in Table Storage', async () => createTableRunStore(await newTable()))
describeListingIndex('the index of listings in Table Storage', async () =>
  createTableListingIndex(await newTable()),
)

describe('rows of re-sync that something else has written', () => {
  it('are told from documents of ours', async () => {
    const table = await newTable()
    await table.createEntity({ partitionKey: 'run!', rowKey: '1', layout: 1, data0: '{"id":"1"}' })
    await table.createEntity({ partitionKey: 'run!', rowKey: '2', layout: 9, data0: '{}' })
    const store = createTableRunStore(table)
    for (const id of ['1', '2']) {
      await expect(store.read('run', '', id)).rejects.toBeInstanceOf(UnreadableError)
    }
  })

  it('are rows of the index by which nothing is known', async () => {
    const table = await newTable()
    await table.createEntity({ partitionKey: 'a!c!flat', rowKey: '-x', stamp: 7, hashes: 'text' })
    const index = createTableListingIndex(table)
    const { items } = await index.read({ account: 'a', container: 'c', order: 'flat' }, '', { limit: 10 })
    expect(items.map(({ stamp, hashes }) => [stamp, hashes.length])).toEqual([['', 0]])
  })
})
