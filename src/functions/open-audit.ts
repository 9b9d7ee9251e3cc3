import type { AuditLog } from '../app/audit/audit.ts'
import type { StorageConnection } from '../azure/storage-connection.ts'
import { ConfigError } from '../config.ts'

export const AUDIT_TABLE = 'lakemarkAudit'

/**
 * Gives the audit trail, in a table of the app's own account that is created when it is first asked for. Rejects with
 * ConfigError without an account, and with TransientError while it does not answer; who asks next tries anew.
 */
export function openAudit(storage: StorageConnection | undefined): () => Promise<AuditLog> {
  let opened: Promise<AuditLog> | undefined
  const open = async (): Promise<AuditLog> => {
    if (storage === undefined)
      throw new ConfigError('AzureWebJobsStorage is not set: the audit trail lies there')
    // Only here: most starts of the app are not for a call that is audited.
    const { openTableAudit } = await import('../azure/open-table-audit.ts')
    return openTableAudit(storage, AUDIT_TABLE)
  }
  return () => {
    opened ??= open().catch(error => {
      opened = undefined
      throw error
    })
    return opened
  }
}
