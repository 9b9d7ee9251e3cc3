import type { BlockBlobClient } from '@azure/storage-blob'
import type { RulesState, RulesStore } from '../app/ports.ts'
import { fromStorage, isConflict, isNotFound, statusOf } from './errors.ts'
import { withinTime } from './within-time.ts'

/** What all processes know of the rules, in one blob of the app's own account. The container must exist. */
export function createBlobRulesStore(blob: BlockBlobClient): RulesStore {
  return {
    async read(etag) {
      try {
        const conditions = etag === undefined ? {} : { ifNoneMatch: etag }
        const found = await blob.download(0, undefined, { conditions, ...withinTime() })
        const text = await textOf(found.readableStreamBody)
        if (found.etag === undefined) throw new Error('the blob of the rules was answered without an etag')
        return { etag: found.etag, state: JSON.parse(text) as RulesState }
      } catch (error) {
        if (isNotFound(error)) return undefined
        if (statusOf(error) === 304) return 'unchanged'
        throw fromStorage(error, 'read the rules in force')
      }
    },

    async write(etag, state) {
      const body = JSON.stringify(state)
      try {
        await blob.upload(body, Buffer.byteLength(body), {
          conditions: etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag },
          blobHTTPHeaders: { blobContentType: 'application/json' },
          ...withinTime(),
        })
        return 'written'
      } catch (error) {
        if (isConflict(error)) return 'conflict'
        throw fromStorage(error, 'write the rules in force')
      }
    },
  }
}

async function textOf(stream: NodeJS.ReadableStream | undefined): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}
