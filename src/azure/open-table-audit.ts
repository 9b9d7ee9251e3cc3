import type { AuditLog } from '../app/audit/audit.ts'
import { fromStorage } from './errors.ts'
import type { StorageConnection } from './storage-connection.ts'
import { createTableAudit } from './table-audit.ts'
import { createTableClient } from './table-client.ts'

/** The audit trail in a table of the account, which is created where it is missing. Rejects with TransientError. */
export async function openTableAudit(storage: StorageConnection, name: string): Promise<AuditLog> {
  const table = createTableClient(storage, name)
  try {
    await table.createTable()
  } catch (error) {
    throw fromStorage(error, 'open the audit trail')
  }
  return createTableAudit(table)
}
