/** What the checker is told, what it finds, and the few words that its parts share. */
import { createHash } from 'node:crypto'

/** What must become of one file. */
export interface Place {
  path: string
  asset: string
  rule: string
  type: 'uri_file' | 'uri_folder'
  /** Where its versions point to: the file, or its folder without a slash at the end. */
  dataPath: string
  /** Names of all workspaces that get it, and no others do. */
  workspaces: string[]
  /** It makes versions but is part of none. */
  isMarker: boolean
}

/** One state of a file, as the lake told when it was written; etags without quotes. */
export interface Content {
  path: string
  etag: string
  sizeBytes: number
}

export interface Expectation {
  account: string
  container: string
  /** The name of the container in the workspaces. */
  datastore: string
  /** By path: all files that were ever written. */
  places: ReadonlyMap<string, Place>
  /** Paths whose last operation was no deletion: all that lies in the lake in the end. */
  lying: ReadonlySet<string>
  /** Everything ever written; of one path in the order of writing. */
  contents: readonly Content[]
}

export interface FoundVersion {
  name: string
  dataType: string
  dataUri: string
  isArchived: boolean
  tags: Record<string, string>
  properties: Record<string, string>
  description: string | null
}

export interface FoundAsset {
  name: string
  latestVersion: string | null
  nextVersion: string
  versions: FoundVersion[]
}

export interface Found {
  /** What lies in the lake now. */
  lake: readonly Content[]
  /** By the workspace's name. */
  workspaces: ReadonlyMap<string, readonly FoundAsset[]>
}

/** `lost` and `uneven` may pass while work is still going on; the others never do. */
export type ViolationKind = 'lost' | 'uneven' | 'twice' | 'gap' | 'stranger' | 'wrong'

export interface Violation {
  kind: ViolationKind
  what: string
}

export type Check = (holds: boolean, kind: ViolationKind, what: () => string) => void

/** `azureml://…/datastores/<name>/paths/<path>`; undefined for another datastore or form. */
export function pathIn(dataUri: string, datastore: string): string | undefined {
  const from = dataUri.indexOf('/datastores/')
  const start = `/datastores/${datastore}/paths/`
  if (!dataUri.startsWith('azureml://') || from < 0 || !dataUri.startsWith(start, from)) return undefined
  return dataUri.slice(from + start.length)
}

/** As the README and the properties' documentation say: SHA-256 of place, etag and size. 64 hex digits. */
export function memberPrint({ account, container }: Expectation, { path, etag, sizeBytes }: Content): string {
  return createHash('sha256').update(`${account}/${container}/${path}\n${etag}\n${sizeBytes}`).digest('hex')
}

export function inOrder(versions: readonly FoundVersion[]): FoundVersion[] {
  return [...versions].sort((a, b) => Number(a.name) - Number(b.name))
}
