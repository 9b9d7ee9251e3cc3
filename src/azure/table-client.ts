import { TableClient, TableServiceClient } from '@azure/data-tables'
import { SECOND } from '../core/time.ts'
import type { StorageConnection } from './storage-connection.ts'

/** Tables answer within seconds or are in trouble; the caller's own retries take over then. */
const retryOptions = { maxRetries: 3, retryDelayInMs: 0.2 * SECOND, maxRetryDelayInMs: 2 * SECOND }

/** Apart from the clients of blobs and queues, which take longer to load: a start asks the tables before that. */
export function createTableClient(connection: StorageConnection, table: string): TableClient {
  if (connection.kind === 'identity') {
    return new TableClient(connection.tableUrl, table, connection.credential, { retryOptions })
  }
  const { connectionString } = connection
  return TableClient.fromConnectionString(connectionString, table, optionsOf(connectionString))
}

/** Creates those that are missing. Rejects as the storage client does. */
export async function createTables(connection: StorageConnection, tables: readonly string[]): Promise<void> {
  const service = createTableService(connection)
  await Promise.all(tables.map(table => service.createTable(table)))
}

function createTableService(connection: StorageConnection): TableServiceClient {
  if (connection.kind === 'identity') {
    return new TableServiceClient(connection.tableUrl, connection.credential, { retryOptions })
  }
  const { connectionString } = connection
  return TableServiceClient.fromConnectionString(connectionString, optionsOf(connectionString))
}

function optionsOf(connectionString: string) {
  const isPlainHttp = /TableEndpoint=http:|UseDevelopmentStorage=true/i.test(connectionString)
  return { retryOptions, allowInsecureConnection: isPlainHttp }
}
