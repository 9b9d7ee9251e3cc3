/**
 * What an asset needs next: pure decisions over the state that was read. A worker first claims the asset
 * and cuts what is due, in one transaction; then it delivers; then it records what came of it.
 */

import { copyOf } from '../copy.ts'
import { CUTS_PER_ROUND, FIRST_RETRY_MS, GIVE_UP_AFTER_MS, LEASE_MS, LONGEST_RETRY_MS } from '../limits.ts'
import { own } from '../record.ts'
import {
  type AssetHead,
  type Cursor,
  type Gathering,
  NO_ROWS,
  newCursor,
  type Outcome,
  type Transition,
  type Turn,
  type Version,
} from './asset.ts'
import { cutGathering } from './cutting.ts'

export interface WorkState {
  head: AssetHead
  gatherings: Gathering[]
}

/** The cursor of a workspace that has a place in the line. */
export function waitingInLine(cursor: Cursor, turn: Turn): Cursor {
  const troubledSince = cursor.attempts === 0 ? undefined : cursor.troubledSince
  return { ...cursor, turn, troubledSince, notBefore: turn.at, reason: cursor.reason ?? IN_LINE }
}

/** People are shown this of a delivery that is pending. */
const IN_LINE = 'waits its turn: Azure takes a limited number of writes a second in this subscription'

export type Beginning =
  /** Nothing is outstanding. */
  | { kind: 'idle' }
  /** Another worker has the asset. */
  | { kind: 'leased'; until: number }
  /** Nothing can be done before then. */
  | { kind: 'waiting'; until: number }
  /** To be committed before anything is sent: the asset is ours then, and what was due is cut. */
  | { kind: 'due'; transition: Transition }

export function planBeginning({ head, gatherings }: WorkState, owner: string, now: number): Beginning {
  if (head.lease !== undefined && head.lease.owner !== owner && head.lease.until > now)
    return { kind: 'leased', until: head.lease.until }
  const next = nextDue(head, gatherings, now)
  if (next === undefined) return { kind: 'idle' }
  if (next > now) return { kind: 'waiting', until: next }

  const draft = copyOf(head)
  const due = gatherings
    .filter(gathering => gathering.dueAt <= now)
    .sort((a, b) => a.dueAt - b.dueAt || a.cut - b.cut)
    .slice(0, CUTS_PER_ROUND)
  const versions = due.map(gathering => cutGathering(draft, gathering, gathering.cause, now))
  draft.open -= due.length
  draft.lease = { owner, until: now + LEASE_MS }
  return {
    kind: 'due',
    transition: {
      ...NO_ROWS,
      head: draft,
      closedGatherings: due.map(gathering => gathering.target),
      versions,
    },
  }
}

/** When the asset next needs someone, now at the earliest; undefined: never, as things stand. */
export function nextDue(head: AssetHead, gatherings: readonly Gathering[], now: number): number | undefined {
  const times = [
    ...gatherings.map(gathering => gathering.dueAt),
    ...Object.values(head.cursors)
      .filter(cursor => cursor.next <= head.lastOrdinal)
      .map(cursor => cursor.notBefore ?? 0),
  ]
  return times.length === 0 ? undefined : Math.max(now, Math.min(...times))
}

/** Whether a workspace has something to be delivered now. */
export function isDue(head: AssetHead, alias: string, now: number): boolean {
  const cursor = own(head.cursors, alias)
  return cursor !== undefined && cursor.next <= head.lastOrdinal && (cursor.notBefore ?? 0) <= now
}

/**
 * The cursor after an attempt that met passing trouble: the next attempt is delayed, each time twice as long,
 * unless it was only too early. `gaveUp` when this has gone on for too long.
 */
