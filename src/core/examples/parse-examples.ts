import type { BlobRef } from '../blob-ref.ts'
import { parseFields } from '../rules/fields.ts'
import { kindOf } from '../rules/kind.ts'
import { MAX_LIST_LENGTH } from '../rules/limits.ts'
import { type Problem, sortProblems } from '../rules/problem.ts'
import { createReporter, type Place, type Reporter, within } from '../rules/report.ts'
import type { AssetType, RuleSet } from '../rules/rule-set.ts'
import { parseContainer } from '../rules/schema.ts'
import { didYouMean } from '../rules/suggestion.ts'
import { parseYaml } from '../rules/yaml-tree.ts'
import { isDirectoryName } from '../storage-events.ts'
import { exampleShape, expectationShape, MAX_EXAMPLES, NO_MATCH, topShape } from './schema.ts'

/** One file, and what the rules are to make of it. */
export interface Example {
  name: string | undefined
  ref: BlobRef
  /** None: no rule is to take the file. */
  expected: Expectation[]
  /** Where its file is named. */
  place: Place
}

/** Only what is given is compared. */
export interface Expectation {
  asset: string
  rule: string | undefined
  type: AssetType | undefined
  /** Aliases. */
  workspaces: string[] | undefined
  folder: string | undefined
  role: 'data' | 'marker' | undefined
  description: string | undefined
  tags: Record<string, string> | undefined
  place: Place
}

const EXPECTED = `"${NO_MATCH}", or a list of assets such as [{ asset: sales-eu }]`

/** The examples of all files, and every problem in them: names that the rules do not have are problems too. */
export function parseExamples(
  files: readonly { path: string; text: string }[],
  rules: RuleSet,
): { examples: Example[]; problems: Problem[] } {
  const report = createReporter()
  const problems: Problem[] = []
  const examples: Example[] = []
  for (const { path, text } of files) {
    const yaml = parseYaml(path, text)
    problems.push(...yaml.problems)
    const { tree } = yaml
    if (tree === undefined || tree.value === null) continue
    const tests = parseFields(topShape, tree.value, { tree, path: [] }, report)?.tests
    const list: Place = { tree, path: ['tests'] }
    if (tests === undefined || tests === null) continue
    if (!Array.isArray(tests)) {
      report.value(
        list,
        `expected a list of examples, found ${kindOf(tests)}; begin every one with "- file: "`,
      )
      continue
    }
    if (examples.length + tests.length > MAX_EXAMPLES) {
      report.value(list, `more than ${MAX_EXAMPLES} examples; take some away`)
      break
    }
    for (const [i, raw] of tests.entries()) {
      const example = parseExample(raw, within(list, i), rules, report)
      if (example) examples.push(example)
    }
  }
  return { examples, problems: sortProblems([...problems, ...report.problems]) }
}

function parseExample(raw: unknown, place: Place, rules: RuleSet, report: Reporter): Example | undefined {
  const fields = parseFields(exampleShape, raw, place, report)
  if (fields === undefined) return undefined
  const ref = fields.file === undefined ? undefined : parseFile(fields.file, within(place, 'file'), report)
  const expected = parseExpected(fields.expect, within(place, 'expect'), rules, report)
  if (ref === undefined || expected === undefined) return undefined
  return { name: fields.name, ref, expected, place: within(place, 'file') }
}

function parseFile(file: string, place: Place, report: Reporter): BlobRef | undefined {
  const [account = '', container = '', ...segments] = file.split('/')
  const path = segments.join('/')
  const parsed = parseContainer(`${account}/${container}`)
  if (path !== '' && isDirectoryName(path)) {
    report.value(place, `${file} is the name of a directory, which no rule takes; name a file`)
    return undefined
  }
  if (!('problem' in parsed) && path !== '') return { ...parsed, path }
  const reason = 'problem' in parsed && container !== '' && path !== '' ? parsed.problem : undefined
  report.value(
    place,
    reason ?? `${file} is not account/container/path, as in contosolake/silver/sales/eu/a.csv`,
  )
  return undefined
}

function parseExpected(
  raw: unknown,
  place: Place,
  rules: RuleSet,
  report: Reporter,
): Expectation[] | undefined {
  if (raw === NO_MATCH) return []
  if (typeof raw === 'string') {
    const { hint, suggestion } = didYouMean(raw, [NO_MATCH])
    report.value(place, `"${raw}" is not known; ${hint}expected ${EXPECTED}`, suggestion)
    return undefined
  }
  if (typeof raw !== 'object' || raw === null) {
    report.value(
      place,
      raw === undefined ? `missing; expected ${EXPECTED}` : `expected ${EXPECTED}, found ${kindOf(raw)}`,
    )
    return undefined
  }
  const items: unknown[] = Array.isArray(raw) ? raw : [raw]
  if (items.length === 0) report.value(place, `is empty; write ${NO_MATCH}`)
  if (items.length > MAX_LIST_LENGTH) report.value(place, `has more than ${MAX_LIST_LENGTH} entries`)
  const parsed = items
    .slice(0, MAX_LIST_LENGTH)
    .map((item, i) => parseExpectation(item, Array.isArray(raw) ? within(place, i) : place, rules, report))
  return parsed.length > 0 && parsed.every(it => it !== undefined) ? parsed : undefined
}

function parseExpectation(
  raw: unknown,
  place: Place,
  { rules, workspaces }: RuleSet,
  report: Reporter,
): Expectation | undefined {
  const fields = parseFields(expectationShape, raw, place, report)
  if (fields === undefined) return undefined
  const names = rules.map(it => it.name)
  if (fields.rule !== undefined && !names.includes(fields.rule)) {
    const { hint, suggestion } = didYouMean(fields.rule, names)
    report.value(
      within(place, 'rule'),
      `there is no rule ${fields.rule}; ${hint || 'name one of the rules'}`,
      suggestion,
    )
  }
  for (const [i, alias] of (fields.workspaces ?? []).entries()) {
    if (workspaces.has(alias)) continue
    const { hint, suggestion } = didYouMean(alias, [...workspaces.keys()])
    const message = `${alias} is not a workspace; ${hint || 'name workspaces by their alias, not groups'}`
    report.value(within(place, 'workspaces', i), message, suggestion)
  }
  const { asset, folder } = fields
  if (asset === undefined) return undefined
  return { ...fields, asset, folder: folder?.replace(/\/$/, ''), place }
}
