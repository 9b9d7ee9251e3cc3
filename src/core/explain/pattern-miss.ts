/**
 * Why a path does not match a pattern: which segment of which of its alternatives is the first that does not fit.
 * Works on the pattern's text alone: its braces are expanded and every segment is compiled as a pattern of its own.
 */
import { expandBraces, toPatternText } from '../patterns/braces.ts'
import { compilePattern, type Pattern } from '../patterns/pattern.ts'

/** Alternatives of one pattern that are looked at; the others are not told of. */
const MAX_ALTERNATIVES = 64

export interface PatternMiss {
  /** One alternative of the pattern's braces, captures and all: the one that gets furthest. */
  alternative: string
  /** The segment of the alternative that does not fit; undefined: it ends before the path does. */
  expected: string | undefined
  /** What stands there in the path; undefined: the path ends before. */
  found: string | undefined
  /** Where it stands in the path, counted from 1. */
  position: number
  /** A `**` stands before: the segment may come anywhere from the position on. */
  isAnywhere: boolean
  /** How many segments of the path fit up to there. */
  reached: number
  /** How many segments of the alternative fit at all, with those behind the first that does not. */
  agreeing: number
  /** How many of these are told by the pattern letter by letter. */
  literal: number
  /** How many segments the alternative has, without `**`. */
  length: number
}

/** Compiles the segments of patterns, each once, and no more than a limit of them. */
export interface SegmentTests {
  /** Undefined: cannot be told, as the limit is reached. */
  fits(expected: string, segment: string): boolean | undefined
}

/** Shared by all patterns that are explained together. */
export function createSegmentTests(maxTests: number, maxCompiled: number): SegmentTests {
  const compiled = new Map<string, Pattern | undefined>()
  let tests = 0
  return {
    fits(expected, segment) {
      if (isLiteral(expected)) return expected === segment
      if (++tests > maxTests || (!compiled.has(expected) && compiled.size >= maxCompiled)) return undefined
      if (!compiled.has(expected)) {
        const pattern = compilePattern(expected)
        compiled.set(expected, 'problem' in pattern ? undefined : pattern)
      }
      const pattern = compiled.get(expected)
      return pattern && pattern.match(segment) !== undefined
    },
  }
}

function isLiteral(segment: string): boolean {
  return !/[\\*?[\](){}!+@]/.test(segment)
}

/** Undefined: it cannot be told, within the limits. The path must be one that the pattern does not match. */
export function findPatternMiss(
  pattern: Pick<Pattern, 'source'>,
  path: string,
  tests: SegmentTests,
): PatternMiss | undefined {
  const expansion = expandBraces(pattern.source)
  if ('problem' in expansion) return undefined
  const segments = path.split('/')
  let best: PatternMiss | undefined
  for (const alternative of expansion.alternatives.slice(0, MAX_ALTERNATIVES)) {
    const miss = missOf(toPatternText(alternative, expansion.names), segments, tests)
    if (miss !== undefined && (best === undefined || compareMisses(miss, best) < 0)) best = miss
  }
  return best
}

/** The one that gets further comes first: by what fits at all, then by what fits at a stretch. */
export function compareMisses(a: PatternMiss, b: PatternMiss): number {
  return (
    b.agreeing - a.agreeing ||
    b.literal - a.literal ||
    a.length - a.agreeing - (b.length - b.agreeing) ||
    b.reached - a.reached ||
    Number(a.expected === undefined) - Number(b.expected === undefined)
  )
}

