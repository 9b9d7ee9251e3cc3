import type { AuditLog } from '../app/audit.ts'
import { fromStorage } from '../azure/errors.ts'
import { createTableClient, type StorageConnection } from '../azure/storage-clients.ts'
import { createTableAudit } from '../azure/table-audit.ts'
import { createMemoryAudit } from '../memory/audit.ts'

export const AUDIT_TABLE = 'lakemarkAudit'

/**
 * Gives the audit trail, in a table of the app's own account that is created when it is first asked for. Without an
 * account, which only tests have not, it lives in memory. Rejects with TransientError while the account does not
 * answer; who asks next tries anew.
 */
export function openAudit(storage: StorageConnection | undefined): () => Promise<AuditLog> {
  let opened: Promise<AuditLog> | undefined
  const open = async (): Promise<AuditLog> => {
    if (storage === undefined) return createMemoryAudit()
    const table = createTableClient(storage, AUDIT_TABLE)
    try {
      await table.createTable()
    } catch (error) {
      throw fromStorage(error, 'open the audit trail')
    }
    return createTableAudit(table)
  }
  return () => {
    opened ??= open().catch(error => {
      opened = undefined
      throw error
    })
    return opened
  }
}
