import { BlobServiceClient, RestError, StorageSharedKeyCredential } from '@azure/storage-blob'
import type { BlobAddress } from './operation.ts'
import type { BlobFacts } from './storage-event.ts'

/**
 * Asks the storage itself about a blob, past the proxy. With an etag, about that state of it only.
 * Undefined: there is no such blob, or it has moved on from that state.
 */
export type FactsOf = (at: BlobAddress, etag?: string) => Promise<BlobFacts | undefined>

const NOT_FOUND = 404
const PRECONDITION_FAILED = 412

export function createFactsOf(blobUrl: string, account: string, key: string): FactsOf {
  const service = new BlobServiceClient(blobUrl, new StorageSharedKeyCredential(account, key))
  return async (at, etag) => {
    const client = service.getContainerClient(at.container).getBlobClient(at.blob)
    try {
      const properties = await client.getProperties(
        etag === undefined ? {} : { conditions: { ifMatch: etag } },
      )
      const { contentType, contentLength, blobType } = properties
      return { contentType, contentLength, blobType }
    } catch (error) {
      if (error instanceof RestError && isAbsent(error.statusCode)) return undefined
      throw error
    }
  }
}

function isAbsent(status: number | undefined): boolean {
  return status === NOT_FOUND || status === PRECONDITION_FAILED
}
