/**
 * The rules of the simulated world, and what they promise of each path: written down a second time here, by hand,
 * so that nothing of the product judges itself.
 */
import type { MatchingRules } from '../../src/app/intake/intake.ts'
import { createMatcher } from '../../src/core/matching.ts'
import { parseRules } from '../../src/core/rules/parse-rules.ts'
import { formatProblem } from '../../src/core/rules/problem.ts'
import type { AssetType, RuleSet } from '../../src/core/rules/rule-set.ts'

export const ACCOUNT = 'contosolake'
export const CONTAINER = 'silver'
const DATASTORE = 'contosolake_silver'
export const WORKSPACES = ['ml-one', 'ml-two', 'ml-three'] as const
export const RULE_NAMES = ['files', 'slow', 'sales', 'logs', 'multi'] as const
export type RuleName = (typeof RULE_NAMES)[number]

/** What may differ from one version of the rules to the next. */
export interface RulesVariant {
  workspaces: Record<RuleName, readonly string[]>
  /** Factor on all settling times. */
  pace: number
  backfill: 'newest' | 'all'
}

export interface Expected {
  rule: RuleName
  asset: string
  type: AssetType
  dataPath: string
  dataUri: string
  source: string
  tags: Record<string, string>
  role: 'data' | 'marker'
  /** Each content becomes a version as soon as it is recorded. */
  atOnce: boolean
}

/** What the world is told of a path; undefined: no rule wants it. */
export function expectedOf(path: string): Expected | undefined {
  const [, folder = '', rest = ''] = /^([a-z]+)\/(.+)$/.exec(path) ?? []
  const stem = rest.replace(/\.[a-z]+$/, '')
  switch (folder) {
    case 'files':
      return fileOf('files', stem, path, true)
    case 'slow':
      return fileOf('slow', `slow-${stem}`, path, false)
    case 'multi':
      return fileOf('multi', `multi-${rest.split('-')[0]}`, path, true)
    case 'logs':
      return folderOf('logs', 'logs', `logs/${rest.split('/')[0]}`, {}, 'data')
    case 'sales': {
      const region = rest.split('/')[0] ?? ''
      const role = rest.endsWith('/_SUCCESS') ? 'marker' : 'data'
      return folderOf('sales', `sales-${region}`, `sales/${region}`, { region }, role)
    }
    default:
      return undefined
  }
}

function fileOf(rule: RuleName, asset: string, path: string, atOnce: boolean): Expected {
  const source = `${ACCOUNT}/${CONTAINER}/${path}`
  const tags = { team: rule }
  return {
    rule,
    asset,
    type: 'uri_file',
    dataPath: path,
    dataUri: uriOf(path),
    source,
    tags,
    role: 'data',
    atOnce,
  }
}

function folderOf(
  rule: RuleName,
  asset: string,
  dataPath: string,
  moreTags: Record<string, string>,
  role: Expected['role'],
): Expected {
  const source = `${ACCOUNT}/${CONTAINER}/${dataPath}/`
  const tags = { team: rule, ...moreTags }
  return {
    rule,
    asset,
    type: 'uri_folder',
    dataPath,
    dataUri: uriOf(dataPath),
    source,
    tags,
    role,
    atOnce: false,
  }
}

function uriOf(dataPath: string): string {
  return `azureml://datastores/${DATASTORE}/paths/${dataPath}`
}

const known = new Map<string, RuleSet>()

/** The rules as a process has them. `since` grows from one set to the next. */
export function rulesOf(variant: RulesVariant, since: number): MatchingRules {
  const key = JSON.stringify(variant)
  const rules = known.get(key) ?? parse(variant)
  known.set(key, rules)
  return { rules, commit: commitOf(since), since, ...createMatcher(rules) }
}

export function commitOf(since: number): string {
  return `c0ffee${since}`
}

function parse(variant: RulesVariant): RuleSet {
  const parsed = parseRules([{ path: 'rules.yaml', text: yamlOf(variant) }])
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'))
  return parsed.rules
}

function yamlOf({ workspaces, pace, backfill }: RulesVariant): string {
  const from = `from: ${ACCOUNT}/${CONTAINER}`
  const rest = (rule: RuleName) => `to: [${workspaces[rule].join(', ')}]
    backfill: ${backfill}`
  const settle = (seconds: number, maxWaitSeconds: number) =>
    `settle: ${seconds * pace}s
    maxWait: ${maxWaitSeconds * pace}s`
  return `
workspaces:
  ml-one: { subscription: 00000000-0000-0000-0000-000000000001, resourceGroup: rg }
  ml-two: { subscription: 00000000-0000-0000-0000-000000000001, resourceGroup: rg }
  ml-three: { subscription: 00000000-0000-0000-0000-000000000002, resourceGroup: rg }
rules:
  - name: files
    ${from}
    match: files/{name}.csv
    asset: "{name}"
    tags: { team: files }
    ${rest('files')}
  - name: slow
    ${from}
    match: slow/{name}.csv
    asset: slow-{name}
    ${settle(45, 180)}
    tags: { team: slow }
    ${rest('slow')}
  - name: sales
    ${from}
    match: sales/{region}/dt={date}/*.parquet
    asset: sales-{region}
    type: uri_folder
    folder: sales/{region}
    ${settle(60, 300)}
    marker: _SUCCESS
    tags: { team: sales, region: "{region}" }
    ${rest('sales')}
  - name: logs
    ${from}
    match: logs/{day}/*.json
    asset: logs
    type: uri_folder
    ${settle(20, 120)}
    tags: { team: logs }
    ${rest('logs')}
  - name: multi
    ${from}
    match: multi/{group}-{part}.txt
    asset: multi-{group}
    tags: { team: multi }
    ${rest('multi')}
`
}

/** Some paths of each rule. */
export const PATHS: Record<RuleName, readonly string[]> = {
  files: ['files/orders.csv', 'files/stock.csv'],
  slow: ['slow/notes.csv', 'slow/plans.csv'],
  sales: [
    'sales/eu/dt=1/a.parquet',
    'sales/eu/dt=1/b.parquet',
    'sales/eu/dt=2/a.parquet',
    'sales/eu/dt=1/_SUCCESS',
    'sales/us/dt=1/a.parquet',
  ],
  logs: ['logs/mon/1.json', 'logs/mon/2.json', 'logs/tue/1.json', 'logs/wed/1.json'],
  multi: ['multi/x-1.txt', 'multi/x-2.txt', 'multi/x-3.txt', 'multi/y-1.txt'],
}
