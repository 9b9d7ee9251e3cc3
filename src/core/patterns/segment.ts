/** One segment of a pattern (what stands between two slashes), for one segment of a path. */
import { type Automaton, accepts, compileAutomaton, stepsOf } from './automaton.ts'
import { type Captured, type CapturingItem, capture, captureStepsOf, toCapturing } from './captures.ts'
import type { PatternProblem } from './problem.ts'
import { type Item, parseSegment } from './segment-items.ts'
import { endOfSegment, hashOf, type SplitPath, startOfSegment } from './split-path.ts'
import { isPlain, matchesWildcards, sizeOf, standsAt, type Wildcard } from './wildcards.ts'

/** Numbers rather than names: every path meets them. */
export const GLOBSTAR = 0
const ANYTHING = 1
export const LITERAL = 2
/** One star or one capture, and what stands around it. */
const STAR = 3
const WILDCARDS = 4
const EXTGLOBS = 5
const NEVER = 6

/** The longest blob name that Azure Storage takes. */
export const MAX_PATH_LENGTH = 1024
/** And the end of it. */
const EACH_CHARACTER = MAX_PATH_LENGTH + 1

export interface Segment {
  kind: number
  /** Of a literal. */
  text: string
  hash: number
  /** What a segment other than a literal begins and ends with; the rest lies in between. */
  prefix: string
  suffix: string
  minLength: number
  wildcards: readonly Wildcard[]
  automaton: Automaton | undefined
  /** All of it, where it captures. */
  capturing: readonly CapturingItem[] | undefined
  /** The most that all segments of a path of {@link MAX_PATH_LENGTH} characters can cost together. */
  steps: number
}

const NONE: readonly never[] = []
const NOTHING = createSegment({ kind: NEVER })
/** Any number of segments, none included. */
export const ANY_SEGMENTS = createSegment({ kind: GLOBSTAR })
/** Any one segment, the empty one included. */
export const ANY_SEGMENT = createSegment({ kind: ANYTHING })

/** `text` is a segment other than `**`, its captures placeholders for `names`. */
export function compileSegment(text: string, names: string[]): Segment | PatternProblem {
  const items = parseSegment(text, names)
  if ('problem' in items) return items
  if (items.some(item => item.kind === 'never')) return NOTHING
  const [first] = items
  const last = items.at(-1)
  if (first === undefined || last === undefined) return toLiteral('')
  if (items.length === 1 && first.kind === 'literal') return toLiteral(first.text)

  const prefix = first.kind === 'literal' ? first.text : ''
  const suffix = last.kind === 'literal' ? last.text : ''
  const isCapturing = items.some(item => item.kind === 'capture')
  const affixed = {
    prefix,
    suffix,
    // Whatever is written in a segment, an empty one does not match it.
    minLength: Math.max(1, prefix.length + suffix.length + (isCapturing ? 1 : 0)),
    capturing: isCapturing ? toCapturing(items) : undefined,
  }
  const captureSteps = isCapturing ? captureStepsOf(items, MAX_PATH_LENGTH) : 0

  const middle = withoutCaptures(items.slice(prefix === '' ? 0 : 1, suffix === '' ? undefined : -1))
  if (!isPlain(middle)) {
    const steps = EACH_CHARACTER + stepsOf(middle, MAX_PATH_LENGTH) + captureSteps
    return createSegment({ kind: EXTGLOBS, ...affixed, automaton: compileAutomaton(middle), steps })
  }
  if (middle.at(-1)?.kind === 'star' && middle.length === (isCapturing ? 2 : 1)) {
    return createSegment({ kind: STAR, ...affixed, steps: EACH_CHARACTER + captureSteps })
  }
  const steps = EACH_CHARACTER * (1 + sizeOf(middle)) + captureSteps
  return createSegment({ kind: WILDCARDS, ...affixed, wildcards: middle, steps })
}

export function matchesSegment(segment: Segment, path: SplitPath, index: number): boolean {
  const { kind } = segment
  if (kind === LITERAL && path.hashes[index] !== segment.hash) return false
  if (kind === ANYTHING) return true
  const { text } = path
  const from = startOfSegment(path, index)
  const to = endOfSegment(path, index)
  if (kind === LITERAL) return to - from === segment.text.length && standsAt(segment.text, text, from)

  const { prefix, suffix } = segment
  if (kind === NEVER || to - from < segment.minLength) return false
  if (!standsAt(prefix, text, from) || !standsAt(suffix, text, to - suffix.length)) return false
  if (kind === STAR) return true
  if (kind === WILDCARDS) {
    return matchesWildcards(segment.wildcards, text, from + prefix.length, to - suffix.length)
  }
  return accepts(segment.automaton as Automaton, text.slice(from + prefix.length, to - suffix.length))
}

/** What the captures of a segment that matches take. */
export function captureIn(segment: Segment, path: SplitPath, index: number): Captured {
  if (segment.capturing === undefined) return []
  return capture(segment.capturing, path.text.slice(startOfSegment(path, index), endOfSegment(path, index)))
}

function createSegment(properties: Partial<Segment> & Pick<Segment, 'kind'>): Segment {
  const { kind, text = '', hash = 0, prefix = '', suffix = '', minLength = 0 } = properties
  const { wildcards = NONE, automaton, capturing, steps = EACH_CHARACTER } = properties
  // All of one shape, so that the code that reads them stays fast.
  return { kind, text, hash, prefix, suffix, minLength, wildcards, automaton, capturing, steps }
}

function toLiteral(text: string): Segment {
  return createSegment({ kind: LITERAL, text, hash: hashOf(text) })
}

/** A capture takes what `?*` takes. */
function withoutCaptures(items: Item[]): Exclude<Item, { kind: 'capture' }>[] {
  return items.flatMap(item => (item.kind === 'capture' ? [{ kind: 'any' }, { kind: 'star' }] : [item]))
}
