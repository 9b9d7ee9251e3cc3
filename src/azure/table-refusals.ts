import { odata, type TableClient } from '@azure/data-tables'
import { forEachAtMost } from '../app/concurrency.ts'
import type { KnownRefusal, Refusal, Refusals } from '../app/refusals.ts'
import { UnreadableError } from '../core/errors.ts'
import { fromStorage, isConflict, isNotFound } from './errors.ts'
import { contentOf, fromRefusal, REFUSED, type Row, rangeOf } from './ledger-rows.ts'
import { queryPage } from './table-query.ts'
import { withinTime } from './within-time.ts'

const WRITES_AT_ONCE = 16

type Entity = Record<string, unknown> & { etag: string }

/** What the ledger keeps of refused files, in its table, apart from the assets. */
export function createTableRefusals(table: TableClient): Refusals {
  return {
    async refuse(refusals) {
      await forEachAtMost(WRITES_AT_ONCE, refusals, async refusal => {
        try {
          await write(refusal)
        } catch (error) {
          throw fromStorage(error, `record the refusal of ${refusal.ref.path}`)
        }
      })
    },

    async listRefusals(page, rule) {
      const { from, to } = rangeOf(REFUSED)
      const filter =
        rule === undefined
          ? odata`PartitionKey ge ${from} and PartitionKey le ${to}`
          : odata`PartitionKey eq ${REFUSED + rule}`
      const { items, continuation } = await queryPage<Row>(table, filter, page, 'list the refused files')
      return { items: items.map(toShown), continuation }
    },

    async readRefusal(rule, key) {
      const entity = await get(REFUSED + rule, key)
      return entity && toKnown(entity)
    },

    async removeRefusals(refusals) {
      await forEachAtMost(WRITES_AT_ONCE, refusals, async ({ rule, key, rowEtag }) => {
        try {
          await table.deleteEntity(REFUSED + rule, key, { etag: rowEtag, ...withinTime() })
        } catch (error) {
          if (!isConflict(error) && !isNotFound(error)) throw fromStorage(error, 'strike off a refusal')
        }
      })
    },
  }

  /** What is refused again keeps the time of the first refusal. */
  async function write(refusal: Refusal): Promise<void> {
    try {
      await table.createEntity(fromRefusal(refusal, refusal.at), withinTime())
    } catch (error) {
      if (!isConflict(error)) throw error
      const { partitionKey, rowKey } = fromRefusal(refusal, refusal.at)
      const known = await get(partitionKey, rowKey)
      const { since } = known === undefined ? { since: refusal.at } : toShown(known)
      await table.upsertEntity(fromRefusal(refusal, since), 'Replace', withinTime())
    }
  }

  async function get(partitionKey: string, rowKey: string): Promise<Entity | undefined> {
    try {
      return await table.getEntity<Record<string, unknown>>(partitionKey, rowKey, withinTime())
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw fromStorage(error, 'read a refusal')
    }
  }
}

function toKnown(entity: Entity): KnownRefusal {
  const refusal = contentOf<Refusal & { since?: number }>(entity, 'refusal')
  return { ...refusal, since: refusal.since ?? refusal.at, rowEtag: entity.etag }
}

/** A list of what went wrong must not go wrong for one row of it. */
function toShown(entity: Entity): KnownRefusal {
  try {
    return toKnown(entity)
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error
    const [partitionKey, key] = [String(entity.partitionKey), String(entity.rowKey)]
    return {
      rule: partitionKey.slice(REFUSED.length),
      ref: { account: '', container: '', path: key },
      key,
      etag: undefined,
      asset: undefined,
      reason: error.message,
      at: 0,
      since: 0,
      rowEtag: entity.etag,
    }
  }
}
