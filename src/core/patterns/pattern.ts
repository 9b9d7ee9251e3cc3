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
import { expandBraces } from './braces.ts'
import type { Captured } from './capturing-segment.ts'
import { capturesIn } from './placeholders.ts'
import type { PatternProblem } from './problem.ts'
import { ANY_SEGMENT, compileSegment, GLOBSTAR, type Segment } from './segment.ts'

export type { PatternProblem } from './problem.ts'

/** The longest blob name that Azure Storage takes. */
export const MAX_PATTERN_LENGTH = 1024
/** Parentheses, so also extglobs: minimatch's engine recurses into them. */
export const MAX_PARENTHESES = 64

export interface Pattern {
  /** The text that it was made from. */
  source: string
  /** In the order in which they first stand in the source, without duplicates. */
  captureNames: string[]
  /** What each capture takes; undefined: no match. */
  match(path: string): Record<string, string> | undefined
}

type Row = (Segment | typeof GLOBSTAR)[]

export function compilePattern(text: string): Pattern | PatternProblem {
  const refusal = refusalOf(text)
  if (refusal !== undefined) return { problem: refusal }
  const expansion = expandBraces(text)
  if ('problem' in expansion) return expansion
  const differing = differingCaptures(expansion.alternatives, expansion.names)
  if (differing !== undefined) return { problem: differing }

  const rows: Row[] = []
  const known = new Map<string, Segment>()
  for (const alternative of expansion.alternatives) {
    const row = compileRow(alternative, expansion.names, known)
    if ('problem' in row) return row
    rows.push(row)
  }
  return { source: text, captureNames: [...new Set(expansion.names)], match: path => matchRows(rows, path) }
}

/** The pattern that matches `text` and nothing else. */
export function escapePattern(text: string): string {
  return text.replace(/[\\*?[\](){}]/g, '\\$&')
}

function refusalOf(text: string): string | undefined {
  if (text === '') return 'is empty; ** matches every path'
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

function compileRow(alternative: string, names: string[], known: Map<string, Segment>): Row | PatternProblem {
  const row: Row = []
  const texts = alternative.split('/')
  for (const [i, text] of texts.entries()) {
    if (text === '**') {
      // At the end at least one segment: any one, then any number.
      if (i === texts.length - 1) row.push(ANY_SEGMENT)
      row.push(GLOBSTAR)
      continue
    }
    const segment = known.get(text) ?? compileSegment(text, names)
    if ('problem' in segment) return segment
    known.set(text, segment)
    row.push(segment)
  }
  return row
}

function matchRows(rows: Row[], path: string): Record<string, string> | undefined {
  const segments = path.split('/')
  for (const row of rows) {
    const captured = matchRow(row, segments)
    if (captured) return Object.fromEntries(captured.flat())
  }
  return undefined
}

/**
 * Each `**` takes as few segments as it can; where the rest then fails, only the last one has to take more, as
 * whatever an earlier one could still reach, the last one reaches too. So the work is at most row × segments.
 */
function matchRow(row: Row, segments: string[]): Captured[] | undefined {
  const captured: Captured[] = []
  let at = 0
  let segment = 0
  let lastGlobstar = -1
  let resumeAt = 0

  while (segment < segments.length) {
    const part = row[at]
    if (part === GLOBSTAR) {
      if (at === row.length - 1) return captured
      lastGlobstar = at++
      resumeAt = segment
      continue
    }
    const taken = part?.match(segments[segment] as string)
    if (taken) {
      captured[at++] = taken
      segment++
    } else if (lastGlobstar >= 0) {
      at = lastGlobstar + 1
      segment = ++resumeAt
    } else return undefined
  }
  while (row[at] === GLOBSTAR) at++
  return at === row.length ? captured : undefined
}
