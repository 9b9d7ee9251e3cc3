import { randomUUID } from 'node:crypto'
import { odata, type TableClient } from '@azure/data-tables'
import { forEachAtMost } from '../app/concurrency.ts'
import type { Agenda, AgendaEntry } from '../app/ports.ts'
import { fromStorage, isConflict, isNotFound } from './errors.ts'
import { queryPage } from './table-query.ts'
import { withinTime } from './within-time.ts'

const WRITES_AT_ONCE = 8
/** Names of assets have up to 255 characters of ASCII, and a property 32 Ki. */
const ASSETS_PER_ROW = 100

interface AgendaRow {
  wakeAt: Date
  /** JSON: an array of names. */
  assets: string
}

/** The agenda in a table of Azure Table Storage, spread over sixteen partitions. The table must exist. */
export function createTableAgenda(table: TableClient): Agenda {
  return {
    async add(assets, wakeAt) {
      const chunks = Array.from({ length: Math.ceil(assets.length / ASSETS_PER_ROW) }, (_, index) =>
        assets.slice(index * ASSETS_PER_ROW, (index + 1) * ASSETS_PER_ROW),
      )
      await forEachAtMost(WRITES_AT_ONCE, chunks, async chunk => {
        try {
          await table.createEntity(rowOf({ id: randomUUID(), assets: chunk, wakeAt }), withinTime())
        } catch (error) {
          // Only a repetition of ours can have been there before, and it holds the same.
          if (!isConflict(error)) throw fromStorage(error, 'write the agenda')
        }
      })
    },

    async overdue(before, page) {
      const filter = odata`wakeAt lt ${new Date(before)}`
      const { items, continuation } = await queryPage<AgendaRow>(table, filter, page, 'read the agenda')
      return { items: items.map(toEntry), continuation }
    },

    remove: entries =>
      changeEach(entries, ({ id, etag }) => table.deleteEntity(shardOf(id), id, { etag, ...withinTime() })),

    replace: entries =>
      changeEach(entries, entry =>
        table.updateEntity(rowOf(entry), 'Replace', { etag: entry.etag, ...withinTime() }),
      ),
  }
}

/** Leaves out those that another sweep has changed or struck off. */
function changeEach(
  entries: readonly AgendaEntry[],
  change: (entry: AgendaEntry) => Promise<unknown>,
): Promise<void> {
  return forEachAtMost(WRITES_AT_ONCE, entries, async entry => {
    try {
      await change(entry)
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return
      throw fromStorage(error, 'change the agenda')
    }
  })
}

function rowOf({ id, assets, wakeAt }: Omit<AgendaEntry, 'etag'>) {
  return {
    partitionKey: shardOf(id),
    rowKey: id,
    wakeAt: new Date(wakeAt),
    assets: JSON.stringify(assets),
  }
}

function toEntry(entity: { rowKey?: string; etag: string } & AgendaRow): AgendaEntry {
  const { rowKey, etag, wakeAt } = entity
  // In a row of somebody else's there may be anything: the sweep looks at it at once.
  const time = wakeAt instanceof Date ? wakeAt.getTime() : 0
  return { id: String(rowKey), etag, assets: assetsIn(entity.assets), wakeAt: time }
}

/** None where the row is not as this version writes it. */
function assetsIn(text: unknown): string[] {
  try {
    const value: unknown = JSON.parse(String(text))
    return Array.isArray(value) ? value.filter(name => typeof name === 'string') : []
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}

function shardOf(id: string): string {
  return id.slice(0, 1)
}
