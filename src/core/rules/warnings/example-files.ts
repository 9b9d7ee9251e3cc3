/**
 * Files that a rule would take, made up from its pattern. Guesses, each of them put to the rule itself: what is
 * answered is a file that it takes.
 */
import { createMatcher } from '../../matching.ts'
import type { Rule } from '../rule-set.ts'
import { type BuiltInName, isBuiltInName, type TemplatePart } from '../template.ts'
import { GLOBSTAR, type GlobRow, type GlobSegment, readGlob } from './glob.ts'

export interface ExampleFile {
  path: string
  asset: string
}

/** What stands for a capture or a wildcard that may be anything. */
const ANYTHING = 'x'
const MAX_EXAMPLES = 10

export interface RuleExamples {
  rule: Rule
  /** Some files of the rule, with the assets that they make. */
  files(): readonly ExampleFile[]
  /** The asset that the rule makes of the path; undefined: none. */
  assetOf(path: string): string | undefined
  /** A file of which the rule makes this asset, if one is easily found. */
  fileOf(asset: string): string | undefined
}

/** How many guesses may still be made, by all rules together. */
export interface Budget {
  guesses: number
}

/** For rules all of whose names are known. Where the budget is spent, nothing more is found. */
export function createRuleExamples(rule: Rule, budget: Budget): RuleExamples {
  const matcher = createMatcher({ rules: [rule] })
  let files: ExampleFile[] | undefined
  let rows: GlobRow[] | undefined
  const assetOf = (path: string) => {
    const [match] = matcher.match({ account: rule.account, container: rule.container, path })
    return match?.role === 'data' ? match.asset : undefined
  }
  /** The files that are wanted, of those that the values make; no more than a few. */
  const tried = (values: Record<string, string>[], isWanted: (file: ExampleFile) => boolean) => {
    const found: ExampleFile[] = []
    rows ??= (readGlob(rule.match.source) ?? []).slice(0, MAX_EXAMPLES)
    for (const path of values.flatMap(it => pathsOf(rows ?? [], it))) {
      if (found.length === MAX_EXAMPLES || --budget.guesses < 0) break
      const asset = assetOf(path)
      if (asset !== undefined && isWanted({ path, asset })) found.push({ path, asset })
    }
    return found
  }
  return {
    rule,
    assetOf,
    files: () => {
      files ??= tried(conditionedValues(rule), () => true)
      return files
    },
    fileOf: asset => {
      const solved = solve(rule, asset)
      if (solved === undefined) return undefined
      const values = conditionedValues(rule).map(it => ({ ...it, ...solved }))
      return tried(values, it => it.asset === asset)[0]?.path
    },
  }
}

/** The captures' values that `where` names, in all combinations up to the limit. */
function conditionedValues(rule: Rule): Record<string, string>[] {
  let all: Record<string, string>[] = [{}]
  for (const [capture, globs] of Object.entries(rule.where)) {
    const samples = globs.slice(0, MAX_EXAMPLES).flatMap(({ source }) => readGlob(source) ?? [])
    const values = samples.slice(0, MAX_EXAMPLES).map(([segment]) => sampleOf(segment, {}))
    all = values.flatMap(value => all.map(it => ({ ...it, [capture]: value }))).slice(0, MAX_EXAMPLES)
  }
  return all
}

/** Values of the asset's names that render it: each name takes as little as it can. */
function solve(rule: Rule, asset: string): Record<string, string> | undefined {
  const values: Record<string, string> = {}
  let at = 0
  const { parts } = rule.asset
  for (const [i, part] of parts.entries()) {
    if ('text' in part) {
      const text = toNameCharacters(part.text)
      if (!asset.startsWith(text, at)) return undefined
      at += text.length
      continue
    }
    const end = endOfName(parts, i, asset, at)
    if (end <= at) return undefined
    const value = asset.slice(at, end)
    if (Object.hasOwn(values, part.name) && values[part.name] !== value) return undefined
    values[part.name] = value
    at = end
  }
  return at === asset.length ? values : undefined
}

/** Where the name at `parts[i]`, which begins at `at`, ends: -1, or no further than `at`, where it cannot. */
function endOfName(parts: readonly TemplatePart[], i: number, asset: string, at: number): number {
  const next = parts[i + 1]
  if (next === undefined) return asset.length
  if (!('text' in next)) return at + 1
  const text = toNameCharacters(next.text)
  const isLast = i + 2 === parts.length
  return isLast ? asset.length - text.length : asset.indexOf(text, at + 1)
}

function toNameCharacters(text: string): string {
  return text.replace(/[^a-zA-Z0-9_-]/gu, '-')
}

/** Paths that might match with the names standing for these values. */
function pathsOf(rows: readonly GlobRow[], values: Record<string, string>): string[] {
  const builtIn = Object.fromEntries(Object.entries(values).filter(([name]) => isBuiltInName(name)))
  return rows.flatMap(row => {
    const segments = row.flatMap(part => (part === GLOBSTAR ? [] : [sampleOf(part, values)]))
    const folder = segments.slice(0, -1)
    return fileNames(row, segments.at(-1) ?? ANYTHING, builtIn).map(name => [...folder, name].join('/'))
  })
}

function fileNames(row: GlobRow, sample: string, builtIn: { [K in BuiltInName]?: string }): string[] {
  const { file, stem, ext } = builtIn
  if (file !== undefined) return [file]
  if (stem === undefined && ext === undefined) return [sample]
  const last = row.at(-1)
  const text = typeof last === 'object' ? last.text : ''
  const endings = ext === undefined ? [text.slice(text.lastIndexOf('.') + 1), 'csv'] : [ext]
  const name = stem ?? (sample.includes('.') ? sample.slice(0, sample.lastIndexOf('.')) : sample)
  return [...endings.map(ending => `${name}.${ending}`), name]
}

function sampleOf(part: GlobRow[number] | undefined, values: Record<string, string>): string {
  if (typeof part !== 'object') return ANYTHING
  const { items } = part
  if (items === undefined) return sampleOfText(part, values)
  return items
    .map(item => {
      if (item.kind === 'literal') return item.character
      return item.kind === 'capture' ? (values[item.name] ?? ANYTHING) : ANYTHING
    })
    .join('')
}

/** Of each class its first character, of each extglob its first choice. */
function sampleOfText({ text }: GlobSegment, values: Record<string, string>): string {
  return text
    .replace(/\[([^\]!^])[^\]]*\]/g, '$1')
    .replace(/[@+?*]\(([^()|]*)[^()]*\)/g, '$1')
    .replace(
      /\\([\s\S])|\{(\w+)\}|[*?]/g,
      (_, escaped?: string, name?: string) =>
        escaped ?? (name === undefined ? ANYTHING : (values[name] ?? ANYTHING)),
    )
}
