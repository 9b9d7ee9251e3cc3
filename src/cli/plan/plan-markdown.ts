/** A plan as a comment of a pull request. Names of files are anybody's: nothing in them may become markup. */
import type { Change } from '../../core/rule-plan/rules-plan.ts'
import { printable } from '../terminal/printable.ts'
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

/** A comment on GitHub holds 65,536 characters. */
const MAX_CODE_LENGTH = 200

export function formatPlanMarkdown(plan: ToldPlan): string {
  const from = `Old rules: ${code(plan.old)}. New rules: ${code(plan.new)}.`
  if (!plan.isChange) return `### Lakemark plan: nothing changes\n\n${from}`
  const rules = ruleLines(plan.rules).map(line => `- ${code(line)}`)
  return [
    `### Lakemark plan: ${headline(plan)}`,
    from,
    lakeLines(plan)
      .map(line => `- ${code(line)}`)
      .join('\n'),
    rules.join('\n'),
    ruleTable(plan),
    workspaceTable(plan),
    subscriptionTable(plan),
    ...KINDS.map(([kind, title]) => samples(title, plan[kind])),
  ]
    .filter(part => part !== '')
    .join('\n\n')
}

function headline({ matched, unmatched, versions, assets, isExact }: ToldPlan): string {
  return [
    `${plural(matched.files, 'file')} newly matched`,
    `${count(unmatched.files)} no longer`,
    `${isExact ? '' : '≈ '}${plural(versions, 'version')} of ${plural(assets, 'asset')}`,
  ].join(', ')
}

function ruleTable({ byRule, isExact }: ToldPlan): string {
  return table(
    ['Rule', 'New files', 'No longer', 'Otherwise', 'Also to', 'Refused', 'Versions'],
    byRule.map(({ rule, matched, unmatched, changed, delivered, refused, versions }) => [
      code(rule),
      ...[matched, unmatched, changed, delivered, refused].map(count),
      about(versions, isExact),
    ]),
  )
}

function workspaceTable({ byWorkspace, isExact }: ToldPlan): string {
  return table(
    ['Workspace', 'Subscription', 'Versions'],
    byWorkspace.map(({ alias, subscription, versions }) => [
      code(alias),
      code(subscription),
      about(versions, isExact),
    ]),
  )
}

function subscriptionTable({ bySubscription, isExact }: ToldPlan): string {
  return table(
    ['Subscription', 'ARM writes', `Takes (${PACE})`],
    bySubscription.map(it => [code(it.subscription), about(it.writes, isExact), duration(it)]),
  )
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]) =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const rule = headings.map((_, column) => (column === 0 ? '---' : '--:'))
  return [line(headings), line(rule), ...rows.map(line)].join('\n')
}

function samples(title: string, change: Change): string {
  if (change.files === 0) return ''
  const lines = change.samples.map(({ file, rule, asset, note }) => {
    const made = asset === null ? '' : ` → ${code(asset)}`
    return `- ${code(file)}${made} (${code(rule)}${note === null ? '' : `: ${code(note)}`})`
  })
  return `<details><summary>${title}, ${shownOf(change)}</summary>\n\n${lines.join('\n')}\n\n</details>`
}

/** A span of code, in which nothing is markup: its fence is longer than any row of backticks inside. */
function code(text: string): string {
  const line = printable(
    text.length > MAX_CODE_LENGTH ? `${text.slice(0, MAX_CODE_LENGTH - 1).toWellFormed()}…` : text,
  )
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([row]) => row.length))
  const fence = '`'.repeat(longest + 1)
  return longest === 0 ? `${fence}${line}${fence}` : `${fence} ${line} ${fence}`
}
