/**
 * What the ledger holds of one asset. The head is the lock: who changes anything of an asset changes its
 * head in the same transaction, compare-and-swap. Times are milliseconds since 1970.
 */
import type { BlobRef } from '../blob-ref.ts'
import { own } from '../record.ts'
import type { AssetType, DatastoreKind } from '../rules/rule-set.ts'

export interface AssetHead {
  /** Azure ML refuses another type once the asset exists. */
  type: AssetType
  /** The highest ordinal given out; 0: none yet. Ordinals count an asset's versions in the order of cutting. */
  lastOrdinal: number
  /** A version's number in Azure ML is its ordinal and this. Fixed, once seeded, before anything is sent. */
  offset: number
  /** The highest cut id given out. A cut keeps its id where its version's number has to change. */
  lastCut: number
  /** How many gatherings are open. */
  open: number
  /** Whether the workspaces have been asked once which numbers are taken. */
  seeded: boolean
  /** By workspace alias: how far delivery has come. */
  cursors: Record<string, Cursor>
  /** Someone has to look no later than then, and a queue message was sent for it; undefined: nothing is outstanding. */
  wakeAt: number | undefined
  /** How often versions were made pending again, or for more workspaces, behind the workers' backs. */
  rewrites?: number
  /** The worker that has the asset to itself. */
  lease: { owner: string; until: number } | undefined
}

/** Delivery to one workspace goes in the order of cutting. Versions below `next` are done there. */
export interface Cursor {
  /** An ordinal. */
  next: number
  /** Failed attempts in a row at `next`. */
  attempts: number
  /** No attempt before then. */
  notBefore: number | undefined
  /** When the first of these attempts was. */
  troubledSince: number | undefined
  /** What the last of these attempts met, or what it waits for. */
  reason: string | undefined
  /** Its place in the line for the subscription's requests. */
  turn: Turn | undefined
}

/** `count` requests may be sent from `at` on. */
export interface Place {
  at: number
  count: number
}

export interface Turn extends Place {
  /** Where the turn is for writes: for what has to be asked before them. Comes no later than the turn itself. */
  reads?: Place | undefined
}

/** The newest that is known of one file, as far as one asset is concerned. */
export interface FileState {
  key: string
  ref: BlobRef
  etag: string
  sizeBytes: number
  /** Event Grid's order of the events of one blob; undefined where the lake itself was asked. */
  sequencer: string | undefined
  removed: boolean
  /** The cut that the content belongs to; 0: none (a marker, or removed before anything was cut). */
  cut: number
  /** The key of the gathering that the cut came or comes from. */
  target: string
  recordedAt: number
}

/**
 * Everything a version will say of itself, fixed when its last file is recorded: where it points must not
 * depend on what the rules say later.
 */
export interface CutSpec {
  rule: string
  /** The git commit of the rules, when known. */
  commit: string | undefined
  type: AssetType
  account: string
  container: string
  /** How the container appears in the workspaces. */
  datastore: { name: string; kind: DatastoreKind }
  /** The file, or the folder without a trailing slash ('' is the container's root). */
  dataPath: string
  description: string | undefined
  tags: Record<string, string>
  /** Aliases. */
  workspaces: string[]
}

/** Files that wait to be cut into one version: all that go to one data path of one asset. */
export interface Gathering {
  target: string
  cut: number
  spec: CutSpec
  files: number
  bytes: number
  digest: string
  lastEtag: string
  /** When the first file was recorded. */
  since: number
  dueAt: number
  /** What `dueAt` is: the quiet time, the longest wait, a marker that has come, or that somebody has asked for it. */
  cause: CutCause
}

export type CutCause = 'at once' | 'settled' | 'maxWait' | 'marker' | 'requested'

/** One immutable cut. */
export interface Version {
  ordinal: number
  cut: number
  spec: CutSpec
  files: number
  bytes: number
  fingerprint: string
  etag: string
  cause: CutCause
  cutAt: number
  /** Final outcomes by alias; a workspace of the spec without one is pending. */
  outcomes: Record<string, Outcome>
  /** The number was found taken by someone else: the data is in the version of this ordinal. */
  movedTo: number | undefined
  /** The ordinal that this data had before its number was found taken. */
  movedFrom: number | undefined
  /** Where the data has moved to another number: the aliases in which this one is still to be taken back. */
  withdraw?: string[]
}

export type Outcome = { state: 'registered'; at: number } | { state: 'failed'; at: number; reason: string }

/** A file that an asset's version had before it was overwritten: kept so that old versions keep their members. */
export interface Member {
  ref: BlobRef
  key: string
  etag: string
  sizeBytes: number
  cut: number
}

export function toMember({ ref, key, etag, sizeBytes, cut }: Member): Member {
  return { ref, key, etag, sizeBytes, cut }
}

/** One step of an asset from state to state: applied whole, or not at all. */
export interface Transition {
  head: AssetHead
  /** Files that have a row already. */
  files: FileState[]
  /** Files that have none: where one has, the transition is refused. */
  newFiles: FileState[]
  formerMembers: Member[]
  gatherings: Gathering[]
  /** Targets of gatherings that are no more. */
  closedGatherings: string[]
  versions: Version[]
}

/** The rows of a transition that changes the head alone. */
export const NO_ROWS: Omit<Transition, 'head'> = {
  files: [],
  newFiles: [],
  formerMembers: [],
  gatherings: [],
  closedGatherings: [],
  versions: [],
}

export function newHead(type: AssetType): AssetHead {
  return {
    type,
    lastOrdinal: 0,
    offset: 0,
    lastCut: 0,
    open: 0,
    seeded: false,
    cursors: {},
    wakeAt: undefined,
    lease: undefined,
  }
}

/** A cursor without trouble. */
export function newCursor(next: number): Cursor {
  const untroubled = { attempts: 0, notBefore: undefined, troubledSince: undefined, reason: undefined }
  return { next, ...untroubled, turn: undefined }
}

/** The number of a version in Azure ML, the same in every workspace. Provisional until the asset is seeded. */
export function numberOf(head: AssetHead, version: { ordinal: number }): number {
  return head.offset + version.ordinal
}

/** How many rows a transition touches, the head included. */
export function sizeOf(transition: Omit<Transition, 'head'>): number {
  return (
    1 +
    transition.files.length +
    transition.newFiles.length +
    transition.formerMembers.length +
    transition.gatherings.length +
    transition.closedGatherings.length +
    transition.versions.length
  )
}

/** Whether something is to be done for the version in this workspace: to deliver it, or to take its number back. */
export function isPending(version: Version, alias: string): boolean {
  if (version.movedTo !== undefined) return version.withdraw?.includes(alias) ?? false
  return version.spec.workspaces.includes(alias) && own(version.outcomes, alias) === undefined
}

export type DeliveryState = 'pending' | 'registered' | 'failed'

/** The state of one version in one workspace, with what the last attempt met. */
export function deliveryOf(
  version: Version,
  alias: string,
  head: AssetHead,
): { state: DeliveryState; reason: string | undefined } {
  const outcome = own(version.outcomes, alias)
  if (outcome?.state === 'registered') return { state: 'registered', reason: undefined }
  if (outcome?.state === 'failed') return { state: 'failed', reason: outcome.reason }
  const cursor = own(head.cursors, alias)
  return { state: 'pending', reason: cursor?.next === version.ordinal ? cursor.reason : undefined }
}
