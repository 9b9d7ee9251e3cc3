import type { BlobServiceClient } from '@azure/storage-blob'
import type { BlobProperties, Lake, LakePlace, ListedBlob, Page, PageRequest } from '../app/ports.ts'
import { PermanentError, TransientError } from '../core/errors.ts'
import { normalEtag } from '../core/storage-events.ts'
import { readListing } from './blob-listing.ts'
import { fromStorage, isNotFound, statusOf } from './errors.ts'
import { withinTime } from './within-time.ts'

/** One after the other, which hold nothing and are not the last. */
const MAX_EMPTY_PAGES = 100
const BAD_REQUEST = 400

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

    async list({ account, container, path: folder }, page) {
      const place = { account, container, prefix: folder === '' ? '' : `${folder}/` }
      const { items, continuation } = await listFlat(place, page)
      return {
        items: items.map(({ path, etag, sizeBytes, isDirectory, isBeingCopied }) => {
          const ref = { account, container, path }
          return { ref, etag, sizeBytes, isDirectory, isBeingCopied }
        }),
        continuation,
      }
    },

    listFlat,

    async firstFrom(place, name) {
      const { abortSignal } = withinTime()
      let continuation: string | undefined
      for (let pages = 0; pages < MAX_EMPTY_PAGES && !abortSignal.aborted; pages += 1) {
        const found = await listFrom(place, name, { limit: 1, continuation })
        const first = found?.blobs[0]?.path
        continuation = found?.nextMarker
        if (first !== undefined || continuation === undefined) return first
      }
      throw new PermanentError(`a listing of ${place.account}/${place.container} goes on without any blob`)
    },

    async listFolders(place, page) {
      const found = await readListing(serviceOf(place.account), place, { delimiter: '/' }, page)
      return { items: found?.folders ?? [], blobs: found?.blobs ?? [], continuation: found?.nextMarker }
    },
  }

  async function listFrom(place: LakePlace, startFrom: string, page: PageRequest) {
    try {
      return await readListing(serviceOf(place.account), place, { startFrom }, page)
    } catch (error) {
      // Where listing is possible at all, it is beginning there that is not.
      if (!(error instanceof Error) || statusOf(error.cause) !== BAD_REQUEST) throw error
      throw new PermanentError(error.message, { cause: error.cause })
    }
  }

  async function listFlat(place: LakePlace, page: PageRequest): Promise<Page<ListedBlob>> {
    const found = await readListing(serviceOf(place.account), place, {}, page)
    return { items: found?.blobs ?? [], continuation: found?.nextMarker }
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
