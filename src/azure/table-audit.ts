import { odata, type TableClient, type TransactionAction } from '@azure/data-tables'
import type { AuditEntry, AuditLog } from '../app/audit/audit.ts'
import { MAX_TRANSACTION_ENTITIES } from '../core/limits.ts'
import { DAY } from '../core/time.ts'
import { fromStorage, isNotFound } from './errors.ts'
import { queryPage } from './table-query.ts'
import { withinTime } from './within-time.ts'

/** Longer than any day's number, and than any time in milliseconds, for as long as this will run. */
const LAST_DAY = 99_999
const LAST_MS = LAST_DAY * DAY
const KINDS: readonly AuditEntry['caller']['kind'][] = ['user', 'app', 'webhook', 'local', 'anonymous']

/** Columns that people can read and filter by; null where there is nothing to say. */
interface AuditRow {
  at: Date
  kind: string
  principal: string | null
  app: string | null
  name: string | null
  route: string
  /** JSON. */
  parameters: string
  address: string | null
  correlation: string
  status: number | null
  problem: string | null
  finishedAt: Date | null
}

/**
 * The audit trail in a table: a partition per day, days and rows counted backwards from a far end, so that the
 * table's own order is newest first. The table must exist.
 */
export function createTableAudit(table: TableClient): AuditLog {
  return {
    async append(entry) {
      try {
        // Only the process that handles a call writes its row: there is nobody to be faster.
        await table.upsertEntity(toRow(entry), 'Replace', withinTime())
      } catch (error) {
        throw fromStorage(error, 'write the audit trail')
      }
    },

    async list({ from = 0, to = LAST_MS, ...page }) {
      if (to <= from) return { items: [], continuation: undefined }
      // What is before `to` comes after it.
      const [newest, oldest] = [Math.min(to, LAST_MS) - 1, Math.max(from, 0)]
      const filter = odata`PartitionKey ge ${partitionOf(newest)} and PartitionKey le ${partitionOf(oldest)} and RowKey ge ${backwards(newest)} and RowKey lt ${`${backwards(oldest)}~`}`
      const { items, continuation } = await queryPage<AuditRow>(table, filter, page, 'read the audit trail')
      return { items: items.map(toEntry), continuation }
    },

    async removeBefore(at, limit) {
      const filter = odata`PartitionKey gt ${partitionOf(at)}`
      const { items } = await queryPage<object>(table, filter, { limit }, 'read the audit trail')
      const days = Map.groupBy(items, ({ partitionKey }) => partitionKey)
      for (const rows of days.values()) {
        for (let from = 0; from < rows.length; from += MAX_TRANSACTION_ENTITIES) {
          await remove(rows.slice(from, from + MAX_TRANSACTION_ENTITIES))
        }
      }
      return items.length
    },
  }

  /** Rows of one partition. */
  async function remove(rows: readonly { partitionKey?: string; rowKey?: string }[]): Promise<void> {
    const actions = rows.map((row): TransactionAction => {
      return ['delete', { partitionKey: String(row.partitionKey), rowKey: String(row.rowKey) }]
    })
    try {
      await table.submitTransaction(actions, withinTime())
    } catch (error) {
      // Somebody else removes them at the same time.
      if (!isNotFound(error)) throw fromStorage(error, 'remove old entries of the audit trail')
    }
  }
}

function toRow({ id, at, caller, outcome, ...entry }: AuditEntry) {
  const row: AuditRow = {
    at: new Date(at),
    kind: caller.kind,
    principal: caller.id ?? null,
    app: caller.app ?? null,
    name: caller.name ?? null,
    route: entry.route,
    parameters: JSON.stringify(entry.parameters),
    address: entry.address ?? null,
    correlation: entry.correlation,
    status: outcome?.status ?? null,
    problem: outcome?.problem ?? null,
    finishedAt: outcome === undefined ? null : new Date(outcome.at),
  }
  return { partitionKey: partitionOf(at), rowKey: `${backwards(at)}-${id}`, ...row }
}

/** In a row of somebody else's there may be anything, and what can be read of it is shown. */
function toEntry(row: Partial<AuditRow> & { rowKey?: string }): AuditEntry {
  const [, id = ''] = /^\d+-(.*)$/s.exec(row.rowKey ?? '') ?? []
  return {
    id,
    at: timeOf(row.at) ?? 0,
    caller: {
      kind: KINDS.find(kind => kind === row.kind) ?? 'anonymous',
      id: row.principal ?? undefined,
      app: row.app ?? undefined,
      name: row.name ?? undefined,
    },
    route: row.route ?? '',
    parameters: parametersOf(row.parameters ?? ''),
    address: row.address ?? undefined,
    correlation: row.correlation ?? '',
    outcome:
      typeof row.status === 'number'
        ? { status: row.status, problem: row.problem ?? undefined, at: timeOf(row.finishedAt) ?? 0 }
        : undefined,
  }
}

function parametersOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : { unreadable: text }
  } catch (error) {
    if (error instanceof SyntaxError) return { unreadable: text }
    throw error
  }
}

function timeOf(value: unknown): number | undefined {
  return value instanceof Date ? value.getTime() : undefined
}

function partitionOf(at: number): string {
  return String(LAST_DAY - Math.floor(at / DAY)).padStart(5, '0')
}

function backwards(at: number): string {
  return String(LAST_MS - at).padStart(16, '0')
}