/** Undefined: the alternative matches, or it cannot be told. */
function missOf(alternative: string, path: readonly string[], tests: SegmentTests): PatternMiss | undefined {
  const blocks = toBlocks(alternative)
  const length = blocks.reduce((sum, block) => sum + block.length, 0)
  const [first = [], ...rest] = blocks
  const told = { alternative, length }

  if (rest.length === 0) {
    const fit = fitAt(first, path, 0, tests)
    if (fit === undefined || (fit.first === undefined && first.length === path.length)) return undefined
    return { ...told, ...placeOf(fit, first, path, 0), isAnywhere: false }
  }
  const start = fitAt(first, path, 0, tests)
  if (start === undefined) return undefined
  if (start.first !== undefined) return { ...told, ...placeOf(start, first, path, 0), isAnywhere: false }

  let from = first.length
  let before = start
  for (const block of rest.slice(0, -1)) {
    const found = findBlock(block, path, from, tests)
    if (found === undefined) return undefined
    const place = placeOf(found.fit, block, path, found.at, before)
    if (found.fit.first !== undefined) return { ...told, ...place, isAnywhere: true }
    from = found.at + block.length
    before = {
      first: undefined,
      count: before.count + found.fit.count,
      literal: before.literal + found.fit.literal,
    }
  }
  return lastBlockMiss(told, rest.at(-1) ?? [], path, from, before, tests)
}

/** The last block has to stand at the path's end; a `**` there takes one segment at the least. */
function lastBlockMiss(
  told: { alternative: string; length: number },
  block: readonly string[],
  path: readonly string[],
  from: number,
  before: Fit,
  tests: SegmentTests,
): PatternMiss | undefined {
  if (block.length === 0) {
    if (path.length > from) return undefined
    const { count: agreeing, literal } = before
    const end = { expected: '**', found: undefined, position: path.length + 1, reached: from }
    return { ...told, ...end, agreeing, literal, isAnywhere: false }
  }
  const at = Math.max(from, path.length - block.length)
  const fit = fitAt(block, path, at, tests)
  if (fit === undefined || (fit.first === undefined && at + block.length === path.length)) return undefined
  return { ...told, ...placeOf(fit, block, path, at, before), isAnywhere: false }
}

/** The segments between the `**`s of the alternative. */
function toBlocks(alternative: string): string[][] {
  const blocks: string[][] = [[]]
  for (const segment of alternative.split('/')) {
    if (segment === '**') blocks.push([])
    else blocks.at(-1)?.push(segment)
  }
  return blocks
}

interface Fit {
  /** Index in the block of the first segment that does not fit; undefined: all that the path reaches do. */
  first: number | undefined
  /** How many fit, and how many of them are told letter by letter. */
  count: number
  literal: number
}

const NOTHING_BEFORE: Fit = { first: undefined, count: 0, literal: 0 }

/** Undefined: cannot be told. */
function fitAt(
  block: readonly string[],
  path: readonly string[],
  at: number,
  tests: SegmentTests,
): Fit | undefined {
  let first: number | undefined
  let count = 0
  let literal = 0
  for (const [index, expected] of block.entries()) {
    const segment = path[at + index]
    const fits = segment === undefined ? false : tests.fits(expected, segment)
    if (fits === undefined) return undefined
    if (fits) {
      count += 1
      literal += Number(isLiteral(expected))
    } else first ??= index
  }
  return { first, count, literal }
}

/** Where the block stands first, or else where most of it stands. */
function findBlock(
  block: readonly string[],
  path: readonly string[],
  from: number,
  tests: SegmentTests,
): { at: number; fit: Fit } | undefined {
  let best: { at: number; fit: Fit } | undefined
  for (let at = from; at <= Math.max(from, path.length - block.length); at += 1) {
    const fit = fitAt(block, path, at, tests)
    if (fit === undefined) return undefined
    if (fit.first === undefined) return { at, fit }
    if (best === undefined || fit.count > best.fit.count) best = { at, fit }
  }
  return best
}

function placeOf(
  { first, count, literal }: Fit,
  block: readonly string[],
  path: readonly string[],
  at: number,
  before = NOTHING_BEFORE,
): Pick<PatternMiss, 'expected' | 'found' | 'position' | 'reached' | 'agreeing' | 'literal'> {
  const index = first ?? block.length
  return {
    expected: block[index],
    found: path[at + index],
    position: at + index + 1,
    reached: at + index,
    agreeing: before.count + count,
    literal: before.literal + literal,
  }
}
