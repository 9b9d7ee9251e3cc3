import type { ContainerClient } from '@azure/storage-blob'
import type { DeadLetterBlob, DeadLetterStore } from '../app/intake/dead-letters.ts'
import { TransientError } from '../core/errors.ts'
import { normalEtag } from '../core/storage-events.ts'
import { MINUTE } from '../core/time.ts'
import { fromStorage, isNotFound, statusOf } from './errors.ts'
import { withinTime } from './within-time.ts'

/**
 * The metadata of a blob that was set aside, its value the reason. Whoever uploads the blob anew, or removes the
 * entry, has it taken up again.
 */
const SET_ASIDE = 'lakemark_set_aside'
const MAX_REASON_LENGTH = 500
/** Such a blob may be large. */
const READ_MS = MINUTE

/** The container that Event Grid's subscriptions name as the destination of dead letters. */
export function createBlobDeadLetters(container: ContainerClient): DeadLetterStore {
  const { accountName: account, containerName } = container
  const clientOf = ({ ref }: DeadLetterBlob) => container.getBlobClient(ref.path)
  const unchanged = ({ etag }: DeadLetterBlob) => ({ conditions: { ifMatch: `"${etag}"` } })

  return {
    async list({ continuation, limit }) {
      try {
        const pages = container.listBlobsFlat({ includeMetadata: true, ...withinTime() }).byPage({
          maxPageSize: limit,
          ...(continuation === undefined ? {} : { continuationToken: continuation }),
        })
        for await (const page of pages) {
          const items = page.segment.blobItems.map(({ name, properties, metadata }) => ({
            ref: { account, container: containerName, path: name },
            etag: etagOf(properties),
            sizeBytes: properties.contentLength ?? 0,
            writtenAt: properties.lastModified.getTime(),
            isSetAside: Object.keys(metadata ?? {}).some(key => key.toLowerCase() === SET_ASIDE),
          }))
          return { items, continuation: page.continuationToken || undefined }
        }
        return { items: [], continuation: undefined }
      } catch (error) {
        if (isNotFound(error)) return { items: [], continuation: undefined }
        throw fromStorage(error, 'list the dead letters')
      }
    },

    async read(blob) {
      try {
        const found = await clientOf(blob).download(0, undefined, {
          ...unchanged(blob),
          ...withinTime(READ_MS),
        })
        const chunks: Buffer[] = []
        for await (const chunk of found.readableStreamBody ?? []) chunks.push(Buffer.from(chunk))
        return Buffer.concat(chunks)
      } catch (error) {
        if (isOver(error)) return undefined
        throw fromStorage(error, 'read a dead letter')
      }
    },

    async remove(blob) {
      try {
        await clientOf(blob).delete({ deleteSnapshots: 'include', ...unchanged(blob), ...withinTime() })
      } catch (error) {
        if (isOver(error)) return
        throw fromStorage(error, 'remove a dead letter')
      }
    },

    async add(path, content) {
      try {
        await container.getBlockBlobClient(path).uploadData(content, withinTime())
      } catch (error) {
        throw fromStorage(error, 'leave a dead letter')
      }
    },

    async setAside(blob, reason) {
      // Headers hold ASCII only.
      const value = reason.replace(/[^ -~]/g, '?').slice(0, MAX_REASON_LENGTH)
      try {
        await clientOf(blob).setMetadata({ [SET_ASIDE]: value }, { ...unchanged(blob), ...withinTime() })
      } catch (error) {
        if (isOver(error)) return
        throw fromStorage(error, 'set a dead letter aside')
      }
    },
  }
}

/** Gone, or no longer what was listed: Azurite answers 412 to either where there is a condition. */
function isOver(error: unknown): boolean {
  return isNotFound(error) || statusOf(error) === 412
}

function etagOf({ etag }: { etag?: string }): string {
  const bare = normalEtag(etag)
  if (bare === undefined) throw new TransientError('the storage account answered without an etag')
  return bare
}
