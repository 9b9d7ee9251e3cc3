/** The host's world over tables that Azurite keeps. */

import { createTableAgenda } from '../../src/azure/table-agenda.ts'
import { createTableClient } from '../../src/azure/table-client.ts'
import { createTableFailureIndex } from '../../src/azure/table-failure-index.ts'
import { createTableLedger } from '../../src/azure/table-ledger.ts'
import { createTableRunStore } from '../../src/azure/table-runs.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { type HostWorld, openHostWorld } from './host-world.ts'

type Table = ReturnType<typeof createTableClient>

export interface TableWorld extends HostWorld {
  azurite: Azurite
  ledgerTable: Table
  agendaTable: Table
}

export async function openTableWorld(): Promise<TableWorld> {
  const azurite = await startAzurite()
  const connection = { kind: 'connection string', connectionString: azurite.connectionString } as const
  const tables = ['ledger', 'agenda', 'failures', 'runs'].map(name => createTableClient(connection, name))
  await Promise.all(tables.map(table => table.createTable()))
  const [ledgerTable, agendaTable, failuresTable, runsTable] = tables as [Table, Table, Table, Table]
  const opened = await openHostWorld(() => ({
    ledger: createTableLedger(ledgerTable),
    agenda: createTableAgenda(agendaTable),
    failureIndex: createTableFailureIndex(failuresTable),
    runStore: createTableRunStore(runsTable),
  }))
  return {
    ...opened,
    azurite,
    ledgerTable,
    agendaTable,
    async close() {
      await opened.close()
      await azurite.close()
    },
  }
}
