import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBlobLake } from '../../src/azure/blob-lake.ts'
import { createBlobRulesStore } from '../../src/azure/blob-rules-store.ts'
import { DATASTORES } from '../../src/azure/ledger-rows.ts'
import { createBlobService, createQueueService } from '../../src/azure/storage-clients.ts'
import type { StorageConnection } from '../../src/azure/storage-connection.ts'
import { createStorageWorkQueue } from '../../src/azure/storage-work-queue.ts'
import { createTableAgenda } from '../../src/azure/table-agenda.ts'
import { createTableBudgetStore } from '../../src/azure/table-budget-store.ts'
import { createTableClient } from '../../src/azure/table-client.ts'
import { createTableDatastoreLooks } from '../../src/azure/table-datastore-looks.ts'
import { createTableFailureIndex } from '../../src/azure/table-failure-index.ts'
import { createTableLedger } from '../../src/azure/table-ledger.ts'
import { normalEtag } from '../../src/core/storage-events.ts'
import { fromQueueText } from '../../src/core/work-message.ts'
import { type Azurite, DEV_ACCOUNT, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { NOW } from '../support/samples.ts'
import { describeAgenda } from './agenda-suite.ts'
import { describeBudgetStore } from './budget-store-suite.ts'
import { describeDatastoreLooks, lookOf } from './datastore-looks-suite.ts'
import { describeFailureIndex } from './failure-index-suite.ts'
import { describeLake } from './lake-suite.ts'
import { describeLedger } from './ledger-suite.ts'
import { describeRulesStore } from './rules-store-suite.ts'
import { describeWorkQueue } from './work-queue-suite.ts'

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
  const table = createTableClient(connection, `table${created}`)
  await table.createTable()
  return table
}

describeLedger('the ledger in Table Storage', async () => createTableLedger(await newTable()))
describeFailureIndex('the index of failures in Table Storage', async () =>
  createTableFailureIndex(await newTable()),
)
describe('the index of failures in Table Storage, over rows that something else has written', () => {
  it('shows what leads somewhere, and leaves out the rest', async () => {
    const table = await newTable()
    await table.createEntity({ partitionKey: 'a', rowKey: 'nonsense', rule: 'x' })
    await table.createEntity({ partitionKey: 'a', rowKey: '0000000000000001!', workspace: 'x' })
    await table.createEntity({ partitionKey: 'a', rowKey: '0000000000000001!ml-one', notedAt: 'yesterday' })
    const { items } = await createTableFailureIndex(table).list({}, { limit: 10 })
    const empty = { rule: '', file: '', reason: '', notedAt: 0, etag: expect.any(String) }
    expect(items).toEqual([{ asset: 'a', ordinal: 1, workspace: 'ml-one', ...empty }])
  })
})
describeAgenda('the agenda in Table Storage', async () => createTableAgenda(await newTable()))
describe('the agenda in Table Storage, over rows that something else has written', () => {
  it('shows them as entries without assets', async () => {
    const table = await newTable()
    const wakeAt = new Date(NOW)
    await table.createEntity({ partitionKey: '0', rowKey: 'no-assets', wakeAt })
    await table.createEntity({ partitionKey: '0', rowKey: 'no-json', wakeAt, assets: '["a"' })
    await table.createEntity({ partitionKey: '0', rowKey: 'no-names', wakeAt, assets: '{"a":1}' })
    await table.createEntity({ partitionKey: '0', rowKey: 'some-names', wakeAt, assets: '[1,"a",null]' })
    const { items } = await createTableAgenda(table).overdue(NOW + 1, { limit: 10 })
    expect(items.map(({ id, assets }) => [id, assets])).toEqual([
      ['no-assets', []],
      ['no-json', []],
      ['no-names', []],
      ['some-names', ['a']],
    ])
  })
})

describeBudgetStore('the store of budgets in Table Storage', async () =>
  createTableBudgetStore(await newTable()),
)

describeDatastoreLooks('the datastores to look at in Table Storage', async () =>
  createTableDatastoreLooks(await newTable()),
)
describe('the datastores to look at in Table Storage, over rows that something else has written', () => {
  it('are due at once, and written anew then', async () => {
    const table = await newTable()
    await table.createEntity({ partitionKey: DATASTORES, rowKey: 'a!x!1', layout: 99 })
    await table.createEntity({
      partitionKey: DATASTORES,
      rowKey: 'a!x!2',
      layout: 1,
      data0: '{"dueAt":"soon"}',
    })
    const looks = createTableDatastoreLooks(table)
    const { items } = await looks.list({ limit: 10 })
    expect(items.map(({ key, dueAt }) => [key, dueAt])).toEqual([
      ['a!x!1', 0],
      ['a!x!2', 0],
    ])
    for (const { key, etag } of items) expect(await looks.write(lookOf(key), etag)).toBe('written')
    expect((await looks.list({ limit: 10 })).items.map(({ dueAt }) => dueAt)).toEqual([NOW, NOW])
  })
})

describeRulesStore('the store of rules in Blob Storage', async () => {
  created += 1
  const container = createBlobService(connection).getContainerClient(`rules-${created}`)
  await container.create()
  return createBlobRulesStore(container.getBlockBlobClient('rules.json'))
})

describeWorkQueue('the work queue in Storage Queues', async () => {
  created += 1
  const client = createQueueService(connection).getQueueClient(`queue-${created}`)
  await client.create()
  return {
    queue: createStorageWorkQueue(client),
    take: async afterMs => {
      await wait(afterMs)
      const { receivedMessageItems } = await client.receiveMessages({ numberOfMessages: 32 })
      return receivedMessageItems.flatMap(({ messageText }) => {
        return fromQueueText(messageText) ?? []
      })
    },
  }
})

describeLake('the lake in Blob Storage', async () => {
  created += 1
  const container = `container-${created}`
  const service = createBlobService(connection)
  const client = service.getContainerClient(container)
  await client.create()
  return {
    lake: createBlobLake(() => service),
    account: DEV_ACCOUNT,
    container,
    put: async (path, content, metadata = {}) => {
      const blob = client.getBlockBlobClient(path)
      const { etag } = await blob.upload(content, Buffer.byteLength(content), { metadata })
      return { etag: normalEtag(etag) ?? '' }
    },
  }
})
