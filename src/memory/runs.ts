import type { Page } from '../app/ports.ts'
import type { DocumentKind, Documents, RunStore, Stored } from '../app/resync/ports.ts'
import { copyOf } from '../core/copy.ts'
import { pageAfter } from './paging.ts'

/** Documents of runs in this process's memory. Nothing that goes in or out is shared. */
export function createMemoryRunStore(): RunStore {
  const scopes = new Map<string, Map<string, Stored<Documents[DocumentKind]>>>()
  let writes = 0

  function documents<K extends DocumentKind>(kind: K, scope: string): Map<string, Stored<Documents[K]>> {
    const name = `${kind} ${scope}`
    const found = scopes.get(name) ?? new Map()
    scopes.set(name, found)
    return found as Map<string, Stored<Documents[K]>>
  }

  function put<K extends DocumentKind>(kind: K, scope: string, id: string, document: Documents[K]): string {
    writes += 1
    const etag = String(writes)
    documents(kind, scope).set(id, copyOf({ id, etag, document }))
    return etag
  }

  return {
    async read(kind, scope, id) {
      return copyOf(documents(kind, scope).get(id))
    },
    async write(kind, scope, id, etag, document) {
      if (documents(kind, scope).get(id)?.etag !== etag) return 'conflict'
      return { etag: put(kind, scope, id, document) }
    },
    async put(kind, scope, entries) {
      for (const { id, document } of entries) put(kind, scope, id, document)
    },
    async list<K extends DocumentKind>(
      kind: K,
      scope: string,
      page: { limit: number; continuation?: string | undefined },
    ) {
      const found: Page<Stored<Documents[K]>> = pageAfter(documents(kind, scope), page)
      return copyOf(found)
    },
    async remove(kind, scope, ids) {
      for (const id of ids) documents(kind, scope).delete(id)
    },
  }
}
