/** How the checker looks at the world: the emulated ARM by plain HTTP, the lake by Microsoft's bare SDK. */
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import type { Content, Found, FoundAsset, FoundVersion } from './checker-facts.ts'

export interface Places {
  /** Of the emulated ARM. */
  arm: string
  workspaces: readonly { name: string; subscription: string; resourceGroup: string }[]
  /** Blob endpoint, account included. */
  lake: string
  account: string
  key: string
  container: string
}

const API_VERSION = '2022-10-01'
const READS_AT_ONCE = 16
const MAX_PAGES = 10_000

/** Reads everything. Rejects where something does not answer. */
export async function readWorld(places: Places): Promise<Found> {
  const workspaces = new Map<string, FoundAsset[]>()
  for (const workspace of places.workspaces) {
    workspaces.set(workspace.name, await readWorkspace(places.arm, workspace))
  }
  return { lake: await readLake(places), workspaces }
}

/** How many versions there are in all, by what the containers alone say: cheap. */
export async function countVersions({
  arm,
  workspaces,
}: Pick<Places, 'arm' | 'workspaces'>): Promise<number> {
  let count = 0
  for (const workspace of workspaces) {
    for (const { properties } of await readContainers(arm, workspace))
      count += Number(properties.nextVersion) - 1
  }
  return count
}

export async function readWorkspace(
  arm: string,
  workspace: Places['workspaces'][number],
): Promise<FoundAsset[]> {
  const containers = await readContainers(arm, workspace)
  const rest = containers.entries()
  const assets: FoundAsset[] = []
  const lane = async () => {
    for (const [index, { name, properties }] of rest) {
      const versions = await list<ArmVersion>(
        `${addressOf(arm, workspace)}/${encodeURIComponent(name)}/versions`,
      )
      assets[index] = { name, ...properties, versions: versions.map(toFound) }
    }
  }
  await Promise.all(Array.from({ length: READS_AT_ONCE }, lane))
  return assets
}

interface ArmContainer {
  name: string
  properties: { latestVersion: string | null; nextVersion: string }
}

interface ArmVersion {
  name: string
  properties: Omit<FoundVersion, 'name'>
}

function readContainers(arm: string, workspace: Places['workspaces'][number]): Promise<ArmContainer[]> {
  return list<ArmContainer>(addressOf(arm, workspace))
}

function addressOf(arm: string, { subscription, resourceGroup, name }: Places['workspaces'][number]): string {
  const group = `${arm}/subscriptions/${subscription}/resourceGroups/${resourceGroup}`
  return `${group}/providers/Microsoft.MachineLearningServices/workspaces/${name}/data`
}

function toFound({ name, properties }: ArmVersion): FoundVersion {
  const { dataType, dataUri, isArchived, tags, properties: own, description } = properties
  return { name, dataType, dataUri, isArchived, tags, properties: own, description }
}

/** All pages of a list; nothing there is an empty one. */
async function list<T>(address: string): Promise<T[]> {
  const items: T[] = []
  let next: string | null | undefined = `${address}?api-version=${API_VERSION}&listViewType=All`
  for (let pages = 0; next !== null && next !== undefined; pages += 1) {
    if (pages === MAX_PAGES) throw new Error(`${address} has more than ${MAX_PAGES} pages`)
    const answer: Response = await fetch(next, { headers: { authorization: 'Bearer checker' } })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${next} answered ${answer.status}: ${text.slice(0, 500)}`)
    const page = JSON.parse(text) as { value: T[]; nextLink?: string | null }
    items.push(...page.value)
    next = page.nextLink
  }
  return items
}

async function readLake({ lake, account, key, container }: Places): Promise<Content[]> {
  const service = new BlobServiceClient(lake, new StorageSharedKeyCredential(account, key))
  const found: Content[] = []
  for await (const { name, properties } of service.getContainerClient(container).listBlobsFlat()) {
    const etag = properties.etag.replaceAll('"', '')
    found.push({ path: name, etag, sizeBytes: properties.contentLength ?? 0 })
  }
  return found
}
