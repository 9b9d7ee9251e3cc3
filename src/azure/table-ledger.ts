import { odata, type TableClient } from '@azure/data-tables'
import { forEachAtMost } from '../app/concurrency.ts'
import type { Ledger } from '../app/ports.ts'
import {
  type AssetHead,
  type FileState,
  type Gathering,
  type Member,
  type Transition,
  toMember,
  type Version,
} from '../core/asset/asset.ts'
import { fromStorage, isConflict, isNotFound } from './errors.ts'
import type { Shape } from './ledger-content.ts'
import {
  contentOf,
  fileRow,
  fromFile,
  fromGathering,
  fromHead,
  fromMember,
  fromVersion,
  gatheringRow,
  HEAD,
  memberPrefix,
  type Row,
  rangeOf,
  versionRow,
} from './ledger-rows.ts'
import { createLedgerSearch } from './table-ledger-search.ts'
import { queryPage } from './table-query.ts'
import { createTableRefusals } from './table-refusals.ts'
import { type Action, createTransactions, type Transactions, type WrittenRow } from './table-transaction.ts'
import { withinTime } from './within-time.ts'

const READS_AT_ONCE = 16
/** The most gatherings read at once: the rest waits until these are cut. */
const MAX_GATHERINGS = 1000

/** The ledger in a table of Azure Table Storage (or Azurite). The table must exist. */
export function createTableLedger(table: TableClient): Ledger {
  return createLedgerOver(table, createTransactions(table))
}

/** The same, its transactions written by somebody else. */
export function createLedgerOver<Prepared>(table: TableClient, transactions: Transactions<Prepared>): Ledger {
  return {
    async readFiles(asset, keys) {
      const found = { files: new Map<string, FileState>(), gatherings: new Map<string, Gathering>() }
      // The head comes first: rows read later are at least as new, and a commit under this etag is refused
      // if any of them has changed since.
      const head = await readHead(asset)
      if (head === undefined) return { head: undefined, etag: undefined, ...found }
      const targets = head.content.open === 0 ? [] : keys.targets
      await forEachAtMost(
        READS_AT_ONCE,
        [...keys.files.map(fileRow), ...targets.map(gatheringRow)],
        async rowKey => {
          const entity = await get(asset, rowKey)
          if (entity === undefined) return
          if (rowKey.startsWith('f!')) found.files.set(rowKey.slice(2), contentOf<FileState>(entity, 'file'))
          else found.gatherings.set(rowKey.slice(2), contentOf<Gathering>(entity, 'gathering'))
        },
      )
      return { head: head.content, etag: head.etag, ...found }
    },

    async readWork(asset) {
      const head = await readHead(asset)
      if (head === undefined) return undefined
      const gatherings =
        head.content.open === 0
          ? []
          : await queryRange<Gathering>(asset, 'gathering', rangeOf('g!'), MAX_GATHERINGS)
      return { head: head.content, etag: head.etag, gatherings }
    },

    async readVersions(asset, { from, to = Number.MAX_SAFE_INTEGER, limit }) {
      if (from > to) return []
      if (from === to) return readVersion(asset, from)
      return queryRange<Version>(asset, 'version', { from: versionRow(from), to: versionRow(to) }, limit)
    },

    async readVersionsOfCut(asset, cut, limit) {
      return queryRange<Version>(asset, 'version', rangeOf('v!'), limit, cut)
    },

    async readMembers(asset, cut, page) {
      const former = rangeOf(memberPrefix(cut))
      const filter = odata`PartitionKey eq ${asset} and ((RowKey ge 'f!' and RowKey lt 'f~' and cut eq ${cut}) or (RowKey ge ${former.from} and RowKey le ${former.to}))`
      const { items, continuation } = await queryPage<Row>(
        table,
        filter,
        page,
        `read the members of cut ${cut} of ${asset}`,
      )
      return { items: items.map(entity => toMember(contentOf<Member>(entity, 'member'))), continuation }
    },

    async commit(asset, etag, transition) {
      const rows = transactions.prepare(rowActions(asset, transition))
      const head = fromHead(asset, transition.head)
      const guard = await etag
      try {
        const action: Action =
          guard === undefined ? ['create', head] : ['update', head, 'Replace', { etag: guard }]
        return { etag: await transactions.submit(action, rows) }
      } catch (error) {
        if (isConflict(error)) return 'conflict'
        throw fromStorage(error, `change asset ${asset}`)
      }
    },

    ...createLedgerSearch(table),
    ...createTableRefusals(table),
  }

  async function readHead(asset: string): Promise<{ content: AssetHead; etag: string } | undefined> {
    const entity = await get(asset, HEAD)
    return entity && { content: contentOf<AssetHead>(entity, 'head'), etag: entity.etag }
  }

  /** One row by its key costs less than a range that holds one. */
  async function readVersion(asset: string, ordinal: number): Promise<Version[]> {
    const entity = await get(asset, versionRow(ordinal))
    return entity === undefined ? [] : [contentOf<Version>(entity, 'version')]
  }

  async function get(partitionKey: string, rowKey: string) {
    try {
      return await table.getEntity<Record<string, unknown>>(partitionKey, rowKey, withinTime())
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw fromStorage(error, `read ${partitionKey}/${rowKey}`)
    }
  }

  async function queryRange<T>(
    asset: string,
    shape: Shape,
    { from, to }: { from: string; to: string },
    limit: number,
    cut?: number,
  ): Promise<T[]> {
    const range = odata`PartitionKey eq ${asset} and RowKey ge ${from} and RowKey le ${to}`
    const filter = cut === undefined ? range : range + odata` and cut eq ${cut}`
    const found: T[] = []
    let continuation: string | undefined
    do {
      const page = await queryPage<Row>(
        table,
        filter,
        { limit: limit - found.length, continuation },
        `read ${from} of ${asset}`,
      )
      found.push(...page.items.map(entity => contentOf<T>(entity, shape)))
      continuation = page.continuation
    } while (continuation !== undefined && found.length < limit)
    return found
  }
}

/** All but the head's. */
function rowActions(asset: string, transition: Transition): Action[] {
  const put = (row: WrittenRow): Action => ['upsert', row, 'Replace']
  return [
    ...transition.files.map(file => put(fromFile(asset, file))),
    ...transition.newFiles.map((file): Action => ['create', fromFile(asset, file)]),
    ...transition.formerMembers.map(member => put(fromMember(asset, member))),
    ...transition.gatherings.map(gathering => put(fromGathering(asset, gathering))),
    ...transition.closedGatherings.map(
      (target): Action => ['delete', { partitionKey: asset, rowKey: gatheringRow(target) }],
    ),
    ...transition.versions.map(version => put(fromVersion(asset, version))),
  ]
}
