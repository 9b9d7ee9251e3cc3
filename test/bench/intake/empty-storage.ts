import { createQueueService } from '../../../src/azure/storage-clients.ts'
import { createTableClient } from '../../../src/azure/table-client.ts'
import { AGENDA_TABLE, LEDGER_TABLE, WORK_QUEUE } from '../../../src/storage-names.ts'

/** Takes away all that the intake has left in a storage account; the tables and the queue stay. */
export async function emptyStorage(connectionString: string): Promise<void> {
  const connection = { kind: 'connection string', connectionString } as const
  for (const name of [LEDGER_TABLE, AGENDA_TABLE]) {
    const table = createTableClient(connection, name)
    await table.deleteTable()
    await table.createTable()
  }
  await createQueueService(connection).getQueueClient(WORK_QUEUE).clearMessages()
}
