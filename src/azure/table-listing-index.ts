import { odata, type TableClient, type TransactionAction } from '@azure/data-tables'
import type { IndexPlace, IndexRow, ListingIndex } from '../app/resync/ports.ts'
import { MAX_TRANSACTION_ENTITIES } from '../core/limits.ts'
import { boundOfKey, keyOfBound } from '../core/resync/name-order.ts'
import { fromStorage, isNotFound } from './errors.ts'
import { queryPage } from './table-query.ts'
import { withinTime } from './within-time.ts'

/** Each costs a request. */
const MAX_PLACES = 1000
const READING = 'read the index of listings'

interface Row {
  stamp: string
  hashes: Uint8Array
}

/** The index of listings in a table of its own, a partition for each container. The table must exist. */
export function createTableListingIndex(table: TableClient): ListingIndex {
  return {
    async read(place, from, page) {
      const { items, continuation } = await queryPage<Row>(table, rowsFrom(place, from), page, READING)
      return { items: items.map(toRow), continuation }
    },

    async readBounds(place, from, page) {
      const rows = await queryPage<Row>(table, rowsFrom(place, from), page, READING, ['RowKey'])
      return {
        items: rows.items.map(({ rowKey }) => boundOfKey(String(rowKey))),
        continuation: rows.continuation,
      }
    },

    async places() {
      const found: IndexPlace[] = []
      let last = ''
      for (let count = 0; count < MAX_PLACES; count += 1) {
        const filter = odata`PartitionKey gt ${last}`
        const { items, continuation } = await queryPage<Row>(table, filter, { limit: 1 }, 'list the index')
        const name = items[0]?.partitionKey
        if (name === undefined && continuation === undefined) break
        if (name === undefined) continue
        last = name
        const place = placeOf(name)
        if (place !== undefined) found.push(place)
      }
      return found
    },

    async change(place, put, remove) {
      const partitionKey = partitionOf(place)
      const written = new Set(put.map(({ bound }) => keyOfBound(bound)))
      const removed = new Set(remove.map(keyOfBound).filter(key => !written.has(key)))
      const actions: TransactionAction[] = [
        ...put.map(({ bound, stamp, hashes }): TransactionAction => {
          return ['upsert', { partitionKey, rowKey: keyOfBound(bound), stamp, hashes }, 'Replace']
        }),
        ...[...removed].map((rowKey): TransactionAction => ['delete', { partitionKey, rowKey }]),
      ]
      for (let at = 0; at < actions.length; at += MAX_TRANSACTION_ENTITIES) {
        await submit(actions.slice(at, at + MAX_TRANSACTION_ENTITIES))
      }
    },
  }

  /** A row that somebody else has removed meanwhile may be in the way of all of them: then one by one. */
  async function submit(actions: TransactionAction[]): Promise<void> {
    try {
      await table.submitTransaction(actions, withinTime())
    } catch (error) {
      if (!isNotFound(error)) throw fromStorage(error, 'write the index of listings')
      for (const action of actions) await submitOne(action)
    }
  }

  async function submitOne([kind, entity]: TransactionAction): Promise<void> {
    try {
      if (kind === 'delete') await table.deleteEntity(entity.partitionKey, entity.rowKey, withinTime())
      else await table.upsertEntity(entity as Required<typeof entity>, 'Replace', withinTime())
    } catch (error) {
      if (!isNotFound(error)) throw fromStorage(error, 'write the index of listings')
    }
  }
}

function rowsFrom(place: IndexPlace, bound: string): string {
  return odata`PartitionKey eq ${partitionOf(place)} and RowKey ge ${keyOfBound(bound)}`
}

function partitionOf({ account, container, order }: IndexPlace): string {
  return `${account}!${container}!${order}`
}

/** Undefined: somebody else's. */
function placeOf(partition: string): IndexPlace | undefined {
  const [account, container, order, ...rest] = partition.split('!')
  if (account === undefined || container === undefined || rest.length > 0) return undefined
  return order === 'flat' || order === 'hierarchical' ? { account, container, order } : undefined
}

/** Whatever somebody else has written here is a row that nothing is known by. */
function toRow({ rowKey, stamp, hashes }: Partial<Row> & { rowKey?: string }): IndexRow {
  const isOurs = typeof stamp === 'string' && hashes instanceof Uint8Array
  return {
    bound: boundOfKey(String(rowKey)),
    stamp: isOurs ? stamp : '',
    hashes: isOurs ? hashes : new Uint8Array(),
  }
}
