import type { BlobProperties, Lake, LakePlace, ListedBlob } from '../app/ports.ts'
import type { BlobRef } from '../core/blob-ref.ts'
import { pageOf } from './paging.ts'

export interface MemoryLake extends Lake {
  /** `lastModified`: 1970 where it is left out. */
  put(ref: BlobRef, properties: BlobProperties & { lastModified?: number }): void
  remove(ref: BlobRef): void
}

export function createMemoryLake(): MemoryLake {
  const blobs = new Map<string, BlobProperties & { ref: BlobRef; lastModified: number }>()
  const keyOf = ({ account, container, path }: BlobRef) => `${account}/${container}/${path}`
  return {
    put: (ref, properties) => void blobs.set(keyOf(ref), { ref, lastModified: 0, ...properties }),
    remove: ref => void blobs.delete(keyOf(ref)),
    async head(ref) {
      const blob = blobs.get(keyOf(ref))
      if (blob === undefined) return undefined
      const { ref: _, lastModified: __, ...properties } = blob
      return properties
    },
    async hasContainer(account, container) {
      const prefix = keyOf({ account, container, path: '' })
      return [...blobs.keys()].some(key => key.startsWith(prefix))
    },
    async list({ account, container, path }, page) {
      const { items, continuation } = pageOf(
        blobsOf({ account, container, prefix: path === '' ? '' : `${path}/` }),
        page,
      )
      return {
        items: items.map(({ path, lastModified: _, ...properties }) => ({
          ref: { account, container, path },
          ...properties,
        })),
        continuation,
      }
    },
    listFlat: async (place, page) => pageOf(blobsOf(place), page),
    firstFrom: async (place, name) => blobsOf(place).find(({ path }) => path >= name)?.path,
    async listFolders(place, page) {
      const found = new Map<string, ListedBlob | string>()
      for (const blob of blobsOf(place)) {
        const slash = blob.path.indexOf('/', place.prefix.length)
        const name = slash < 0 ? blob.path : blob.path.slice(0, slash + 1)
        found.set(name, slash < 0 ? blob : name)
      }
      const { items, continuation } = pageOf([...found.values()], page)
      return {
        items: items.filter(item => typeof item === 'string'),
        blobs: items.filter(item => typeof item !== 'string'),
        continuation,
      }
    },
  }

  function blobsOf({ account, container, prefix }: LakePlace): ListedBlob[] {
    const start = keyOf({ account, container, path: prefix })
    return [...blobs]
      .filter(([key]) => key.startsWith(start))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { ref, ...properties }]) => ({ path: ref.path, ...properties }))
  }
}
