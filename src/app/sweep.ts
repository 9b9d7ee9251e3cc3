import { reasonOf } from '../core/errors.ts'
import { SWEEP_GRACE_MS } from '../core/limits.ts'
import type { Announcer } from './announcer.ts'
import { forEachAtMost } from './concurrency.ts'
import type { Agenda, AgendaEntry, Clock, Counters, Ledger, Log } from './ports.ts'

const PAGE = 500
const PAGES_PER_SWEEP = 40
const READS_AT_ONCE = 16

interface Dependencies {
  agenda: Agenda
  ledger: Ledger
  announcer: Announcer
  clock: Clock
  counters: Counters
  log: Log
}

export interface SweepReport {
  looked: number
  /** Their message was lost: they got another. */
  woken: number
  /** They have nothing outstanding any more. */
  struck: number
  /** They are not due before later, and out of the way until then. */
  postponed: number
  /** They could not be read; the next sweep comes by again. */
  unreadable: number
}

/**
 * Goes through the agenda: finds the assets whose work is overdue because their message was lost, and sends
 * another. An entry is read before the asset's head: had the asset become due since, the entry would be another.
 */
export function createSweep({ agenda, ledger, announcer, clock, counters, log }: Dependencies) {
  return async function sweep(): Promise<SweepReport> {
    const report: SweepReport = { looked: 0, woken: 0, struck: 0, postponed: 0, unreadable: 0 }
    let continuation: string | undefined
    for (let page = 0; page < PAGES_PER_SWEEP; page += 1) {
      const entries = await agenda.overdue(clock.now() - SWEEP_GRACE_MS, { limit: PAGE, continuation })
      await sweepPage(entries.items, report)
      continuation = entries.continuation
      if (continuation === undefined) break
    }
    counters.add('sweep:woken', report.woken)
    if (report.woken > 0) log.warn('assets whose message was lost were woken', { ...report })
    return report
  }

  async function sweepPage(entries: readonly AgendaEntry[], report: SweepReport): Promise<void> {
    const finished: AgendaEntry[] = []
    const later: (AgendaEntry & { until: number })[] = []
    await forEachAtMost(READS_AT_ONCE, entries, async entry => {
      report.looked += 1
      try {
        const next = await lookAt(entry)
        if (next === 'finished') finished.push(entry)
        else if (next === 'woken') report.woken += 1
        else later.push({ ...entry, until: next })
      } catch (error) {
        report.unreadable += 1
        log.error('the sweep could not look at an asset', { asset: entry.asset, reason: reasonOf(error) })
      }
    })
    await agenda.remove(finished)
    await agenda.postpone(later)
    report.struck += finished.length
    report.postponed += later.length
  }

  /** A time: nothing is to be done before then. */
  async function lookAt({ asset }: AgendaEntry): Promise<'finished' | 'woken' | number> {
    const state = await ledger.readWork(asset)
    if (state?.head.wakeAt === undefined) return 'finished'
    const { wakeAt, lease } = state.head
    const now = clock.now()
    const nextAt = Math.max(wakeAt, lease?.until ?? 0)
    if (nextAt > now - SWEEP_GRACE_MS) return Math.max(nextAt, now)
    await announcer.work(asset, 0)
    return 'woken'
  }
}
