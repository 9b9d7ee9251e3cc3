import { TableClient, TableServiceClient } from '@azure/data-tables'
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
  if (connection.kind === 'identity') {
    return new TableClient(connection.tableUrl, table, connection.credential, {
      retryOptions: tableRetryOptions,
    })
  }
  return TableClient.fromConnectionString(connection.connectionString, table, {
    allowInsecureConnection: isPlainHttp(connection.connectionString),
    retryOptions: tableRetryOptions,
  })
}

export function createTableService(connection: StorageConnection): TableServiceClient {
  if (connection.kind === 'identity') {
    return new TableServiceClient(connection.tableUrl, connection.credential, {
      retryOptions: tableRetryOptions,
    })
  }
  return TableServiceClient.fromConnectionString(connection.connectionString, {
    allowInsecureConnection: isPlainHttp(connection.connectionString),
    retryOptions: tableRetryOptions,
  })
}

export function createQueueService(connection: StorageConnection): QueueServiceClient {
  if (connection.kind === 'identity') {
    return new QueueServiceClient(connection.queueUrl, connection.credential, { retryOptions })
  }
  return QueueServiceClient.fromConnectionString(connection.connectionString, { retryOptions })
}

export function createBlobService(connection: StorageConnection): BlobServiceClient {
  if (connection.kind === 'identity') {
    return new BlobServiceClient(connection.blobUrl, connection.credential, { retryOptions })
  }
  return BlobServiceClient.fromConnectionString(connection.connectionString, { retryOptions })
}

/** The name of the account that a connection leads to. */
export function accountOf(connection: StorageConnection): string | undefined {
  if (connection.kind === 'identity') return /^https:\/\/([a-z0-9]{3,24})\./.exec(connection.blobUrl)?.[1]
  return /(?:^|;)AccountName=([^;]+)/i.exec(connection.connectionString)?.[1]
}

function isPlainHttp(connectionString: string): boolean {
  return /TableEndpoint=http:/i.test(connectionString) || /UseDevelopmentStorage=true/i.test(connectionString)
}
