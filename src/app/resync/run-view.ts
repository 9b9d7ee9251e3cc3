import { progressOf } from '../../core/resync/progress.ts'
import {
  isPartOver,
  type Part,
  type Run,
  type RunCounters,
  type RunPhase,
  type RunState,
} from '../../core/resync/run.ts'

/** A run as it is shown. Times are ISO 8601 in UTC; null: not known, not given, or not yet. */
export interface RunView {
  id: string
  kind: 'resync' | 'register'
  state: RunState
  phase: RunPhase
  filter: {
    container: string | null
    prefix: string | null
    rule: string | null
    asset: string | null
    workspace: string | null
    since: string | null
    dryRun: boolean
    verify: boolean
  }
  by: string
  createdAt: string
  startedAt: string | null
  endedAt: string | null
  /** Why it failed, or who cancelled it. */
  reason: string | null
  counters: RunCounters
  /** Files a second. */
  listedPerSecond: number | null
  /** Of the listing. */
  estimatedEnd: string | null
  parts: { total: number; ended: number; failed: number }
  /** What parts that are not over have met last. */
  trouble: string[]
}

const MAX_TROUBLE = 5

export function toView(run: Run, counters: RunCounters, parts: readonly Part[], now: number): RunView {
  const { perSecond, endsAt } = progressOf(run, counters, parts, now)
  const working = parts.filter(({ state }) => state !== 'split')
  const open = working.filter(part => !isPartOver(part))
  return {
    id: run.id,
    kind: run.kind ?? 'resync',
    state: run.state,
    phase: run.phase,
    filter: {
      container: run.filter.container ?? null,
      prefix: run.filter.prefix ?? null,
      rule: run.filter.rule ?? null,
      asset: run.filter.asset ?? null,
      workspace: run.filter.workspace ?? null,
      since: timeOf(run.filter.since),
      dryRun: run.filter.dryRun,
      verify: run.filter.verify,
    },
    by: run.by,
    createdAt: new Date(run.createdAt).toISOString(),
    startedAt: timeOf(run.startedAt),
    endedAt: timeOf(run.endedAt),
    reason: run.reason ?? null,
    counters,
    listedPerSecond: perSecond === undefined ? null : Math.round(perSecond * 10) / 10,
    estimatedEnd: timeOf(endsAt),
    parts: {
      total: working.length,
      ended: working.length - open.length,
      failed: working.filter(({ state }) => state === 'failed').length,
    },
    trouble: [...new Set(open.flatMap(({ reason }) => reason ?? []))].slice(0, MAX_TROUBLE),
  }
}

function timeOf(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString()
}
