import { odata, type TableClient } from '@azure/data-tables'
import type { FileTrace, Ledger, ListedAsset } from '../app/ports.ts'
import { type AssetHead, type Member, toMember } from '../core/asset/asset.ts'
import { TransientError, UnreadableError } from '../core/errors.ts'
import { fromStorage, isNotFound } from './errors.ts'
import { AFTER, contentOf, FORMER_MEMBERS, fileRow, HEAD, REFUSED, type Row, rangeOf } from './ledger-rows.ts'
import { queryPage } from './table-query.ts'
import { withinTime } from './within-time.ts'

/** Names of assets begin with a letter or digit; everything else in the table sorts before these. */
const FIRST = '0'

const MAX_EMPTY_PAGES = 10

type Search = Pick<Ledger, 'listAssets' | 'findFile' | 'listFormerMembers'>

/**
 * What has to look through more than one partition, or through many rows of one. Each call makes one query, of which
 * Table Storage answers what it finds in some seconds: little or nothing where many other rows lie in between.
 */
export function createLedgerSearch(table: TableClient): Search {
  return {
    async listAssets({ after, prefix = '', limit }) {
      const from = after === undefined || after < prefix ? undefined : after
      const begin =
        from === undefined ? odata`PartitionKey ge ${prefix || FIRST}` : odata`PartitionKey gt ${from}`
      const range = `${begin} and ${odata`PartitionKey le ${prefix + AFTER}`}`
      const filter = range + odata` and RowKey eq ${HEAD}`
      const found = await queryPage<Row>(table, filter, { limit }, 'list the assets')
      const items = found.items.map(toListed)
      const last = items.at(-1)?.name ?? from
      if (found.continuation === undefined) return { items, next: undefined }
      if (items.length >= limit) return { items, next: last }
      return stepOver(range, last, items)
    },

    async findFile(key, page) {
      const { from, to } = rangeOf(REFUSED)
      const refused = odata`(PartitionKey ge ${from} and PartitionKey le ${to} and RowKey eq ${key})`
      const filter = odata`RowKey eq ${fileRow(key)} or ` + refused
      const { items, continuation } = await queryPage<Row>(table, filter, page, 'look for a file')
      return { items: items.map(({ partitionKey }) => toTrace(partitionKey)), continuation }
    },

    async listFormerMembers(asset, key, page) {
      const { from, to } = rangeOf(FORMER_MEMBERS)
      const filter = odata`PartitionKey eq ${asset} and RowKey ge ${from} and RowKey le ${to} and file eq ${key}`
      const { items, continuation } = await queryPage<Row>(table, filter, page, `look for a file in ${asset}`)
      return { items: items.map(entity => toMember(contentOf<Member>(entity, 'member'))), continuation }
    },
  }

  /**
   * The service has given up among the rows of an asset: the first row behind the last asset says which one it is,
   * and its head is read by itself. So each call gets on, however many rows an asset has.
   */
  async function stepOver(
    range: string,
    last: string | undefined,
    items: ListedAsset[],
  ): Promise<{ items: ListedAsset[]; next: string | undefined }> {
    const filter = last === undefined ? range : `${range} and ${odata`PartitionKey gt ${last}`}`
    const row = await firstRow(filter)
    if (row === undefined) return { items, next: undefined }
    const head = await readHead(row.partitionKey)
    return { items: head === undefined ? items : [...items, toListed(head)], next: row.partitionKey }
  }

  /** At the bounds of its servers Table Storage may answer nothing, and go on. Undefined: there is no row. */
  async function firstRow(filter: string) {
    let continuation: string | undefined
    for (let pages = 0; pages < MAX_EMPTY_PAGES; pages += 1) {
      const page = await queryPage<Row>(table, filter, { limit: 1, continuation }, 'list the assets')
      if (page.items.length > 0 || page.continuation === undefined) return page.items[0]
      continuation = page.continuation
    }
    throw new TransientError(`could not list the assets: ${MAX_EMPTY_PAGES} empty pages in a row`)
  }

  async function readHead(asset: string) {
    try {
      return await table.getEntity<Record<string, unknown>>(asset, HEAD, withinTime())
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw fromStorage(error, `read ${asset}/${HEAD}`)
    }
  }
}

/** A list must not end at one row of it that cannot be read. */
function toListed(entity: Record<string, unknown>): ListedAsset {
  const name = String(entity['partitionKey'])
  try {
    return { name, head: contentOf<AssetHead>(entity, 'head'), unreadable: undefined }
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error
    return { name, head: undefined, unreadable: error.message }
  }
}

function toTrace(partition: string): FileTrace {
  return partition.startsWith(REFUSED)
    ? { kind: 'refusal', rule: partition.slice(REFUSED.length) }
    : { kind: 'asset', asset: partition }
}
