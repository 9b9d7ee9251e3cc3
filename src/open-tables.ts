import { fromStorage } from './azure/errors.ts'
import type { StorageConnection } from './azure/storage-connection.ts'
import { createTableClient, createTables } from './azure/table-client.ts'
import { AGENDA_TABLE, FAILURES_TABLE, LEDGER_TABLE, LISTINGS_TABLE, RUNS_TABLE } from './storage-names.ts'

const NAMES = [LEDGER_TABLE, AGENDA_TABLE, FAILURES_TABLE, RUNS_TABLE, LISTINGS_TABLE]

/** Of the app's own account. */
export type OwnTables = Awaited<ReturnType<typeof openTables>>

/** The tables, created where they are missing. Rejects with TransientError while the storage does not answer. */
export async function openTables(storage: StorageConnection) {
  try {
    await createTables(storage, NAMES)
  } catch (error) {
    throw fromStorage(error, 'open the storage account of AzureWebJobsStorage')
  }
  const client = (table: string) => createTableClient(storage, table)
  return {
    ledger: client(LEDGER_TABLE),
    agenda: client(AGENDA_TABLE),
    failures: client(FAILURES_TABLE),
    runs: client(RUNS_TABLE),
    listings: client(LISTINGS_TABLE),
  }
}
