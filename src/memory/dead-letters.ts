import type { DeadLetterBlob, DeadLetterStore } from '../app/intake/dead-letters.ts'
import type { Clock } from '../app/ports.ts'

export interface MemoryDeadLetters extends DeadLetterStore {
  /** A new blob, or one written over, as Event Grid or a person would do it. */
  put(path: string, content: Uint8Array): void
}

export function createMemoryDeadLetters(clock: Clock): MemoryDeadLetters {
  const blobs = new Map<string, DeadLetterBlob & { content: Uint8Array }>()
  let writes = 0

  function unchanged({ ref, etag }: DeadLetterBlob) {
    const blob = blobs.get(ref.path)
    return blob?.etag === etag ? blob : undefined
  }

  function write(blob: Omit<DeadLetterBlob, 'etag' | 'writtenAt'> & { content: Uint8Array }): void {
    writes += 1
    blobs.set(blob.ref.path, { ...blob, etag: String(writes), writtenAt: clock.now() })
  }

  function put(path: string, content: Uint8Array): void {
    const ref = { account: 'contosoapp', container: 'dead-letters', path }
    write({ ref, sizeBytes: content.length, isSetAside: false, content })
  }

  return {
    put,
    async add(path, content) {
      put(path, content)
    },
    async list({ continuation = '', limit }) {
      const found = [...blobs.values()]
        .filter(({ ref }) => ref.path > continuation)
        .sort((a, b) => (a.ref.path < b.ref.path ? -1 : 1))
      const items = found.slice(0, limit).map(({ content: _, ...blob }) => blob)
      return { items, continuation: found.length > limit ? items.at(-1)?.ref.path : undefined }
    },
    async read(blob) {
      return unchanged(blob)?.content
    },
    async remove(blob) {
      if (unchanged(blob) !== undefined) blobs.delete(blob.ref.path)
    },
    async setAside(blob) {
      const found = unchanged(blob)
      if (found !== undefined) write({ ...found, isSetAside: true })
    },
  }
}
