/** The host's world over tables that Azurite keeps. */
import { createTableClient } from '../../src/azure/storage-clients.ts'
import { createTableAgenda } from '../../src/azure/table-agenda.ts'
import { createTableLedger } from '../../src/azure/table-ledger.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { type HostWorld, openHostWorld } from './host-world.ts'

export interface TableWorld extends HostWorld {
  azurite: Azurite
  ledgerTable: ReturnType<typeof createTableClient>
  agendaTable: ReturnType<typeof createTableClient>
}

export async function openTableWorld(): Promise<TableWorld> {
  const azurite = await startAzurite()
  const connection = { kind: 'connection string', connectionString: azurite.connectionString } as const
  const [ledgerTable, agendaTable] = [
    createTableClient(connection, 'ledger'),
    createTableClient(connection, 'agenda'),
  ]
  await Promise.all([ledgerTable.createTable(), agendaTable.createTable()])
  const opened = await openHostWorld(() => ({
    ledger: createTableLedger(ledgerTable),
    agenda: createTableAgenda(agendaTable),
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
