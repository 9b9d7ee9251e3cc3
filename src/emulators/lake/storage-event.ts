/** Storage events in the Event Grid schema, as the Event Grid documentation of Blob Storage shows them. */
import { randomUUID } from 'node:crypto'
import type { StorageBlobCreatedEventData, StorageBlobDeletedEventData } from '@azure/eventgrid'
import type { GridEvent } from '../event-grid/event.ts'
import type { BlobAddress, BlobApi } from './operation.ts'

export type BlobCreatedData = Omit<StorageBlobCreatedEventData, 'accessTier'>
export type BlobDeletedData = Partial<StorageBlobDeletedEventData>
export type StorageEvent = GridEvent<BlobCreatedData | BlobDeletedData>

/** What the service says about a blob; all absent where the blob was gone before it could be asked. */
export interface BlobFacts {
  contentType?: string | undefined
  /** Bytes. */
  contentLength?: number | undefined
  blobType?: string | undefined
}

export interface FinishedOperation {
  api: BlobApi
  at: BlobAddress
  facts: BlobFacts
  clientRequestId: string | undefined
  requestId: string | undefined
  /** As in the header, quoted; absent for deletes. */
  etag: string | undefined
}

export interface EventSource {
  /** Resource ID of the storage account. */
  topic: string
  /** `http://127.0.0.1:PORT`, in front of the raw path: `data.url`. */
  origin: string
  now(): number
  nextSequencer(): string
}

/** The resource ID that events of a local account carry. */
export function localTopic(account: string): string {
  const subscription = '00000000-0000-0000-0000-000000000000'
  return `/subscriptions/${subscription}/resourceGroups/local/providers/Microsoft.Storage/storageAccounts/${account}`
}

/** Numbers and dates the event: call it while the blob's turn is held. */
export function toStorageEvent(source: EventSource, done: FinishedOperation): StorageEvent {
  const isDelete = done.api === 'DeleteBlob'
  return {
    topic: source.topic,
    subject: `/blobServices/default/containers/${done.at.container}/blobs/${done.at.blob}`,
    eventType: isDelete ? 'Microsoft.Storage.BlobDeleted' : 'Microsoft.Storage.BlobCreated',
    eventTime: new Date(source.now()).toISOString(),
    id: randomUUID(),
    data: {
      api: done.api,
      clientRequestId: done.clientRequestId,
      requestId: done.requestId,
      ...(isDelete ? {} : { eTag: unquoted(done.etag) }),
      contentType: done.facts.contentType,
      ...(isDelete ? {} : { contentLength: done.facts.contentLength }),
      blobType: done.facts.blobType,
      url: `${source.origin}${done.at.rawPath}`,
      sequencer: source.nextSequencer(),
      storageDiagnostics: { batchId: randomUUID() },
    },
    dataVersion: '',
    metadataVersion: '1',
  }
}

function unquoted(etag: string | undefined): string | undefined {
  return etag?.replace(/^"(.*)"$/, '$1')
}
