/**
 * A re-sync run: what it was asked, how far it is, and what it has found. Its work is cut into parts; the counters
 * of the parts are the truth, those of the run are their sum. Times are milliseconds since 1970.
 */
import type { Turn } from '../asset/asset.ts'
import type { RunFilter } from './filter.ts'
import type { ListingOrder } from './name-order.ts'

export type RunState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'
export type RunPhase = 'listing' | 'verifying' | 'delivering' | 'done'

export interface Run {
  id: string
  /** 'register': it registers what a request names. Absent: it is one of re-sync. */
  kind?: 'register'
  filter: RunFilter
  /** Runs of the same ground do the same. */
  ground: string
  /** Who asked, for people. */
  by: string
  createdAt: number
  state: RunState
  phase: RunPhase
  startedAt: number | undefined
  endedAt: number | undefined
  /** When the last of its listing was done. */
  listedAt?: number | undefined
  /** Why it failed, or who cancelled it. */
  reason: string | undefined
  /** The sum over its parts when it was last looked at; final once it has ended. */
  counters: RunCounters
  /** How many blobs the last run over this ground listed; undefined: there was none. */
  expected: number | undefined
}

export interface RunCounters {
  /** Files that lie in the lake, directories left out. */
  listed: number
  /** Of these files. */
  bytes: number
  /** Files that rules concerned want. */
  matched: number
  /** Files that the ledger did not know. */
  new: number
  /** Files that the ledger knew with other content, or as removed. */
  changed: number
  /** Files that were left alone: written too recently, or still being copied. */
  settling: number
  /** Files that no asset can be made of; shown among the failures. */
  refused: number
  /** Files that could not be taken in, after several attempts; the next run tries again. */
  troubled: number
  /** Versions that were compared with Azure ML, once for each workspace. */
  verified: number
  /** Of these, those that Azure ML does not have. */
  missing: number
  /** Those that somebody has archived. */
  archived: number
  /** Those whose number holds other data there. */
  foreign: number
  /** Workspaces and assets that could not be asked. */
  unanswered: number
  /** Versions that were missing and are delivered again. */
  reopened: number
  /** Deliveries that this run brought about: registered, failed, and not decided when it stopped to wait. */
  registered: number
  failed: number
  pending: number
  /** Assets with something new that were too many to be followed. */
  unfollowed: number
}

const NOTHING: RunCounters = {
  listed: 0,
  bytes: 0,
  matched: 0,
  new: 0,
  changed: 0,
  settling: 0,
  refused: 0,
  troubled: 0,
  verified: 0,
  missing: 0,
  archived: 0,
  foreign: 0,
  unanswered: 0,
  reopened: 0,
  registered: 0,
  failed: 0,
  pending: 0,
  unfollowed: 0,
}

export function noCounters(): RunCounters {
  return { ...NOTHING }
}

/** Where files are listed once more: what was found missing of them is not found missing again. */
export function keptCounters(of: RunCounters): RunCounters {
  return { ...of, listed: 0, bytes: 0, matched: 0, settling: 0 }
}

export function sumCounters(all: readonly RunCounters[]): RunCounters {
  const sum = noCounters()
  for (const counters of all) {
    for (const name of Object.keys(NOTHING) as (keyof RunCounters)[]) sum[name] += counters[name]
  }
  return sum
}

export function hasEnded({ state }: { state: RunState }): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled'
}

export type PartKind = 'listing' | 'verifying' | 'delivering'

export type PartState =
  /** Its turn has not come. */
  | 'waiting'
  | 'open'
  /** Its place was cut into smaller parts, which do the work. */
  | 'split'
  | 'done'
  | 'failed'

export interface Part {
  /** Sorts within its run. */
  id: string
  kind: PartKind
  state: PartState
  /** What is listed; of other kinds undefined. */
  place: ListedPlace | undefined
  /** Where to go on. */
  checkpoint: Checkpoint
  counters: RunCounters
  /** The step that has the part to itself. */
  lease: { owner: string; until: number } | undefined
  /** When something last happened to it. */
  progressAt: number
  /** Steps in a row that met trouble without getting on. */
  attempts: number
  /** What the last of these met. */
  reason: string | undefined
}

export interface ListedPlace {
  account: string
  container: string
  /** Any string that names begin with; '' is the whole container. */
  prefix: string
  /** Into how many smaller parts it may be cut before it is listed; 1: it is listed as it is. */
  splits: number
  order: ListingOrder
  /** Of a run that registers: which of its targets this is. */
  target?: number
}

export interface Checkpoint {
  /** Of the page in which to go on; undefined: the first one. */
  continuation: string | undefined
  /** Names that sort before this one are done; undefined: none of the page is. */
  from: string | undefined
  /** The prefixes that the place was cut into, once that is decided. */
  prefixes: string[] | undefined
  /** Places in the line for requests to Azure ML that are not used yet, by subscription and principal. */
  turns: Record<string, Turn>
  /** When it was begun. */
  since: number | undefined
  /** Assets that this part has had followed. */
  followed: number
  /** Blobs behind `from` that were found missing and may have been taken in since; they count when they are done. */
  found?: FoundBlobs | undefined
  /** All of it is listed and counted. */
  isListed?: boolean | undefined
  /** How often the listing was begun anew because its continuation was not taken any more. */
  restarts?: number | undefined
  /** Requests that the asset took that is verified next, when there were too few of them. */
  reads?: number | undefined
}

/** Their hashes, one after the other, in base64. */
export interface FoundBlobs {
  new: string
  changed: string
}

export function newPart(
  id: string,
  kind: PartKind,
  state: PartState,
  place: ListedPlace | undefined,
  now: number,
): Part {
  return {
    id,
    kind,
    state,
    place,
    checkpoint: {
      continuation: undefined,
      from: undefined,
      prefixes: undefined,
      turns: {},
      since: undefined,
      followed: 0,
    },
    counters: noCounters(),
    lease: undefined,
    progressAt: now,
    attempts: 0,
    reason: undefined,
  }
}

export function isPartOver({ state }: Part): boolean {
  return state === 'done' || state === 'failed' || state === 'split'
}
