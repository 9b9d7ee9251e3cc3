/** The same listing twice: read by the SDK, which is the measure, and by us. */
import type { BlobItem, BlobServiceClient } from '@azure/storage-blob'
import type { Lake, LakePlace, ListedBlob } from '../../src/app/ports.ts'
import { normalEtag } from '../../src/core/storage-events.ts'

export interface Level {
  folders: string[]
  blobs: ListedBlob[]
}

export async function listOurs(lake: Lake, place: LakePlace, limit = 5000): Promise<ListedBlob[]> {
  const found: ListedBlob[] = []
  let continuation: string | undefined
  do {
    const page = await lake.listFlat(place, { limit, continuation })
    found.push(...page.items)
    continuation = page.continuation
  } while (continuation !== undefined)
  return found
}

export async function listOurLevel(lake: Lake, place: LakePlace, limit = 5000): Promise<Level> {
  const found: Level = { folders: [], blobs: [] }
  let continuation: string | undefined
  do {
    const page = await lake.listFolders(place, { limit, continuation })
    found.folders.push(...page.items)
    found.blobs.push(...page.blobs)
    continuation = page.continuation
  } while (continuation !== undefined)
  return found
}

export async function listWithSdk(
  service: BlobServiceClient,
  { container, prefix }: LakePlace,
  maxPageSize = 5000,
): Promise<ListedBlob[]> {
  const found: ListedBlob[] = []
  const pages = service
    .getContainerClient(container)
    .listBlobsFlat({ prefix, includeMetadata: true, includeCopy: true })
    .byPage({ maxPageSize })
  for await (const { segment } of pages) found.push(...segment.blobItems.map(toListed))
  return found
}

export async function listLevelWithSdk(
  service: BlobServiceClient,
  { container, prefix }: LakePlace,
  maxPageSize = 5000,
): Promise<Level> {
  const found: Level = { folders: [], blobs: [] }
  const pages = service
    .getContainerClient(container)
    .listBlobsByHierarchy('/', { prefix, includeMetadata: true, includeCopy: true })
    .byPage({ maxPageSize })
  for await (const { segment } of pages) {
    found.folders.push(...(segment.blobPrefixes ?? []).map(({ name }) => name))
    found.blobs.push(...segment.blobItems.map(toListed))
  }
  return found
}

function toListed({ name, properties, metadata }: BlobItem): ListedBlob {
  return {
    path: name,
    etag: normalEtag(properties.etag) ?? '',
    sizeBytes: properties.contentLength ?? 0,
    lastModified: properties.lastModified.getTime(),
    isDirectory: Object.entries(metadata ?? {}).some(
      ([key, value]) => key.toLowerCase() === 'hdi_isfolder' && value.toLowerCase() === 'true',
    ),
    isBeingCopied: properties.copyStatus === 'pending',
  }
}
