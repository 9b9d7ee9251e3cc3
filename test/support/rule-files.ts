import { parseRules } from '../../src/core/rules/parse-rules.ts'
import { formatProblem } from '../../src/core/rules/problem.ts'
import type { RuleSet } from '../../src/core/rules/rule-set.ts'

/** Two workspaces, ml-a and ml-b, and the group both. */
export const WORKSPACES = `
workspaces:
  ml-a: { subscription: 00000000-0000-0000-0000-000000000001, resourceGroup: rg }
  ml-b: { subscription: 00000000-0000-0000-0000-000000000001, resourceGroup: rg }
groups: { both: [ml-a, ml-b] }
`

/** The rule set of one file next to the workspaces; throws its problems. */
export function ruleSet(text: string): RuleSet {
  const parsed = parse(text)
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'))
  return parsed.rules
}

/** The problems of one file, r.yaml, next to the workspaces, as they are told. */
export function problemsOf(text: string): string[] {
  const parsed = parse(text)
  return parsed.ok ? [] : parsed.problems.map(formatProblem)
}

export function warningsOf(text: string): string[] {
  const parsed = parse(text)
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'))
  return parsed.warnings.map(formatProblem)
}

/** A file with one rule; `fields` replace or add to its lines, undefined takes one away. */
export function ruleFile(fields: Record<string, string | undefined> = {}): string {
  const all: Record<string, string | undefined> = {
    name: 'sales',
    from: 'contosolake/silver',
    match: 'sales/{region}/dt={date}/*.csv',
    asset: 'sales-{region}',
    to: 'both',
    ...fields,
  }
  const lines = Object.entries(all).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}: ${value}`],
  )
  return `rules:\n  - ${lines.join('\n    ')}\n`
}

/** One file of the rules of several. */
export function joined(...files: string[]): string {
  return `rules:\n${files.map(file => file.replace('rules:\n', '')).join('')}`
}

function parse(text: string) {
  return parseRules([
    { path: 'r.yaml', text },
    { path: 'w.yaml', text: WORKSPACES },
  ])
}
