import type { BlobRef } from './blob-ref.ts'
import { createCandidates } from './matching/candidates.ts'
import { toAssetName } from './naming.ts'
import type { SplitPath } from './patterns/split-path.ts'
import { MAX_DESCRIPTION_LENGTH, MAX_TAG_VALUE_LENGTH } from './rules/limits.ts'
import type { Rule, RuleSet } from './rules/rule-set.ts'
import { builtinValues, type Template } from './rules/template.ts'

/** What one rule makes of one file. */
export interface Match {
  rule: Rule
  /** A marker is no data: it closes what has gathered. */
  role: 'data' | 'marker'
  captures: Record<string, string>
  /** The asset's name before it was made legal. */
  assetText: string
  /** Undefined: Azure ML would refuse it, and nothing legal remains of it. */
  asset: string | undefined
  /** What a version points to: the file, or the folder without a slash at its end ('' is the container's root). */
  dataPath: string
  description: string | undefined
  /** Of a marker, only those tags, and only that description, for which it tells the captures. */
  tags: Record<string, string>
}

export interface Matcher {
  /** One match for each rule that wants the file, in the order of the rules. */
  match(ref: BlobRef): Match[]
  /** Whether any rule names the container. */
  watches(account: string, container: string): boolean
}

export function createMatcher({ rules }: Pick<RuleSet, 'rules'>): Matcher {
  const candidates = createCandidates(rules)
  return {
    match(ref) {
      const matches: Match[] = []
      for (const i of candidates.of(ref)) {
        const match = matchRule(rules[i] as Rule, ref, candidates.path)
        if (match !== undefined) matches.push(match)
      }
      return matches
    },
    watches: candidates.watches,
  }
}

function matchRule(rule: Rule, ref: BlobRef, path: SplitPath): Match | undefined {
  const marker = firstMatch(rule.marker?.patterns ?? [], path)
  const captures = marker ?? rule.match.matchSplit(path)
  if (captures === undefined || !isWanted(rule, captures)) return undefined
  if (firstMatch(rule.ignore, path) !== undefined) return undefined

  const builtin = builtinValues(ref)
  const values = { ...builtin, ...captures }
  const assetText = rule.asset.render(values)
  return {
    rule,
    role: marker === undefined ? 'data' : 'marker',
    captures,
    assetText,
    asset: toAssetName(assetText),
    dataPath: rule.type === 'uri_file' ? ref.path : (rule.folder?.render(values) ?? builtin.folder),
    description: renderBounded(rule.description, values, MAX_DESCRIPTION_LENGTH),
    tags: renderTags(rule.tags, values),
  }
}

/** A capture that the marker's place does not tell is not asked for. */
function isWanted(rule: Rule, captures: Record<string, string>): boolean {
  return Object.entries(rule.where).every(([name, globs]) => {
    const value = Object.hasOwn(captures, name) ? captures[name] : undefined
    return value === undefined || globs.some(glob => glob.match(value) !== undefined)
  })
}

function firstMatch(patterns: Rule['ignore'], path: SplitPath): Record<string, string> | undefined {
  for (const pattern of patterns) {
    const captures = pattern.matchSplit(path)
    if (captures) return captures
  }
  return undefined
}

function renderTags(tags: Rule['tags'], values: Record<string, string>): Record<string, string> {
  const rendered: [string, string][] = []
  for (const [key, template] of Object.entries(tags)) {
    const value = renderBounded(template, values, MAX_TAG_VALUE_LENGTH)
    if (value !== undefined) rendered.push([key, value])
  }
  return Object.fromEntries(rendered)
}

function renderBounded(
  template: Template | undefined,
  values: Record<string, string>,
  maxLength: number,
): string | undefined {
  if (template === undefined || !template.names.every(name => Object.hasOwn(values, name))) return undefined
  const text = template.render(values)
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).toWellFormed()}…`
}
