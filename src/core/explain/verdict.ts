/** What one rule says to one file: that it matches, or the first of its conditions that does not hold. */

import { toIntent } from '../asset/to-intent.ts'
import type { BlobRef } from '../blob-ref.ts'
import type { Match } from '../matching.ts'
import { isLegalDataPath } from '../naming.ts'
import type { AssetType, Rule, RuleSet } from '../rules/rule-set.ts'
import { compareMisses, findPatternMiss, type PatternMiss, type SegmentTests } from './pattern-miss.ts'

export interface Verdict {
  rule: string
  /** Where the rule stands. */
  file: string
  line: number
  result: Result
}

export type Result =
  | {
      kind: 'matched'
      /** A marker is no data: it closes what has gathered. */
      role: 'data' | 'marker'
      captures: Record<string, string>
      asset: string
      /** What a version points to, in the container; '' is its root. */
      dataPath: string
      /** The ledger's key of the data path. */
      target: string
      type: AssetType
      /** Aliases. */
      workspaces: string[]
      description: string | undefined
      tags: Record<string, string>
    }
  /** It matches, and cannot become an asset. */
  | {
      kind: 'refused'
      condition: 'asset' | 'path' | 'text'
      captures: Record<string, string>
      reason: string
    }
  | { kind: 'missed'; condition: 'container' }
  /** `miss` undefined: which segment it is could not be told within the limits. */
  | {
      kind: 'missed'
      condition: 'pattern'
      pattern: string
      isMarker: boolean
      miss: PatternMiss | undefined
    }
  | { kind: 'missed'; condition: 'ignore'; captures: Record<string, string>; glob: string }
  | {
      kind: 'missed'
      condition: 'where'
      captures: Record<string, string>
      capture: string
      value: string
      globs: string[]
    }

/** `match` is what the matcher made of the rule and the file; undefined: nothing. */
export function toVerdict(
  rule: Rule,
  ref: BlobRef,
  match: Match | undefined,
  rules: RuleSet,
  tests: SegmentTests,
): Verdict {
  const { file, line } = rule.origin
  const result = match === undefined ? missedResult(rule, ref, tests) : matchedResult(ref, match, rules)
  return { rule: rule.name, file, line, result }
}

function matchedResult(ref: BlobRef, match: Match, rules: RuleSet): Result {
  const { rule, role, captures, dataPath, description, tags } = match
  const made = toIntent({ ref, content: undefined, sequencer: undefined }, match, {
    rules,
    commit: undefined,
  })
  if ('refused' in made) {
    return { kind: 'refused', condition: refusedCondition(match), captures, reason: made.refused }
  }
  const { asset, intent } = made
  const { type, workspaces } = rule
  const { target } = intent
  return { kind: 'matched', role, captures, asset, dataPath, target, type, workspaces, description, tags }
}

function refusedCondition({ asset, dataPath }: Match): 'asset' | 'path' | 'text' {
  if (asset === undefined) return 'asset'
  return isLegalDataPath(dataPath).ok ? 'text' : 'path'
}

function missedResult(rule: Rule, ref: BlobRef, tests: SegmentTests): Result {
  if (rule.account !== ref.account || rule.container !== ref.container) {
    return { kind: 'missed', condition: 'container' }
  }
  const captures = capturesOf(rule, ref.path)
  if (captures === undefined) return patternResult(rule, ref.path, tests)
  const ignore = rule.ignore.find(glob => glob.match(ref.path) !== undefined)
  if (ignore !== undefined) return { kind: 'missed', condition: 'ignore', captures, glob: ignore.source }
  for (const [capture, globs] of Object.entries(rule.where)) {
    const value = Object.hasOwn(captures, capture) ? captures[capture] : undefined
    if (value === undefined || globs.some(glob => glob.match(value) !== undefined)) continue
    const sources = globs.map(glob => glob.source)
    return { kind: 'missed', condition: 'where', captures, capture, value, globs: sources }
  }
  throw new Error(`rule ${rule.name} matches ${ref.path} by each of its conditions, and not as a whole`)
}

/** A marker's place counts before the pattern, as for the matcher. */
function capturesOf(rule: Rule, path: string): Record<string, string> | undefined {
  for (const pattern of [...(rule.marker?.patterns ?? []), rule.match]) {
    const captures = pattern.match(path)
    if (captures !== undefined) return captures
  }
  return undefined
}

/** A file of the marker's name is measured by the marker's places too. */
function patternResult(rule: Rule, path: string, tests: SegmentTests): Result {
  const isMarkerName = rule.marker?.name === path.slice(path.lastIndexOf('/') + 1)
  const patterns = [
    { pattern: rule.match, isMarker: false },
    ...(isMarkerName ? (rule.marker?.patterns ?? []) : []).map(pattern => ({ pattern, isMarker: true })),
  ]
  const [first, ...others] = patterns.map(it => ({ ...it, miss: findPatternMiss(it.pattern, path, tests) }))
  let best = first as (typeof others)[0]
  for (const other of others) {
    const isBetter = other.miss && (!best.miss || compareMisses(other.miss, best.miss) < 0)
    if (isBetter) best = other
  }
  const { pattern, isMarker, miss } = best
  return { kind: 'missed', condition: 'pattern', pattern: pattern.source, isMarker, miss }
}
