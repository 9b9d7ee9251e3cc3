import { TableClient } from '@azure/data-tables'
import type { TokenCredential } from '@azure/identity'
import { BlobServiceClient } from '@azure/storage-blob'
import { QueueServiceClient } from '@azure/storage-queue'
import { SECOND } from '../core/time.ts'

/** A storage account, as `AzureWebJobsStorage` names it: by connection string, or by addresses and identity. */
export type StorageConnection =
  | { kind: 'connection string'; connectionString: string }
  | { kind: 'identity'; blobUrl: string; queueUrl: string; tableUrl: string; credential: TokenCredential }

/** Storage answers within seconds or is in trouble; the caller's own retries take over then. */
const retryOptions = { maxTries: 4, retryDelayInMs: 0.2 * SECOND, maxRetryDelayInMs: 2 * SECOND }
const tableRetryOptions = { maxRetries: 3, retryDelayInMs: 0.2 * SECOND, maxRetryDelayInMs: 2 * SECOND }

export function createTableClient(connection: StorageConnection, table: string): TableClient {
  const options = { retryOptions: tableRetryOptions }
  if (connection.kind === 'identity') {
    return new TableClient(connection.tableUrl, table, connection.credential, options)
  }
  const { connectionString } = connection
  const allowInsecureConnection = isPlainHttp(connectionString)
  return TableClient.fromConnectionString(connectionString, table, { ...options, allowInsecureConnection })
}

export function createQueueService(connection: StorageConnection): QueueServiceClient {
  const options = { retryOptions }
  return connection.kind === 'identity'
    ? new QueueServiceClient(connection.queueUrl, connection.credential, options)
    : QueueServiceClient.fromConnectionString(connection.connectionString, options)
}

export function createBlobService(connection: StorageConnection): BlobServiceClient {
  const options = { retryOptions }
  return connection.kind === 'identity'
    ? new BlobServiceClient(connection.blobUrl, connection.credential, options)
    : BlobServiceClient.fromConnectionString(connection.connectionString, options)
}

/** The name of the account that a connection leads to. */
export function accountOf(connection: StorageConnection): string | undefined {
  if (connection.kind === 'identity') return /^https:\/\/([a-z0-9]{3,24})\./.exec(connection.blobUrl)?.[1]
  const { connectionString } = connection
  if (/^UseDevelopmentStorage=true/i.test(connectionString)) return 'devstoreaccount1'
  return /(?:^|;)AccountName=([^;]+)/i.exec(connectionString)?.[1]
}

function isPlainHttp(connectionString: string): boolean {
  return /TableEndpoint=http:/i.test(connectionString) || /UseDevelopmentStorage=true/i.test(connectionString)
}
