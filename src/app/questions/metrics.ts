import { ARM_BUDGETS, budgetOf, REQUEST_KINDS, refilled } from '../../core/arm-budget.ts'
import { reasonOf } from '../../core/errors.ts'
import { SWEEP_GRACE_MS } from '../../core/limits.ts'
import type { MetricFamily, MetricSample } from '../../core/metrics-text.ts'
import { SECOND } from '../../core/time.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { MatchingRules } from '../intake/intake.ts'
import type { Agenda, BudgetStore, Clock, Counters, Log } from '../ports.ts'
import type { ScheduledRuns } from '../resync/resync.ts'
import type { RulesKeeper } from '../rules/rules-keeper.ts'
import { countedMetrics } from './counted-metrics.ts'

/** Entries of the agenda that are looked at: where there are more, the oldest of these is told. */
const AGENDA_PAGE = 1000
const MAX_AGENDA_PAGES = 5
/** Budgets that are told, of subscriptions and principals. */
const MAX_BUDGETS = 200
const READS_AT_ONCE = 16

interface Dependencies {
  counters: Counters
  agenda: Pick<Agenda, 'overdue'>
  /** About how many messages wait in the work queue. */
  queueLength: () => Promise<number>
  budgetStore: Pick<BudgetStore, 'read'>
  lastScheduled: () => Promise<ScheduledRuns>
  keeper: Pick<RulesKeeper, 'state' | 'trouble'>
  rules: () => MatchingRules
  clock: Clock
  log: Log
  /** Rejects where it takes too long. */
  inTime: <T>(work: Promise<T>) => Promise<T>
  /** What the runtime knows of the process. */
  ofProcess: () => MetricFamily[]
  version: string
}

/**
 * What is measured: what this process has counted, how the service as a whole stands, and the process itself. Never
 * rejects: what does not answer in time is left out, and that it was is a metric too.
 */
export function createMetrics(dependencies: Dependencies) {
  const { counters, agenda, queueLength, budgetStore, lastScheduled, clock, log, inTime } = dependencies

  return async function readMetrics(): Promise<MetricFamily[]> {
    const sources = {
      agenda: readAgenda,
      queue: readQueue,
      budgets: readBudgets,
      runs: readRuns,
    }
    const failed: MetricSample[] = []
    const read = await Promise.all(
      Object.entries(sources).map(async ([source, readSource]) => {
        try {
          const families = await inTime(readSource())
          failed.push({ labels: { source }, value: 0 })
          return families
        } catch (error) {
          log.warn('a source of metrics could not be read', { source, reason: reasonOf(error) })
          failed.push({ labels: { source }, value: 1 })
          return []
        }
      }),
    )
    return [
      gauge('build_info', 'Always 1; the version of Lakemark.', [
        { labels: { version: dependencies.version }, value: 1 },
      ]),
      ...countedMetrics(counters.all()),
      ...read.flat(),
      ...readRules(),
      gauge('source_failed', 'Whether this could not be read for these metrics.', failed),
      ...dependencies.ofProcess(),
    ]
  }

  async function readAgenda(): Promise<MetricFamily[]> {
    const now = clock.now()
    let oldest = now
    let assets = 0
    let continuation: string | undefined
    for (let pages = 0; pages < MAX_AGENDA_PAGES; pages += 1) {
      const page = await agenda.overdue(now - SWEEP_GRACE_MS, { limit: AGENDA_PAGE, continuation })
      for (const { wakeAt } of page.items) oldest = Math.min(oldest, wakeAt)
      assets += page.items.reduce((sum, entry) => sum + entry.assets.length, 0)
      continuation = page.continuation
      if (continuation === undefined) break
    }
    return [
      gauge(
        'work_overdue_seconds',
        'How long the oldest outstanding work has been due, 0 while none has for two minutes; up to some minutes it is what the next sweep strikes off or wakes. Of the whole service.',
        [{ value: (now - oldest) / SECOND }],
      ),
      gauge(
        'work_overdue_assets',
        'Assets that stand on the agenda for longer than that. Of the whole service.',
        [{ value: assets }],
      ),
    ]
  }

  async function readQueue(): Promise<MetricFamily[]> {
    const help =
      'About how many messages the work queue holds, those for later among them. Of the whole service.'
    return [gauge('work_queue_messages', help, [{ value: await queueLength() }])]
  }

  async function readBudgets(): Promise<MetricFamily[]> {
    const budgets = new Map<string, MetricSample['labels']>()
    for (const workspace of dependencies.rules().rules.workspaces.values()) {
      const principal = workspace.credential?.client ?? ''
      budgets.set(budgetOf(workspace), { subscription: workspace.subscription, principal })
    }
    const left: MetricSample[] = []
    const stopped: MetricSample[] = []
    await forEachAtMost(READS_AT_ONCE, [...budgets].slice(0, MAX_BUDGETS), async ([budget, of]) => {
      for (const kind of REQUEST_KINDS) {
        const found = await budgetStore.read(budget, kind)
        const now = clock.now()
        const { level, stoppedUntil } = refilled(found?.state, ARM_BUDGETS[kind], now)
        const labels = { ...of, kind }
        left.push({ labels, value: Math.floor(level) })
        stopped.push({ labels, value: Math.max(0, stoppedUntil - now) / SECOND })
      }
    })
    return [
      gauge(
        'arm_requests_left',
        'Requests that Azure Resource Manager would take now; below 0: so many wait in line. Of the whole service.',
        left,
      ),
      gauge(
        'arm_stopped_seconds',
        'For how long Azure Resource Manager has said that it takes nothing. Of the whole service.',
        stopped,
      ),
    ]
  }

  async function readRuns(): Promise<MetricFamily[]> {
    const { open, succeededAt } = await lastScheduled()
    const age = succeededAt === undefined ? [] : [{ value: (clock.now() - succeededAt) / SECOND }]
    return [
      gauge('resync_runs_open', 'Re-sync runs that have not ended. Of the whole service.', [{ value: open }]),
      gauge(
        'resync_success_age_seconds',
        'Since a scheduled re-sync last ended well; nothing where none has. Of the whole service.',
        age,
      ),
    ]
  }

  function readRules(): MetricFamily[] {
    const { keeper, rules } = dependencies
    const flag = (condition: boolean) => [{ value: condition ? 1 : 0 }]
    return [
      gauge('rules', 'Rules in force in this process.', [{ value: rules().rules.rules.length }]),
      gauge(
        'rules_refused',
        'Whether a newer commit of the rules was refused, as far as this process knows.',
        flag(keeper.state().candidate !== undefined),
      ),
      gauge(
        'rules_source_failed',
        'Whether the last look of this process at the source of the rules met trouble.',
        flag(keeper.trouble() !== undefined),
      ),
    ]
  }
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name: `lakemark_${name}`, help, type: 'gauge', samples }
}
