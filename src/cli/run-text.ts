/** Re-sync runs as people read them at a terminal. */
import type { RunView } from '../app/resync/run-view.ts'
import type { RunCounters } from '../core/resync/run.ts'
import { SECOND } from '../core/time.ts'
import { count, duration } from './plan/plan-words.ts'
import type { Style } from './terminal/paint.ts'
import { printable } from './terminal/printable.ts'
import { type Cell, formatTable, type TableOptions } from './terminal/table.ts'

/** Told only where there are some. */
const OTHERS = [
  'changed',
  'settling',
  'failed',
  'pending',
  'refused',
  'troubled',
  'missing',
  'archived',
  'foreign',
  'unanswered',
  'reopened',
  'unfollowed',
] as const satisfies readonly (keyof RunCounters)[]

/** One line: what happened, and what did only where it did. */
export function summaryOf({ id, state, counters }: RunView): string {
  return printable(`run ${id} ${state}: ${factsOf(counters)}`)
}

function factsOf(counters: RunCounters): string {
  const { listed, matched, new: fresh, registered } = counters
  const others = OTHERS.filter(name => counters[name] > 0).map(name => `${counters[name]} ${name}`)
  return [
    `${listed} listed`,
    `${matched} matched`,
    `${fresh} new`,
    `${registered} registered`,
    ...others,
  ].join(', ')
}

export function formatRuns(runs: readonly RunView[], table: TableOptions): string {
  const rows = runs.map(run => [
    run.id,
    stateCell(run),
    run.createdAt,
    run.by,
    filterOf(run),
    factsOf(run.counters),
  ])
  return formatTable(['RUN', 'STATE', 'BEGUN', 'BY', 'OVER', 'FOUND'], rows, table)
}

/** All that is known of one. */
export function formatRun(run: RunView, now: number): string {
  const { by, createdAt, endedAt, reason, phase, trouble, listedPerSecond, parts } = run
  const left = leftOf(run, now)
  const facts: [string, string][] = [
    ['over', filterOf(run)],
    ['begun', `${createdAt} by ${by}`],
    ...(endedAt === null
      ? ([['phase', `${phase}, ${parts.ended} of ${parts.total} parts${left === '' ? '' : `, ${left}`}`]] as [
          string,
          string,
        ][])
      : ([['ended', endedAt]] as [string, string][])),
    ...(listedPerSecond === null
      ? []
      : [['pace', `${count(listedPerSecond)} files a second`] as [string, string]]),
    ...(reason === null ? [] : [['reason', reason] as [string, string]]),
    ...trouble.map((text): [string, string] => ['trouble', text]),
  ]
  const lines = facts.map(([name, text]) => `  ${name.padEnd(8)}  ${text}`)
  return [summaryOf(run), ...lines.map(printable)].join('\n')
}

/** What a progress bar says of a run that is under way. */
export function progressOf(run: RunView, now: number): { text: string; share: number | undefined } {
  const { id, state, phase, counters, listedPerSecond, parts } = run
  const left = leftOf(run, now)
  const { registered, failed, pending } = counters
  const found = [
    ...(counters.new > 0 ? [`${count(counters.new)} new`] : []),
    ...(registered > 0 ? [`${count(registered)} registered`] : []),
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(counters.verified > 0 ? [`${count(counters.verified)} verified`] : []),
  ]
  const pace = listedPerSecond === null || phase !== 'listing' ? [] : [`${count(listedPerSecond)}/s`]
  const facts = [`${count(counters.listed)} files`, ...pace, ...found, ...(left === '' ? [] : [left])].join(
    ', ',
  )
  // The id comes last: on a narrow terminal it is what may be missing.
  const text = `${state === 'queued' ? 'waits for its turn' : `${phase}: ${facts}`}  (run ${id})`
  return { text, share: shareOf() }

  /** Of the phase. */
  function shareOf(): number | undefined {
    if (state === 'queued') return undefined
    if (phase === 'delivering') {
      const all = registered + failed + pending
      return all === 0 ? undefined : (registered + failed) / all
    }
    if (run.estimatedEnd !== null && run.startedAt !== null) {
      const [from, to] = [Date.parse(run.startedAt), Date.parse(run.estimatedEnd)]
      return to > from ? (now - from) / (to - from) : undefined
    }
    return parts.total === 0 ? undefined : parts.ended / parts.total
  }
}

/** '' where it cannot be told. */
function leftOf({ estimatedEnd }: RunView, now: number): string {
  if (estimatedEnd === null) return ''
  const takesMs = Date.parse(estimatedEnd) - now
  return takesMs < SECOND ? '' : `about ${duration({ takesMs })} of listing left`
}

function filterOf({ kind, filter }: RunView): string {
  const { container, prefix, rule, asset, workspace, since, dryRun, verify } = filter
  const said = [
    ...Object.entries({ container, prefix, rule, asset, workspace, since })
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name} ${value}`),
    ...(verify ? ['verify'] : []),
    ...(dryRun ? ['dry run'] : []),
  ]
  if (kind === 'register') return ['a registration', ...said].join(', ')
  return said.length === 0 ? 'everything' : said.join(', ')
}

const STYLES: Readonly<Partial<Record<RunView['state'], Style>>> = {
  done: 'green',
  failed: 'red',
  cancelled: 'yellow',
}

function stateCell(run: RunView): Cell {
  const { state, phase } = run
  const text = state === 'running' ? phase : state
  const style = hasFailures(run) ? 'red' : STYLES[state]
  return style === undefined ? text : { text, style }
}

/** A run that ended well, and of which something did not. */
export function hasFailures({ state, counters }: Pick<RunView, 'state' | 'counters'>): boolean {
  return state === 'failed' || counters.failed + counters.troubled + counters.unanswered > 0
}
