import { type Cloud, PUBLIC_CLOUD } from '../clouds.ts'
import { compileRule } from './compile-rule.ts'
import { checkDatastoreNames, checkRuleNames, checkSharedAssets } from './cross-checks.ts'
import {
  type Defined,
  defineDatastores,
  defineTargets,
  defineWorkspaces,
  type Section,
} from './definitions.ts'
import { parseFields } from './fields.ts'
import { kindOf } from './kind.ts'
import { MAX_ALTERNATIVES_IN_ALL, MAX_FILES, MAX_RULES } from './limits.ts'
import { type Problem, sortProblems } from './problem.ts'
import { createReporter, type Reporter, within } from './report.ts'
import type { Rule, RuleSet } from './rule-set.ts'
import { topShape } from './schema.ts'
import { warnOfRules } from './warnings/warn-of-rules.ts'
import { parseYaml, type YamlTree } from './yaml-tree.ts'

/** What is told of one file; with more, something fundamental is wrong with it. */
const MAX_PROBLEMS_PER_FILE = 50

export type ParsedRules =
  | { ok: true; rules: RuleSet; warnings: Problem[] }
  | { ok: false; problems: Problem[]; warnings: Problem[] }

/**
 * The rule set that the files make together, or every problem in any of them, by file and place.
 * `path` is what the problems call the file; nothing is read. Secrets must lie in vaults of `cloud`.
 */
export function parseRules(
  files: readonly { path: string; text: string }[],
  { cloud = PUBLIC_CLOUD }: { cloud?: Cloud } = {},
): ParsedRules {
  const named = files.map(file => file.path)
  if (files.length > MAX_FILES) {
    return refused(named[MAX_FILES], `more than ${MAX_FILES} rule files; join some of them`)
  }
  // A hostile file has more problems than a call takes arguments.
  let problems: Problem[] = []
  const trees: YamlTree[] = []
  for (const { path, text } of files) {
    const yaml = parseYaml(path, text)
    problems = problems.concat(yaml.problems)
    if (yaml.tree) trees.push(yaml.tree)
  }

  const report = createReporter()
  const rules = compileFiles(trees, problems.length === 0, cloud, report)
  problems = problems.concat(without(report.problems, problems))
  const warnings = bounded(sortProblems(report.warnings), 'warnings')
  if (problems.length > 0)
    return { ok: false, problems: bounded(sortProblems(problems), 'problems'), warnings }
  if (rules.rules.length === 0) {
    return files.length === 0
      ? refused(undefined, 'there are no rule files; write one, *.yaml, with a list under rules')
      : refused(named[0], `no rules found in ${listed(named)}; add one under rules`)
  }
  return { ok: true, rules, warnings }
}

function compileFiles(trees: YamlTree[], areAllReadable: boolean, cloud: Cloud, report: Reporter): RuleSet {
  const sections = { workspaces: [], groups: [], datastores: [], rules: [] } as Record<string, Section[]>
  for (const tree of trees) {
    if (tree.value === null) continue
    const top = parseFields(topShape, tree.value, { tree, path: [] }, report)
    for (const [name, raw] of Object.entries(top ?? {})) {
      sections[name]?.push({ raw, place: { tree, path: [name] } })
    }
  }
  const {
    workspaces: ofWorkspaces = [],
    groups = [],
    datastores: ofDatastores = [],
    rules: ofRules = [],
  } = sections

  const workspaces = defineWorkspaces(ofWorkspaces, cloud, report)
  const isComplete = areAllReadable && [...ofWorkspaces, ...groups].every(({ raw }) => isMapOrNothing(raw))
  const targets = defineTargets(workspaces, groups, isComplete, report)
  const datastores = defineDatastores(ofDatastores, cloud, report)
  const rules = compileRules(ofRules, targets, report)
  checkRuleNames(rules, report)
  checkDatastoreNames(datastores, rules, report)
  checkSharedAssets(rules, report)
  const known = valuesOf(workspaces)
  warnOfRules(rules, known, report)
  return {
    cloud,
    rules: rules.map(it => it.value),
    workspaces: known,
    datastores: valuesOf(datastores),
  }
}

function compileRules(
  sections: Section[],
  targets: Parameters<typeof compileRule>[2],
  report: Reporter,
): Defined<Rule>[] {
  const rules: Defined<Rule>[] = []
  let count = 0
  let alternatives = 0
  for (const { raw, place: list } of sections) {
    if (raw === undefined || raw === null) continue
    if (!Array.isArray(raw)) {
      report.value(list, `expected a list of rules, found ${kindOf(raw)}; begin every rule with "- name: "`)
      continue
    }
    for (const [i, item] of raw.entries()) {
      const place = within(list, i)
      if (++count > MAX_RULES) {
        report.value(place, `more than ${MAX_RULES} rules; join some of them`)
        return rules
      }
      const rule = compileRule(item, place, targets, report)
      if (rule === undefined) continue
      alternatives += rule.match.rows.length
      if (alternatives > MAX_ALTERNATIVES_IN_ALL) {
        report.value(
          place,
          `all rules up to here have more than ${MAX_ALTERNATIVES_IN_ALL} brace alternatives; use captures or * for some of them`,
        )
        return rules
      }
      rules.push({ value: rule, place })
    }
  }
  return rules
}

/** Otherwise nobody knows what it would have defined. */
function isMapOrNothing(raw: unknown): boolean {
  return raw === undefined || (typeof raw === 'object' && !Array.isArray(raw))
}

function valuesOf<T>(defined: Map<string, Defined<T>>): Map<string, T> {
  return new Map([...defined].map(([key, { value }]) => [key, value]))
}

/** What is told of a place as YAML is not told again as a value that is missing there. */
function without(problems: Problem[], known: Problem[]): Problem[] {
  const toPlace = ({ file, line, column }: Problem) => `${file}:${line}:${column}`
  const places = new Set(known.map(toPlace))
  return problems.filter(problem => !places.has(toPlace(problem)))
}

function bounded(problems: Problem[], things: 'problems' | 'warnings'): Problem[] {
  const byFile = Map.groupBy(problems, problem => problem.file)
  return [...byFile.values()].flatMap(ofFile => {
    const [told, rest] = [ofFile.slice(0, MAX_PROBLEMS_PER_FILE), ofFile.slice(MAX_PROBLEMS_PER_FILE)]
    const first = rest[0]
    if (first === undefined) return told
    const { file, line, column } = first
    return [...told, { file, line, column, message: `and ${rest.length} more ${things} from here on` }]
  })
}

function refused(file = 'rules', message: string): ParsedRules {
  return { ok: false, problems: [{ file, line: 1, column: 1, message }], warnings: [] }
}

function listed(files: string[], max = 5): string {
  const more = files.length > max ? ` and ${files.length - max} more files` : ''
  return files.slice(0, max).join(', ') + more
}
