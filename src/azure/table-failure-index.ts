import { odata, type TableClient, type TransactionAction } from '@azure/data-tables'
import { forEachAtMost } from '../app/concurrency.ts'
import type { FailedDelivery, FailureIndex, NotedFailure } from '../app/failures/ports.ts'
import { MAX_TRANSACTION_ENTITIES } from '../core/limits.ts'
import { fromStorage, isConflict, isNotFound } from './errors.ts'
import { queryPage } from './table-query.ts'
import { withinTime } from './within-time.ts'

const WRITES_AT_ONCE = 8
const ORDINAL_DIGITS = 16

/** Columns that are filtered by, and that people can read. */
interface FailureRow {
  rule: string
  workspace: string
  file: string
  reason: string
  notedAt: Date
}

/** Failed deliveries in a table: a partition per asset, a row per version and workspace. The table must exist. */
export function createTableFailureIndex(table: TableClient): FailureIndex {
  return {
    async note(asset, failures) {
      for (let at = 0; at < failures.length; at += MAX_TRANSACTION_ENTITIES) {
        const actions = failures
          .slice(at, at + MAX_TRANSACTION_ENTITIES)
          .map((failure): TransactionAction => ['upsert', toRow(asset, failure), 'Replace'])
        try {
          await table.submitTransaction(actions, withinTime())
        } catch (error) {
          throw fromStorage(error, `note what has failed of ${asset}`)
        }
      }
    },

    async list({ asset, rule, workspace }, page) {
      const conditions = [
        ...(asset === undefined ? [] : [odata`PartitionKey eq ${asset}`]),
        ...(rule === undefined ? [] : [odata`rule eq ${rule}`]),
        ...(workspace === undefined ? [] : [odata`workspace eq ${workspace}`]),
      ]
      const filter = conditions.join(' and ')
      const doing = 'read the list of failures'
      const { items, continuation } = await queryPage<Partial<FailureRow>>(table, filter, page, doing)
      return { items: items.flatMap(entity => toFailure(entity) ?? []), continuation }
    },

    async remove(failures) {
      await forEachAtMost(WRITES_AT_ONCE, failures, async ({ asset, ordinal, workspace, etag }) => {
        try {
          await table.deleteEntity(asset, rowKeyOf(ordinal, workspace), { etag, ...withinTime() })
        } catch (error) {
          if (!isConflict(error) && !isNotFound(error)) {
            throw fromStorage(error, `strike off what had failed of ${asset}`)
          }
        }
      })
    },
  }
}

function toRow(asset: string, { ordinal, workspace, rule, file, reason, notedAt }: FailedDelivery) {
  const row: FailureRow = { rule, workspace, file, reason, notedAt: new Date(notedAt) }
  return { partitionKey: asset, rowKey: rowKeyOf(ordinal, workspace), ...row }
}

/** What only tells people something may be missing in a row; one that leads nowhere is left out. */
function toFailure(
  entity: Partial<FailureRow> & { partitionKey?: string; rowKey?: string; etag: string },
): NotedFailure | undefined {
  const [, digits, workspace] = /^(\d{16})!(.+)$/s.exec(entity.rowKey ?? '') ?? []
  if (entity.partitionKey === undefined || workspace === undefined) return undefined
  return {
    asset: entity.partitionKey,
    ordinal: Number(digits),
    workspace,
    rule: String(entity.rule ?? ''),
    file: String(entity.file ?? ''),
    reason: String(entity.reason ?? ''),
    notedAt: entity.notedAt instanceof Date ? entity.notedAt.getTime() : 0,
    etag: entity.etag,
  }
}

function rowKeyOf(ordinal: number, workspace: string): string {
  return `${String(ordinal).padStart(ORDINAL_DIGITS, '0')}!${workspace}`
}
