import { odata, type TableClient } from '@azure/data-tables'
import * as z from 'zod'
import type { DatastoreLooks, KnownLook } from '../app/rotation/ports.ts'
import { UnreadableError } from '../core/errors.ts'
import { fromStorage, isConflict, isNotFound } from './errors.ts'
import { turn } from './ledger-content.ts'
import { contentOf, DATASTORES, rowOf } from './ledger-rows.ts'
import { queryPage } from './table-query.ts'
import { withinTime } from './within-time.ts'

const time = z.number().min(0)
const shape = z.object({
  wanted: z.string(),
  dueAt: time,
  goodAt: time.optional(),
  trouble: z
    .object({ reason: z.string(), since: time, attempts: z.int().min(0), isPermanent: z.boolean() })
    .optional(),
  turn: turn.optional(),
})

/** When datastores with credentials are looked at, in the ledger's table, apart from the assets. The table must exist. */
export function createTableDatastoreLooks(table: TableClient): DatastoreLooks {
  return {
    async list(page) {
      const filter = odata`PartitionKey eq ${DATASTORES}`
      const { items, continuation } = await queryPage(table, filter, page, 'read the datastores to look at')
      return { items: items.map(toLook), continuation }
    },

    async write({ key, ...look }, etag) {
      const row = rowOf(DATASTORES, key, look)
      try {
        if (etag === undefined) await table.createEntity(row, withinTime())
        else await table.updateEntity(row, 'Replace', { etag, ...withinTime() })
        return 'written'
      } catch (error) {
        if (isConflict(error) || isNotFound(error)) return 'conflict'
        throw fromStorage(error, 'note when a datastore is to be looked at')
      }
    },

    async remove(looks) {
      for (const { key, etag } of looks) {
        try {
          await table.deleteEntity(DATASTORES, key, { etag, ...withinTime() })
        } catch (error) {
          if (!isConflict(error) && !isNotFound(error)) throw fromStorage(error, 'strike off a datastore')
        }
      }
    },
  }
}

/** What cannot be read is due at once, and written anew then. */
function toLook(entity: Record<string, unknown>): KnownLook {
  const key = String(entity['rowKey'])
  const etag = String(entity['etag'])
  const content = readable(entity)
  if (content === undefined) return { key, etag, wanted: '', dueAt: 0, goodAt: undefined, trouble: undefined }
  const { wanted, dueAt, goodAt, trouble, turn } = content
  return { key, etag, wanted, dueAt, goodAt, trouble, turn }
}

function readable(entity: Record<string, unknown>): z.infer<typeof shape> | undefined {
  try {
    return shape.safeParse(contentOf<unknown>(entity)).data
  } catch (error) {
    if (error instanceof UnreadableError) return undefined
    throw error
  }
}
