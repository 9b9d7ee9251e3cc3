/** Which rules with operators watch what a request is about: they decide who may ask for it. */
import { compilePattern, type Pattern } from '../patterns/pattern.ts'
import { literalFolder } from '../rules/backfill.ts'
import type { AssetType, Rule } from '../rules/rule-set.ts'
import { covers } from '../rules/warnings/coverage.ts'
import {
  ANY_SEGMENT,
  GLOBSTAR,
  type GlobRow,
  type GlobSegment,
  literalOf,
  readGlob,
} from '../rules/warnings/glob.ts'
import { everythingIn } from './dataset-path.ts'

/** What versions point to: a file, or a folder with all that lies in it; '' is the container's root. */
export interface Ground {
  account: string
  container: string
  type: AssetType
  path: string
}

/** Pairs of segments that one comparison looks at; beyond that the patterns are taken to meet. */
const MAX_PAIRS = 10_000

/** The rules with operators that may match a file of this ground. A no is certain, a yes may be a mere suspicion. */
export function keepersOf({ account, container, type, path }: Ground, rules: readonly Rule[]): Rule[] {
  const watching = rules.filter(
    rule => rule.operators.length > 0 && rule.account === account && rule.container === container,
  )
  if (type === 'uri_file') return watching.filter(({ match }) => match.match(path) !== undefined)
  const ground = readGlob(everythingIn(path))
  return watching.filter(({ match }) => {
    if (!isOnOneWay(literalFolder(match.source), path)) return false
    const rows = rowsOf(match)
    if (rows === undefined || ground === undefined) return true
    return rows.some(row => ground.some(other => mayMeet(row, other)))
  })
}

/**
 * Whether every file of the pattern is one that the rule matches. A yes is certain, but for captures: `{month}.csv` is
 * taken to hold `*.csv`, although a file `.csv` tells no month.
 */
export function isWithin(rule: Rule, pattern: string): boolean {
  // What its captures must be narrows the rule down in ways that are not compared.
  if (Object.keys(rule.where).length > 0) return false
  const source = rule.match.source.replace(/\\[\s\S]|\{\w+\}/g, part => (part.startsWith('{') ? '*' : part))
  const broad = readGlob(source)
  const narrow = readGlob(pattern)
  return broad !== undefined && narrow !== undefined && covers(broad, narrow)
}

/** Whether the rule, with all its conditions, matches this one file. */
export function isFileWithin({ match, where }: Rule, path: string): boolean {
  const captures = match.match(path)
  if (captures === undefined) return false
  return Object.entries(where).every(([name, globs]) =>
    globs.some(glob => glob.match(captures[name] ?? '') !== undefined),
  )
}

/** A request is compared with the same rules time and again. */
const known = new WeakMap<Pattern, { rows: GlobRow[] | undefined }>()

function rowsOf(pattern: Pattern): GlobRow[] | undefined {
  const { rows } = known.get(pattern) ?? { rows: readGlob(pattern.source) }
  known.set(pattern, { rows })
  return rows
}

/** Whether one of two folders is the other or lies in it. */
function isOnOneWay(one: string, other: string): boolean {
  return isInside(one, other) || isInside(other, one)
}

function isInside(folder: string, outer: string): boolean {
  return outer === '' || folder === outer || folder.startsWith(`${outer}/`)
}

/** Whether one path may match both. */
function mayMeet(a: GlobRow, b: GlobRow): boolean {
  if (a.length * b.length > MAX_PAIRS) return true
  const width = b.length + 1
  // Pairs of positions that were looked at: no way leads on from them, or it would have been taken.
  const seen = new Set<number>()
  const open = [0]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    const i = Math.floor(at / width)
    const j = at % width
    if (i === a.length && j === b.length) return true
    const one = a[i]
    const other = b[j]
    if (one === GLOBSTAR) open.push((i + 1) * width + j)
    if (other === GLOBSTAR) open.push(i * width + j + 1)
    if (one === undefined || other === undefined) continue
    if (one === GLOBSTAR && other !== GLOBSTAR) open.push(i * width + j + 1)
    if (other === GLOBSTAR && one !== GLOBSTAR) open.push((i + 1) * width + j)
    if (segmentsMayMeet(one, other)) open.push((i + 1) * width + j + 1)
  }
  return false
}

function segmentsMayMeet(one: GlobRow[number], other: GlobRow[number]): boolean {
  if (one === GLOBSTAR || other === GLOBSTAR) return false
  if (one === ANY_SEGMENT || other === ANY_SEGMENT) return true
  const text = literalOf(one)
  const otherText = literalOf(other)
  if (text !== undefined && otherText !== undefined) return text === otherText
  if (text !== undefined) return matches(other, text)
  return otherText === undefined || matches(one, otherText)
}

const compiled = new WeakMap<GlobSegment, ReturnType<typeof compilePattern>>()

function matches(segment: GlobSegment, text: string): boolean {
  const pattern = compiled.get(segment) ?? compilePattern(segment.text)
  compiled.set(segment, pattern)
  return 'problem' in pattern || pattern.match(text) !== undefined
}
