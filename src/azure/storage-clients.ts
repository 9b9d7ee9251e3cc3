import { BlobServiceClient } from '@azure/storage-blob'
import { QueueServiceClient } from '@azure/storage-queue'
import { SECOND } from '../core/time.ts'
import type { StorageConnection } from './storage-connection.ts'

/** Storage answers within seconds or is in trouble; the caller's own retries take over then. */
const retryOptions = { maxTries: 4, retryDelayInMs: 0.2 * SECOND, maxRetryDelayInMs: 2 * SECOND }

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
