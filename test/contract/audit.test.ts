import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTableAudit } from '../../src/azure/table-audit.ts'
import { createTableClient } from '../../src/azure/table-client.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { createMemoryAudit } from '../../src/memory/audit.ts'
import { describeAudit } from './audit-suite.ts'

let azurite: Azurite
let created = 0

beforeAll(async () => {
  azurite = await startAzurite()
})
afterAll(() => azurite?.close())

async function newTable() {
  created += 1
  const connection = { kind: 'connection string', connectionString: azurite.connectionString } as const
  const table = createTableClient(connection, `audit${created}`)
  await table.createTable()
  return table
}

describeAudit('the audit trail in memory', async () => createMemoryAudit())
describeAudit('the audit trail in Table Storage', async () => createTableAudit(await newTable()))

describe('the audit trail in Table Storage, over a row that something else has written', () => {
  it('shows what can be read of it', async () => {
    const table = await newTable()
    await table.createEntity({ partitionKey: '50000', rowKey: '0004320000000000-x', parameters: '{"a"' })
    const { items } = await createTableAudit(table).list({ limit: 10 })
    expect(items).toMatchObject([{ id: 'x', parameters: { unreadable: '{"a"' }, outcome: undefined }])
  })
})
