import { createHash } from 'node:crypto'
import { odata, type TableClient } from '@azure/data-tables'
import { forEachAtMost } from '../app/concurrency.ts'
import type { Agenda, AgendaEntry } from '../app/ports.ts'
import { MAX_TRANSACTION_ENTITIES } from '../core/limits.ts'
import { fromStorage, isConflict, isNotFound } from './errors.ts'
import { queryPage } from './table-query.ts'
import { withinTime } from './within-time.ts'

const WRITES_AT_ONCE = 8

/** The agenda in a table of Azure Table Storage, spread over sixteen partitions. The table must exist. */
export function createTableAgenda(table: TableClient): Agenda {
  return {
    async add(entries) {
      const shards = Map.groupBy(entries, ({ asset }) => shardOf(asset))
      const batches = [...shards].flatMap(([shard, members]) =>
        inChunks(members).map(chunk => ({ shard, chunk })),
      )
      await forEachAtMost(WRITES_AT_ONCE, batches, async ({ shard, chunk }) => {
        try {
          await table.submitTransaction(
            chunk.map(({ asset, wakeAt }) => [
              'upsert',
              { partitionKey: shard, rowKey: asset, wakeAt: new Date(wakeAt) },
              'Replace',
            ]),
            withinTime(),
          )
        } catch (error) {
          throw fromStorage(error, 'write the agenda')
        }
      })
    },

    async overdue(before, page) {
      const filter = odata`wakeAt lt ${new Date(before)}`
      const { items, continuation } = await queryPage<{ wakeAt: Date }>(
        table,
        filter,
        page,
        'read the agenda',
      )
      return { items: items.map(toEntry), continuation }
    },

    remove: entries =>
      changeEach(entries, ({ asset, etag }) =>
        table.deleteEntity(shardOf(asset), asset, { etag, ...withinTime() }),
      ),

    postpone: entries =>
      changeEach(entries, ({ asset, etag, until }) =>
        table.updateEntity(
          { partitionKey: shardOf(asset), rowKey: asset, wakeAt: new Date(until) },
          'Replace',
          { etag, ...withinTime() },
        ),
      ),
  }
}

/** Leaves out those that were added anew since they were read, or struck off by another sweep. */
function changeEach<T extends AgendaEntry>(
  entries: readonly T[],
  change: (entry: T) => Promise<unknown>,
): Promise<void> {
  return forEachAtMost(WRITES_AT_ONCE, entries, async entry => {
    try {
      await change(entry)
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return
      throw fromStorage(error, `change the agenda of ${entry.asset}`)
    }
  })
}

function toEntry(entity: { rowKey?: string; wakeAt: Date; etag: string }): AgendaEntry {
  return { asset: String(entity.rowKey), wakeAt: entity.wakeAt.getTime(), etag: entity.etag }
}

function shardOf(asset: string): string {
  return createHash('sha256').update(asset).digest('hex').slice(0, 1)
}

function inChunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / MAX_TRANSACTION_ENTITIES) }, (_, index) =>
    items.slice(index * MAX_TRANSACTION_ENTITIES, (index + 1) * MAX_TRANSACTION_ENTITIES),
  )
}
