/**
 * What can be told of a path at a glance, and must be so for a row to match: which segment stands at a place, or
 * how it begins or ends. A probe is where to look, a key what is found there. Equal keys are a hint, never an
 * answer.
 */
import type { Row } from '../patterns/row.ts'
import { GLOBSTAR, LITERAL, type Segment } from '../patterns/segment.ts'
import { endOfSegment, type SplitPath, startOfSegment } from '../patterns/split-path.ts'

/** One of the kinds, and in the higher bits the position of a segment. */
export type Probe = number

export interface Feature {
  probe: Probe
  key: number
}

const WHOLE = 0
const HEAD = 1
const TAIL = 2
/** In the kinds with this bit, positions are counted from the end of the path. */
const FROM_END = 4
/** Any segment of the path. */
export const ANYWHERE: Probe = 3
/** How many segments there are. */
const COUNT: Probe = 7
const KIND_BITS = 3

/** Segments further in are not looked at: every probe in use costs a little with every path. */
const MAX_POSITIONS = 8
/** How many characters are a head or a tail: `.csv`, `quet`. */
const AFFIX_LENGTH = 4

export function featuresOf({ parts, minCount, hasGlobstar }: Row): Feature[] {
  if (!hasGlobstar) return [...inOrder(parts, 0), { probe: COUNT, key: mixed(minCount, COUNT) }]
  const first = parts.findIndex(part => part.kind === GLOBSTAR)
  const last = parts.findLastIndex(part => part.kind === GLOBSTAR)
  const between = parts.slice(first, last).filter(part => part.kind === LITERAL)
  return [
    ...inOrder(parts.slice(0, first), 0),
    ...inOrder(parts.slice(last + 1).reverse(), FROM_END),
    ...between.map(part => ({ probe: ANYWHERE, key: mixed(part.hash, ANYWHERE) })),
  ]
}

/** The key of any probe but {@link ANYWHERE}; 0: there is no such place, or it holds too little. */
export function keyAt(probe: Probe, path: SplitPath): number {
  if (probe === COUNT) return mixed(path.count, COUNT)
  const position = probe >> KIND_BITS
  if (position >= path.count) return 0
  const segment = (probe & FROM_END) === 0 ? position : path.count - 1 - position
  const part = probe & 3
  if (part === WHOLE) return mixed(path.hashes[segment] as number, probe)

  const from = startOfSegment(path, segment)
  const to = endOfSegment(path, segment)
  if (to - from < AFFIX_LENGTH) return 0
  return mixed(packed(path.text, part === HEAD ? from : to - AFFIX_LENGTH), probe)
}

/** The key of {@link ANYWHERE} for one segment. */
export function keyOfSegment(path: SplitPath, segment: number): number {
  return mixed(path.hashes[segment] as number, ANYWHERE)
}

function inOrder(parts: readonly Segment[], fromEnd: number): Feature[] {
  return parts.slice(0, MAX_POSITIONS).flatMap((part, position) => {
    const at = (position << KIND_BITS) | fromEnd
    if (part.kind === LITERAL) return [{ probe: at | WHOLE, key: mixed(part.hash, at | WHOLE) }]
    const { prefix, suffix } = part
    const features: Feature[] = []
    const add = (probe: Probe, hash: number) => features.push({ probe, key: mixed(hash, probe) })
    if (prefix.length >= AFFIX_LENGTH) add(at | HEAD, packed(prefix, 0))
    if (suffix.length >= AFFIX_LENGTH) add(at | TAIL, packed(suffix, suffix.length - AFFIX_LENGTH))
    return features
  })
}

function packed(text: string, at: number): number {
  let hash = 0
  for (let i = 0; i < AFFIX_LENGTH; i++) hash = (hash << 8) ^ text.charCodeAt(at + i)
  return hash
}

/** Spreads what differs little over all bits; never 0. The factor is the golden ratio of 32 bits. */
function mixed(hash: number, probe: Probe): number {
  return Math.imul(hash ^ (probe << 24) ^ probe, 0x9e3779b1) | 1
}
