import { reasonOf } from '../../core/errors.ts'
import { SWEEP_GRACE_MS } from '../../core/limits.ts'
import type { Announcer } from '../announcer.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { Agenda, AgendaEntry, Clock, Counters, Ledger, Log } from '../ports.ts'

/** Entries; each may hold many assets. */
const PAGE = 50
const PAGES_PER_SWEEP = 100
/** Of entries, and of an entry's assets. */
const READS_AT_ONCE = 4

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
  /** Of those that were woken: for how long the one that waits longest has been due. */
  oldestMs: number
}

/**
 * Goes through the agenda: finds the assets whose work is overdue because their message was lost, and sends
 * another. An entry is read before the heads of its assets: had one become due since, there would be another entry.
 */
export function createSweep({ agenda, ledger, announcer, clock, counters, log }: Dependencies) {
  return async function sweep(): Promise<SweepReport> {
    const report: SweepReport = { looked: 0, woken: 0, struck: 0, postponed: 0, unreadable: 0, oldestMs: 0 }
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
    const changed: AgendaEntry[] = []
    await forEachAtMost(READS_AT_ONCE, entries, async entry => {
      if (entry.assets.length === 0) {
        report.unreadable += 1
        log.error('the sweep cannot read an entry of the agenda', { entry: entry.id })
        return
      }
      const left = await leftOf(entry, report)
      const wakeAt = Math.min(...left.map(({ nextAt }) => nextAt))
      if (left.length === 0) finished.push(entry)
      else if (left.length < entry.assets.length || wakeAt > entry.wakeAt) {
        changed.push({ ...entry, assets: left.map(({ asset }) => asset), wakeAt })
      }
    })
    await agenda.remove(finished)
    await agenda.replace(changed)
  }

  /** The assets that the entry is still needed for, and when each has to be looked at next. */
  async function leftOf(
    { assets, wakeAt }: AgendaEntry,
    report: SweepReport,
  ): Promise<{ asset: string; nextAt: number }[]> {
    const left: { asset: string; nextAt: number }[] = []
    await forEachAtMost(READS_AT_ONCE, assets, async asset => {
      report.looked += 1
      try {
        const next = await lookAt(asset, report)
        if (next === 'finished') report.struck += 1
        else if (next === 'woken') report.woken += 1
        else report.postponed += 1
        if (next !== 'finished') left.push({ asset, nextAt: next === 'woken' ? wakeAt : next })
      } catch (error) {
        report.unreadable += 1
        left.push({ asset, nextAt: wakeAt })
        log.error('the sweep could not look at an asset', { asset, reason: reasonOf(error) })
      }
    })
    return left
  }

  /** A time: nothing is to be done before then. */
  async function lookAt(asset: string, report: SweepReport): Promise<'finished' | 'woken' | number> {
    const state = await ledger.readWork(asset)
    if (state?.head.wakeAt === undefined) return 'finished'
    const { wakeAt, lease } = state.head
    const now = clock.now()
    const nextAt = Math.max(wakeAt, lease?.until ?? 0)
    if (nextAt > now - SWEEP_GRACE_MS) return Math.max(nextAt, now)
    await announcer.work(asset, 0)
    report.oldestMs = Math.max(report.oldestMs, now - nextAt)
    return 'woken'
  }
}
