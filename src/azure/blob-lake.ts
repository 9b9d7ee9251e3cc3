import type { BlobServiceClient } from '@azure/storage-blob'
import type { BlobProperties, Lake } from '../app/ports.ts'
import { TransientError } from '../core/errors.ts'
import { normalEtag } from '../core/storage-events.ts'
import { fromStorage, isNotFound } from './errors.ts'
import { withinTime } from './within-time.ts'

const MAX_PAGE = 5000

/** The lake's storage accounts, read-only. `serviceOf` gives the client of an account by its name. */
export function createBlobLake(serviceOf: (account: string) => BlobServiceClient): Lake {
  return {
    async head({ account, container, path }) {
      try {
        const found = await serviceOf(account)
          .getContainerClient(container)
          .getBlobClient(path)
          .getProperties(withinTime())
        return toProperties(found)
      } catch (error) {
        if (isNotFound(error)) return undefined
        throw fromStorage(error, `look at a blob in ${account}/${container}`)
      }
    },

    async hasContainer(account, container) {
      try {
        return await serviceOf(account).getContainerClient(container).exists()
      } catch (error) {
        throw fromStorage(error, `look for the container ${account}/${container}`)
      }
    },

    async list(folder, { continuation, limit }) {
      const { account, container, path } = folder
      const prefix = path === '' ? '' : `${path}/`
      try {
        const pages = serviceOf(account)
          .getContainerClient(container)
          .listBlobsFlat({ prefix, includeMetadata: true, ...withinTime() })
          .byPage({
            maxPageSize: Math.min(limit, MAX_PAGE),
            ...(continuation === undefined ? {} : { continuationToken: continuation }),
          })
        for await (const page of pages) {
          const items = page.segment.blobItems.map(({ name, properties, metadata }) => ({
            ref: { account, container, path: name },
            ...toProperties({ ...properties, ...(metadata === undefined ? {} : { metadata }) }),
          }))
          return { items, continuation: page.continuationToken || undefined }
        }
        return { items: [], continuation: undefined }
      } catch (error) {
        if (isNotFound(error)) return { items: [], continuation: undefined }
        throw fromStorage(error, `list ${account}/${container}`)
      }
    },
  }
}

interface Found {
  etag?: string | undefined
  contentLength?: number | undefined
  copyStatus?: string | undefined
  metadata?: Record<string, string>
}

function toProperties({ etag, contentLength, copyStatus, metadata }: Found): BlobProperties {
  const bare = normalEtag(etag)
  if (bare === undefined) throw new TransientError('the storage account answered without an etag')
  return {
    etag: bare,
    sizeBytes: contentLength ?? 0,
    isDirectory: Object.entries(metadata ?? {}).some(
      ([key, value]) => key.toLowerCase() === 'hdi_isfolder' && value.toLowerCase() === 'true',
    ),
    isBeingCopied: copyStatus === 'pending',
  }
}
