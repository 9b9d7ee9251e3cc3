/** A plan as people read it at a terminal. */
import type { Change } from '../../core/rule-plan/rules-plan.ts'
import { printable } from '../terminal/printable.ts'
import { formatTable, type TableOptions } from '../terminal/table.ts'
import {
  about,
  count,
  duration,
  KINDS,
  lakeLines,
  PACE,
  plural,
  ruleLines,
  shownOf,
  type ToldPlan,
} from './plan-words.ts'

export function formatPlan(plan: ToldPlan, table: TableOptions = {}): string {
  const lines = [`old rules  ${plan.old}`, `new rules  ${plan.new}`]
  const renamed = ruleLines(plan.rules)
  if (!plan.isChange) return [...lines, '', ...renamed, 'Nothing changes.'].map(printable).join('\n')
  return [
    ...lines.map(printable),
    ...lakeLines(plan).map((line, index) => printable(`${index === 0 ? 'lake' : ''}`.padEnd(11) + line)),
    '',
    ...renamed.map(printable),
    ...section(byRule(plan, table)),
    ...section(byWorkspace(plan, table)),
    '',
    summary(plan),
    ...KINDS.flatMap(([kind, title]) => samples(title, plan[kind])),
  ].join('\n')
}

function section(table: string): string[] {
  return table === '' ? [] : ['', table]
}

function byRule({ byRule: rules, isExact }: ToldPlan, table: TableOptions): string {
  if (rules.length === 0) return ''
  const rows = rules.map(({ rule, matched, unmatched, changed, delivered, refused, versions }) => [
    rule,
    ...[matched, unmatched, changed, delivered, refused].map(files => (files === 0 ? '' : count(files))),
    about(versions, isExact),
  ])
  return formatTable(
    ['RULE', 'NEW FILES', 'NO LONGER', 'OTHERWISE', 'ALSO TO', 'REFUSED', 'VERSIONS'],
    rows,
    table,
  )
}

function byWorkspace(
  { byWorkspace: workspaces, bySubscription, isExact }: ToldPlan,
  table: TableOptions,
): string {
  if (workspaces.length === 0) return ''
  const rows = workspaces.map(({ alias, subscription, versions }) => [
    alias,
    subscription,
    about(versions, isExact),
  ])
  const paces = bySubscription.map(it => [it.subscription, about(it.writes, isExact), duration(it)])
  return [
    formatTable(['WORKSPACE', 'SUBSCRIPTION', 'VERSIONS'], rows, table),
    '',
    formatTable(['SUBSCRIPTION', 'ARM WRITES', `TAKES (${PACE})`], paces, table),
  ].join('\n')
}

function summary({ assets, versions, bySubscription, isExact }: ToldPlan): string {
  const writes = bySubscription.reduce((sum, it) => sum + it.writes, 0)
  if (writes === 0) return 'Nothing would be registered now.'
  const longest = { takesMs: Math.max(...bySubscription.map(({ takesMs }) => takesMs)) }
  const sign = isExact ? '' : '≈ '
  const made = `${plural(versions, 'version')} of ${plural(assets, 'asset')}`
  return `${sign}${made} would be made: ${plural(writes, 'ARM write')}, ${duration(longest)}.`
}

function samples(title: string, change: Change): string[] {
  if (change.files === 0) return []
  const lines = change.samples.map(({ file, rule, asset, note }) => {
    const made = asset === null ? '' : ` → ${asset}`
    return printable(`  ${file}${made}  (${rule}${note === null ? '' : `; ${note}`})`)
  })
  return ['', `${title}, ${shownOf(change)}:`, ...lines]
}
