import { odata, type TableClient, type TransactionAction } from '@azure/data-tables'
import type { DocumentKind, Documents, RunStore, Stored } from '../app/resync/ports.ts'
import { MAX_TRANSACTION_ENTITIES } from '../core/limits.ts'
import { fromStorage, isConflict, isNotFound } from './errors.ts'
import { contentOf, type Row, rowOf } from './ledger-rows.ts'
import { documentFault } from './run-content.ts'
import { queryPage } from './table-query.ts'
import { withinTime } from './within-time.ts'

/** Documents of runs in a table of their own, a partition for each kind and run. The table must exist. */
export function createTableRunStore(table: TableClient): RunStore {
  return {
    async read(kind, scope, id) {
      try {
        const entity = await table.getEntity<Record<string, unknown>>(
          partitionOf(kind, scope),
          id,
          withinTime(),
        )
        return toStored(kind, entity)
      } catch (error) {
        if (isNotFound(error)) return undefined
        throw fromStorage(error, `read ${kind} ${id}`)
      }
    },

    async write(kind, scope, id, etag, document) {
      const row = rowOf(partitionOf(kind, scope), id, document)
      try {
        const written =
          etag === undefined
            ? await table.createEntity(row, withinTime())
            : await table.updateEntity(row, 'Replace', { etag, ...withinTime() })
        if (written.etag === undefined)
          throw new Error(`the write of ${kind} ${id} was answered without an etag`)
        return { etag: written.etag }
      } catch (error) {
        // Of a row that is not there any more, too.
        if (isConflict(error) || isNotFound(error)) return 'conflict'
        throw fromStorage(error, `change ${kind} ${id}`)
      }
    },

    async put(kind, scope, entries) {
      // One row can stand in a transaction once.
      const latest = new Map(entries.map(({ id, document }) => [id, document]))
      await submit(
        [...latest].map(([id, document]) => [
          'upsert',
          rowOf(partitionOf(kind, scope), id, document),
          'Replace',
        ]),
        `write ${kind}`,
      )
    },

    async list<K extends DocumentKind>(
      kind: K,
      scope: string,
      page: { limit: number; continuation?: string | undefined },
    ) {
      const filter = odata`PartitionKey eq ${partitionOf(kind, scope)}`
      const { items, continuation } = await queryPage<Row>(table, filter, page, `list ${kind}`)
      return { items: items.map(entity => toStored(kind, entity)), continuation }
    },

    async remove(kind, scope, ids) {
      const partitionKey = partitionOf(kind, scope)
      const rowKeys = [...new Set(ids)]
      for (let at = 0; at < rowKeys.length; at += MAX_TRANSACTION_ENTITIES) {
        const some = rowKeys.slice(at, at + MAX_TRANSACTION_ENTITIES)
        try {
          await table.submitTransaction(
            some.map(rowKey => ['delete', { partitionKey, rowKey }]),
            withinTime(),
          )
        } catch (error) {
          if (!isNotFound(error)) throw fromStorage(error, `remove ${kind}`)
          // One that is not there is in the way of all of them.
          for (const rowKey of some) await removeOne(kind, partitionKey, rowKey)
        }
      }
    },
  }

  async function removeOne(kind: DocumentKind, partitionKey: string, rowKey: string): Promise<void> {
    try {
      await table.deleteEntity(partitionKey, rowKey, withinTime())
    } catch (error) {
      if (!isNotFound(error)) throw fromStorage(error, `remove ${kind} ${rowKey}`)
    }
  }

  async function submit(actions: TransactionAction[], doing: string): Promise<void> {
    for (let at = 0; at < actions.length; at += MAX_TRANSACTION_ENTITIES) {
      try {
        await table.submitTransaction(actions.slice(at, at + MAX_TRANSACTION_ENTITIES), withinTime())
      } catch (error) {
        throw fromStorage(error, doing)
      }
    }
  }
}

function partitionOf(kind: DocumentKind, scope: string): string {
  return `${kind}!${scope}`
}

function toStored<K extends DocumentKind>(
  kind: K,
  entity: Record<string, unknown> & { etag: string; rowKey?: string | undefined },
): Stored<Documents[K]> {
  const document = contentOf<Documents[K]>(entity, undefined, content => documentFault(kind, content))
  return { id: String(entity.rowKey), etag: entity.etag, document }
}
