/**
 * What re-sync needs of the world beside the ports of all use cases; one contract suite per port runs against
 * memory and Table Storage. Every function may throw TransientError.
 */
import type { Registration } from '../../core/register/request.ts'
import type { ListingOrder } from '../../core/resync/name-order.ts'
import type { ListedPlace, Part, Run } from '../../core/resync/run.ts'
import type { Page, PageRequest } from '../ports.ts'

/** Documents of runs. `scope` is a run's id, or '' for what belongs to none. */
export interface RunStore {
  read<K extends DocumentKind>(kind: K, scope: string, id: string): Promise<Stored<Documents[K]> | undefined>
  /** 'conflict': it no longer has this etag (undefined: it exists). */
  write<K extends DocumentKind>(
    kind: K,
    scope: string,
    id: string,
    etag: string | undefined,
    document: Documents[K],
  ): Promise<{ etag: string } | 'conflict'>
  /** Adds or replaces, whatever is there. */
  put<K extends DocumentKind>(
    kind: K,
    scope: string,
    entries: readonly { id: string; document: Documents[K] }[],
  ): Promise<void>
  /** In the order of their ids. */
  list<K extends DocumentKind>(kind: K, scope: string, page: PageRequest): Promise<Page<Stored<Documents[K]>>>
  /** Those that are not there do not matter. */
  remove(kind: DocumentKind, scope: string, ids: readonly string[]): Promise<void>
}

/** Ids consist of ASCII letters, digits, `-`, `_`, `.` and `!`. */
export interface Stored<T> {
  id: string
  etag: string
  document: T
}

export interface Documents {
  /** Ids sort newest first. */
  run: Run
  part: Part
  /** By name: an asset that the run has found something of. */
  asset: FollowedAsset
  finding: Finding
  /** By a hash of the caller's idempotency key. */
  key: RememberedKey
  /** One, 'runs': which runs are under way. */
  register: Register
  /** By a run's ground: how the last one over it went. */
  ground: Ground
  /** One of each run, 'places': what it begins with, decided once. */
  plan: { places: ListedPlace[] }
  /** One of each run that registers, 'request'. */
  registration: Registration
}

export type DocumentKind = keyof Documents

export interface FollowedAsset {
  /** Deliveries of this run; undefined: they are not decided yet. */
  decided: { registered: number; failed: number } | undefined
}

/** What comparing the ledger with Azure ML has shown. */
export interface Finding {
  asset: string
  /** An alias. */
  workspace: string
  /** The number; undefined: of the workspace as a whole. */
  version: number | undefined
  kind: 'missing' | 'archived' | 'foreign' | 'unanswered'
  detail: string
  at: number
}

export interface RememberedKey {
  run: string
  ground: string
  at: number
}

export type RunRequest = Pick<Run, 'id' | 'kind' | 'filter' | 'ground' | 'by' | 'createdAt'>

export interface Register {
  /** Runs that have not ended. What a run needs to be begun stands here first. */
  open: RunRequest[]
  /** The last one that the schedule started, and when it did. */
  scheduled: string | undefined
  scheduledAt?: number | undefined
  /** When the last one of those before it that went well ended. */
  succeededAt?: number | undefined
}

export interface Ground {
  listed: number
  at: number
}

/**
 * What re-sync remembers of what it has compared: a cache, which may lose anything at any time and costs only
 * comparisons. Nothing else writes it. Rows stand in the order of the listing, each for the names from its bound
 * to the next row's.
 */
export interface ListingIndex {
  /** The rows whose bounds do not sort before `from`, in their order. */
  read(place: IndexPlace, from: string, page: PageRequest): Promise<Page<IndexRow>>
  /** Of the same rows nothing but the bounds. */
  readBounds(place: IndexPlace, from: string, page: PageRequest): Promise<Page<string>>
  /** All that there is something of; some that there is nothing of may be among them. */
  places(): Promise<IndexPlace[]>
  /** Rows are written, then those with the other bounds removed. */
  change(place: IndexPlace, put: readonly IndexRow[], remove: readonly string[]): Promise<void>
}

export interface IndexPlace {
  account: string
  container: string
  order: Exclude<ListingOrder, 'unknown'>
}

export interface IndexRow {
  /** A short bound, see `name-order.ts`. */
  bound: string
  /** Under which rules these blobs were compared. */
  stamp: string
  /** Of path and etag of each blob, eight bytes each, at most `MAX_ROW_HASHES`. */
  hashes: Uint8Array
}

/** A binary property of Table Storage holds 64 KiB. */
export const MAX_ROW_HASHES = 2048
