/** One segment of a pattern (what stands between two slashes), for one segment of a path. */
import { type Captured, compileCapturing } from './capturing-segment.ts'
import { PLACEHOLDER_START } from './placeholders.ts'
import { compileWhole } from './portion.ts'
import type { PatternProblem } from './problem.ts'

/** Any number of segments, none included. */
export const GLOBSTAR = Symbol('**')

export interface Segment {
  /** What the segment's captures take; undefined: no match. */
  match(segment: string): Captured | undefined
}

const NOTHING_CAPTURED: Captured = []

export const ANY_SEGMENT: Segment = { match: () => NOTHING_CAPTURED }

/** `text` is a segment other than `**`, its captures placeholders for `names`. */
export function compileSegment(text: string, names: string[]): Segment | PatternProblem {
  if (text.includes(PLACEHOLDER_START)) {
    const match = compileCapturing(text, names)
    return typeof match === 'function' ? { match } : match
  }
  const test = compileWhole(text)
  return { match: segment => (test(segment) ? NOTHING_CAPTURED : undefined) }
}