export function delayed(
  cursor: Cursor,
  trouble: { reason: string; retryAfterMs: number | undefined; throttled: boolean },
  now: number,
): { cursor: Cursor; gaveUp: boolean } {
  const { reason, retryAfterMs, throttled } = trouble
  const exponent = throttled ? 0 : Math.min(cursor.attempts, 20)
  const backoffMs = Math.min(FIRST_RETRY_MS * 2 ** exponent, LONGEST_RETRY_MS)
  const troubledSince = cursor.troubledSince ?? now
  return {
    cursor: {
      next: cursor.next,
      attempts: cursor.attempts + Number(!throttled),
      notBefore: now + Math.max(backoffMs, retryAfterMs ?? 0),
      troubledSince,
      reason,
      turn: undefined,
    },
    gaveUp: now - troubledSince > GIVE_UP_AFTER_MS,
  }
}

/** What a worker brings back from a round of deliveries. */
export interface Report {
  /** By alias, of the workspaces that were served. */
  cursors: ReadonlyMap<string, Cursor>
  outcomes: readonly { ordinal: number; alias: string; outcome: Outcome }[]
  /** Versions whose number a stranger has, in these workspaces. `highest`: the highest number in use there. */
  moves: readonly { ordinal: number; highest: number; takenIn: readonly string[] }[]
  /** Where a number has been taken back, or can never be. */
  withdrawn: readonly { ordinal: number; alias: string }[]
}

/**
 * The transition that records a report. `before` is the head that the worker claimed, `state` what the ledger
 * holds now, `versions` the rows as they are now, at least those of the ordinals in the report.
 */
export function planEnding(
  before: AssetHead,
  state: WorkState,
  versions: readonly Version[],
  report: Report,
  now: number,
): Transition {
  const head = copyOf(state.head)
  const named = new Set(ordinalsIn(report))
  const rows = new Map(
    versions.filter(({ ordinal }) => named.has(ordinal)).map(version => [version.ordinal, copyOf(version)]),
  )
  for (const { ordinal, alias, outcome } of report.outcomes) {
    const row = rows.get(ordinal)
    if (row !== undefined) row.outcomes[alias] = outcome
  }
  for (const { ordinal, alias } of report.withdrawn) {
    const row = rows.get(ordinal)
    if (row?.withdraw !== undefined) row.withdraw = row.withdraw.filter(other => other !== alias)
  }
  const moved: Version[] = []
  for (const { ordinal, highest, takenIn } of report.moves) {
    const row = rows.get(ordinal)
    if (row === undefined || row.movedTo !== undefined) continue
    head.lastOrdinal = Math.max(head.lastOrdinal, highest - head.offset) + 1
    rows.set(head.lastOrdinal, {
      ...copyOf(row),
      ordinal: head.lastOrdinal,
      outcomes: {},
      movedFrom: ordinal,
    })
    row.movedTo = head.lastOrdinal
    row.withdraw = row.spec.workspaces.filter(alias => !takenIn.includes(alias))
    moved.push(row)
  }
  for (const [alias, cursor] of report.cursors) {
    // What was made pending meanwhile may lie behind what the worker has passed: that is gone through again.
    const hasNotMoved = own(head.cursors, alias)?.next === cursor.next
    if (head.rewrites === before.rewrites || hasNotMoved) head.cursors[alias] = cursor
  }
  for (const { ordinal, withdraw = [] } of moved) {
    for (const alias of withdraw) head.cursors[alias] = goingBackTo(ordinal, own(head.cursors, alias))
  }
  head.lease = undefined
  head.wakeAt = nextDue(head, state.gatherings, now)
  return { ...NO_ROWS, head, versions: [...rows.values()] }
}

/** The versions that a report says something of. */
export function ordinalsIn({ outcomes, moves, withdrawn }: Report): number[] {
  return [...outcomes, ...moves, ...withdrawn].map(({ ordinal }) => ordinal)
}

/** The cursor of a workspace that has to look at this version once more. */
function goingBackTo(ordinal: number, cursor: Cursor | undefined): Cursor {
  if (cursor !== undefined && cursor.next <= ordinal) return cursor
  return { ...newCursor(ordinal), turn: cursor?.turn }
}
