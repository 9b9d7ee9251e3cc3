/**
 * The floor: the rows that the intake of events writes, written bare, with the same client and its settings.
 * Rows are those that a real intake commits, captured once, under other keys.
 */
import type { TableClient, TransactionAction } from '@azure/data-tables'
import { forEachAtMost } from '../../../src/app/concurrency.ts'
import type { StorageConnection } from '../../../src/azure/storage-connection.ts'
import { createTableClient } from '../../../src/azure/table-client.ts'
import { withinTime } from '../../../src/azure/within-time.ts'
import { keyOf } from '../../../src/core/asset/fingerprint.ts'
import { captureActions } from './captured-rows.ts'
import { answerParent } from './child.ts'

export interface FloorOptions {
  connectionString: string
  rules: string
  /** Of some file that the rules match. */
  path: string
  eventsPerTransaction: number
  /** How many assets share the events; undefined: each event has one of its own. */
  assets: number | undefined
}

export interface FloorRun {
  /** One transaction for the rows of the events that share it, or one upsert an event and nothing else. */
  kind: 'transactions' | 'upserts'
  /** Created where it is missing. Azurite slows down as a table grows: each round begins with an empty one. */
  table: string
  /** Keys of one round are not those of another. */
  round: string
  events: number
  atOnce: number
}

let connection: StorageConnection
const tables = new Map<string, TableClient>()
let captured: Awaited<ReturnType<typeof captureActions>>
let eventsPerTransaction = 1
let assets: number | undefined

answerParent({
  async start({ connectionString, rules, path, ...options }: FloorOptions): Promise<{ rows: number }> {
    connection = { kind: 'connection string', connectionString }
    captured = await captureActions(rules, path)
    eventsPerTransaction = options.eventsPerTransaction
    assets = options.assets
    return { rows: actionsOf('sample', 0, eventsPerTransaction).length }
  },

  /** The time that it took, in ms. */
  async run({ kind, round, events, atOnce, ...run }: FloorRun): Promise<number> {
    const table = await openTable(run.table)
    const step = kind === 'upserts' ? 1 : eventsPerTransaction
    const starts = Array.from({ length: Math.ceil(events / step) }, (_, index) => index * step)
    const begun = performance.now()
    await forEachAtMost(atOnce, starts, async start => {
      if (kind === 'upserts') {
        const [, row] = fileAction(round, start)
        await table.upsertEntity(row, 'Replace', withinTime())
        return
      }
      const files = Math.min(eventsPerTransaction, events - start)
      await table.submitTransaction(actionsOf(round, start, files), withinTime())
    })
    return performance.now() - begun
  },

  /** Processor time of the process so far, in ms. */
  cpuMs() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
})

async function openTable(name: string): Promise<TableClient> {
  const known = tables.get(name)
  if (known !== undefined) return known
  const table = createTableClient(connection, name)
  await table.createTable()
  tables.set(name, table)
  return table
}

/** What one transaction holds: the asset's own rows, and those of so many files. */
function actionsOf(round: string, start: number, files: number): TransactionAction[] {
  const partitionKey = partitionOf(round, start)
  return [
    ...captured.assetActions.map(([verb, row]): TransactionAction => {
      const keyed = { ...row, partitionKey }
      // Of a shared asset they are there from the first event on: written whatever stands there.
      return verb === 'create' && assets === undefined ? ['create', keyed] : ['upsert', keyed, 'Replace']
    }),
    ...Array.from({ length: files }, (_, index) => fileAction(round, start + index)),
  ]
}

function fileAction(round: string, index: number): TransactionAction {
  const [verb, row] = captured.fileAction
  const key = keyOf({ ...captured.fileRef, path: `${round}/${index}` })
  const keyed = { ...row, partitionKey: partitionOf(round, index), rowKey: `f!${key}` }
  return verb === 'create' ? ['create', keyed] : ['upsert', keyed, 'Replace']
}

function partitionOf(round: string, index: number): string {
  return `bench-${round}-${assets === undefined ? index : index % assets}`
}
