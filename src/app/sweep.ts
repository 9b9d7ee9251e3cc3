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

/**
 * Finds the assets whose work is overdue because their message was lost, and sends another; strikes those
 * off the agenda that have nothing outstanding any more.
 */
export function createSweep({ agenda, ledger, announcer, clock, counters, log }: Dependencies) {
  return async function sweep(): Promise<{ looked: number; woken: number; struck: number }> {
    const report = { looked: 0, woken: 0, struck: 0 }
    let continuation: string | undefined
    for (let page = 0; page < PAGES_PER_SWEEP; page += 1) {
      const overdueSince = clock.now() - SWEEP_GRACE_MS
      const entries = await agenda.overdue(overdueSince, { limit: PAGE, continuation })
      const finished: AgendaEntry[] = []
      await forEachAtMost(READS_AT_ONCE, entries.items, async entry => {
        report.looked += 1
        // The entry was read before the head: had the asset become busy since, the entry would be a newer one.
        const state = await ledger.readWork(entry.asset)
        const wakeAt = state?.head.wakeAt
        if (wakeAt === undefined) finished.push(entry)
        else if (wakeAt < overdueSince) {
          report.woken += 1
          await announcer.again(entry.asset, 0)
        }
      })
      await agenda.remove(finished)
      report.struck += finished.length
      continuation = entries.continuation
      if (continuation === undefined) break
    }
    counters.add('sweep:woken', report.woken)
    if (report.woken > 0) log.warn('assets whose message was lost were woken', report)
    return report
  }
}
