import { own } from '../record.ts'
import { type AssetHead, type CutCause, type Gathering, newCursor, type Version } from './asset.ts'

/** When what has gathered is due, after a file recorded at `now`, and why then. */
export function dueAfter(
  since: number,
  now: number,
  { settleMs, maxWaitMs }: { settleMs: number; maxWaitMs: number },
): { dueAt: number; cause: CutCause } {
  const quiet = now + settleMs
  const longest = since + maxWaitMs
  return quiet <= longest ? { dueAt: quiet, cause: 'settled' } : { dueAt: longest, cause: 'maxWait' }
}

/** The version that a gathering becomes. The ordinal is taken from the head, which is changed. */
export function cutGathering(head: AssetHead, gathering: Gathering, cause: CutCause, now: number): Version {
  head.lastOrdinal += 1
  const ordinal = head.lastOrdinal
  for (const alias of gathering.spec.workspaces) {
    if (own(head.cursors, alias) === undefined) head.cursors[alias] = newCursor(ordinal)
  }
  return {
    ordinal,
    cut: gathering.cut,
    spec: gathering.spec,
    files: gathering.files,
    bytes: gathering.bytes,
    fingerprint: gathering.digest,
    etag: gathering.lastEtag,
    cause,
    cutAt: now,
    outcomes: {},
    movedTo: undefined,
    movedFrom: undefined,
  }
}
