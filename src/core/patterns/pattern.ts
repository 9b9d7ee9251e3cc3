/**
 * Patterns of paths: minimatch's, plus captures.
 *
 * A path is split at its slashes; every segment is opaque, `.`, `..` and the empty one included, and nothing is
 * folded. Matching is case-sensitive, dotfiles match like others, `!` and `#` at the start mean themselves, and a
 * backslash in a path is an ordinary character (in a pattern it escapes). `*` and `?` stay within a segment;
 * `**` alone in a segment is any number of segments, at the end at least one.
 *
 * `{name}` captures one or more characters within one segment. From the left to the right, each `*` and each
 * capture takes as much as it can, and each `**` as few segments as it can. Of several alternatives, the first
 * that matches counts; all of them must capture the same names.
 */
import { expandBraces, MAX_ALTERNATIVES } from './braces.ts'
import { capturesIn, PLACEHOLDER_END, PLACEHOLDER_START, replacePlaceholders } from './placeholders.ts'
import type { PatternProblem } from './problem.ts'
import { captureRow, createRow, type Row, rowSteps } from './row.ts'
import { ANY_SEGMENT, ANY_SEGMENTS, compileSegment, MAX_PATH_LENGTH, type Segment } from './segment.ts'
import { createSplitPath, type SplitPath, splitInto } from './split-path.ts'

export type { PatternProblem } from './problem.ts'

export const MAX_PATTERN_LENGTH = MAX_PATH_LENGTH
/** Parentheses, so also extglobs, which are worked on by recursion. */
export const MAX_PARENTHESES = 64
/**
 * Steps that one pattern may take with a path of 1,024 characters, whatever the path: most look at one character.
 * As many take about a tenth of a second.
 */
export const MAX_STEPS = 2 ** 24

export interface Pattern {
  /** The text that it was made from. */
  source: string
  /** In the order in which they first stand in the source, without duplicates. */
  captureNames: string[]
  /** Its alternatives, in their order. */
  rows: readonly Row[]
  /** So many steps a path of 1,024 characters takes at the most, see {@link MAX_STEPS}. */
  maxSteps: number
  /** What each capture takes; undefined: no match. */
  match(path: string): Record<string, string> | undefined
  /** The same, of a path that is split already. */
  matchSplit(path: SplitPath): Record<string, string> | undefined
}

const MAX_SHARED = 1000
const shared = new Map<string, Segment>()

/** Matching is never interrupted, so one will do for all patterns. */
const scratch = createSplitPath()

/** `maxAlternatives`: that its braces may make; fewer than usual where strangers give many patterns at once. */
export function compilePattern(text: string, maxAlternatives = MAX_ALTERNATIVES): Pattern | PatternProblem {
  const refusal = refusalOf(text)
  if (refusal !== undefined) return { problem: refusal }
  const expansion = expandBraces(text, maxAlternatives)
  if ('problem' in expansion) return expansion
  const differing = differingCaptures(expansion.alternatives, expansion.names)
  if (differing !== undefined) return { problem: differing }

  const rows: Row[] = []
  for (const alternative of expansion.alternatives) {
    const row = compileRow(alternative, expansion.names)
    if ('problem' in row) return row
    rows.push(row)
  }
  const maxSteps = rows.reduce((sum, row) => sum + rowSteps(row), 0)
  if (maxSteps > MAX_STEPS) return { problem: tooManySteps(maxSteps) }

  const matchSplit = (path: SplitPath) => matchRows(rows, path)
  const match = (path: string) => {
    splitInto(scratch, path)
    return matchRows(rows, scratch)
  }
  return { source: text, captureNames: [...new Set(expansion.names)], rows, maxSteps, match, matchSplit }
}

/** The pattern that matches `text` and nothing else. */
export function escapePattern(text: string): string {
  return text.replace(/[\\*?[\](){}]/g, '\\$&')
}

function refusalOf(text: string): string | undefined {
  if (text === '') return 'is empty; ** matches every path'
  if (!text.isWellFormed()) return 'holds half of a character (a lone surrogate)'
  if (text.length > MAX_PATTERN_LENGTH) return `is longer than ${MAX_PATTERN_LENGTH} characters`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) return 'holds a control character'
  if (text.split('(').length - 1 > MAX_PARENTHESES) return `holds more than ${MAX_PARENTHESES} parentheses`
  return undefined
}

/** Every alternative must capture each name once, or nobody could say which names a match has. */
function differingCaptures(alternatives: string[], names: string[]): string | undefined {
  for (const alternative of alternatives) {
    const captured = new Set<string>()
    for (const index of capturesIn(alternative)) {
      const name = names[index] as string
      if (captured.has(name)) return `captures {${name}} twice; give the second one a name of its own`
      captured.add(name)
    }
    const missing = names.find(name => !captured.has(name))
    if (missing !== undefined)
      return `captures {${missing}} in some of its choices only; capture it in each of them`
  }
  return undefined
}

function tooManySteps(steps: number): string {
  const inMillions = (count: number) => Math.round(count / 1e6).toLocaleString('en')
  return (
    `may take ${inMillions(steps)} million steps with a long path, more than ${inMillions(MAX_STEPS)} million; ` +
    'let it have fewer choices and wildcards, and no !(…) behind a wildcard or inside another one'
  )
}

function compileRow(alternative: string, names: string[]): Row | PatternProblem {
  const parts: Segment[] = []
  const texts = alternative.split('/')
  for (const [i, text] of texts.entries()) {
    if (text === '**') {
      // At the end at least one segment: any one, then any number.
      if (i === texts.length - 1) parts.push(ANY_SEGMENT)
      parts.push(ANY_SEGMENTS)
      continue
    }
    const segment = compileShared(text, names)
    if ('problem' in segment) return segment
    parts.push(segment)
  }
  return createRow(parts)
}

/** Many patterns have the same segments: `*.csv`, `dt={date}`. Sharing them saves time and memory. */
function compileShared(text: string, names: string[]): Segment | PatternProblem {
  const key = replacePlaceholders(text, index => `${PLACEHOLDER_START}${names[index]}${PLACEHOLDER_END}`)
  const known = shared.get(key)
  if (known !== undefined) return known
  const segment = compileSegment(text, names)
  if ('problem' in segment) return segment
  if (shared.size >= MAX_SHARED) shared.clear()
  shared.set(key, segment)
  return segment
}

function matchRows(rows: readonly Row[], path: SplitPath): Record<string, string> | undefined {
  for (const row of rows) {
    const captured = captureRow(row, path)
    if (captured !== undefined) return Object.fromEntries(captured)
  }
  return undefined
}
