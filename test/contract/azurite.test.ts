import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBlobLake } from '../../src/azure/blob-lake.ts'
import { createBlobRulesStore } from '../../src/azure/blob-rules-store.ts'
import {
  createBlobService,
  createQueueService,
  createTableClient,
  type StorageConnection,
} from '../../src/azure/storage-clients.ts'
import { createStorageWorkQueue } from '../../src/azure/storage-work-queue.ts'
import { createTableAgenda } from '../../src/azure/table-agenda.ts'
import { createTableBudgetStore } from '../../src/azure/table-budget-store.ts'
import { createTableLedger } from '../../src/azure/table-ledger.ts'
import { normalEtag } from '../../src/core/storage-events.ts'
import { fromQueueText } from '../../src/core/work-message.ts'
import { type Azurite, DEV_ACCOUNT, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { NOW } from '../support/samples.ts'
import { describeAgenda } from './agenda-suite.ts'
import { describeBudgetStore } from './budget-store-suite.ts'
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
