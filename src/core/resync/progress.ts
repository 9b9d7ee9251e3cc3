import { SECOND } from '../time.ts'
import { hasEnded, isPartOver, type Part, type Run, type RunCounters } from './run.ts'

export interface Progress {
  /** Files listed a second. */
  perSecond: number | undefined
  /** When the run may be at its end; undefined: it has ended, or nothing tells yet. */
  endsAt: number | undefined
}

/** By what the last run over the same ground listed; without one, by the parts that are done. */
export function progressOf(run: Run, counters: RunCounters, parts: readonly Part[], now: number): Progress {
  if (run.startedAt === undefined) return { perSecond: undefined, endsAt: undefined }
  // Only listing lists: verifying and waiting for deliveries may take much longer.
  const elapsed = (run.listedAt ?? run.endedAt ?? now) - run.startedAt
  const perSecond = elapsed > 0 ? (counters.listed * SECOND) / elapsed : undefined
  if (hasEnded(run) || run.phase !== 'listing') return { perSecond, endsAt: undefined }
  const done = doneShare(run, counters, parts)
  const endsAt = done > 0 && elapsed > 0 ? Math.round(run.startedAt + elapsed / done) : undefined
  return { perSecond, endsAt }
}

/** From 0 to 1. */
function doneShare({ expected }: Run, { listed }: RunCounters, parts: readonly Part[]): number {
  if (expected !== undefined && expected > listed) return listed / expected
  const its = parts.filter(({ kind, state }) => kind === 'listing' && state !== 'split')
  return its.length === 0 ? 0 : its.filter(isPartOver).length / its.length
}
