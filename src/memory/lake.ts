import type { BlobProperties, Lake } from '../app/ports.ts'
import type { BlobRef } from '../core/blob-ref.ts'
import { pageOf } from './paging.ts'

export interface MemoryLake extends Lake {
  put(ref: BlobRef, properties: BlobProperties): void
  remove(ref: BlobRef): void
}

export function createMemoryLake(): MemoryLake {
  const blobs = new Map<string, BlobProperties & { ref: BlobRef }>()
  const keyOf = ({ account, container, path }: BlobRef) => `${account}/${container}/${path}`
  return {
    put: (ref, properties) => void blobs.set(keyOf(ref), { ref, ...properties }),
    remove: ref => void blobs.delete(keyOf(ref)),
    async head(ref) {
      const blob = blobs.get(keyOf(ref))
      if (blob === undefined) return undefined
      const { ref: _, ...properties } = blob
      return properties
    },
    async hasContainer(account, container) {
      const prefix = keyOf({ account, container, path: '' })
      return [...blobs.keys()].some(key => key.startsWith(prefix))
    },
    async list(folder, page) {
      const prefix = folder.path === '' ? keyOf(folder) : `${keyOf(folder)}/`
      const found = [...blobs].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1))
      return pageOf(
        found.map(([, blob]) => blob),
        page,
      )
    },
  }
}
