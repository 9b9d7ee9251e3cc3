import type { DatastoreLooks, KnownLook } from '../app/rotation/ports.ts'
import { copyOf } from '../core/copy.ts'
import { pageOf } from './paging.ts'

export function createMemoryDatastoreLooks(): DatastoreLooks {
  const rows = new Map<string, KnownLook>()
  let writes = 0
  return {
    async list(page) {
      return copyOf(
        pageOf(
          [...rows.values()].sort((a, b) => (a.key < b.key ? -1 : 1)),
          page,
        ),
      )
    },
    async write(look, etag) {
      if (rows.get(look.key)?.etag !== etag) return 'conflict'
      writes += 1
      rows.set(look.key, copyOf({ ...look, etag: String(writes) }))
      return 'written'
    },
    async remove(looks) {
      for (const { key, etag } of looks) if (rows.get(key)?.etag === etag) rows.delete(key)
    },
  }
}
