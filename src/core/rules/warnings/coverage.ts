/**
 * Whether every path that one pattern matches is matched by another. Decided from the patterns' texts: a yes is
 * certain, a no may also mean that it was not worth finding out.
 */
import { compilePattern } from '../../patterns/pattern.ts'
import {
  ANY_SEGMENT,
  GLOBSTAR,
  type GlobItem,
  type GlobRow,
  type GlobSegment,
  literalOf,
  renamed,
} from './glob.ts'

/** Pairs of segments, or of tokens, that one comparison looks at; beyond that the answer is no. */
const MAX_PAIRS = 10_000

/** Every path of each of the rows is matched by one of the broad rows. */
export function covers(broad: readonly GlobRow[], narrow: readonly GlobRow[]): boolean {
  return narrow.every(row => broad.some(it => rowCovers(it, row)))
}

export function rowCovers(broad: GlobRow, narrow: GlobRow): boolean {
  return aligned(broad, narrow, {
    isRepeated: part => part === GLOBSTAR,
    takes: (part, other) => part !== GLOBSTAR && other !== GLOBSTAR && segmentCovers(part, other),
  })
}

/** The same text, whatever the captures are called. */
export function isSameSegment(a: GlobSegment, b: GlobSegment): boolean {
  return renamed(a, () => '0') === renamed(b, () => '0')
}

function segmentCovers(
  broad: GlobSegment | typeof ANY_SEGMENT,
  narrow: GlobSegment | typeof ANY_SEGMENT,
): boolean {
  if (broad === ANY_SEGMENT) return true
  if (narrow === ANY_SEGMENT) return false
  if (isSameSegment(broad, narrow)) return true
  // Only the empty text matches the empty segment.
  if (broad.text === '' || narrow.text === '') return false
  if (broad.items?.every(({ kind }) => kind === 'star')) return true
  if (broad.items?.length === 1 && broad.items[0]?.kind === 'capture') return true
  const literal = literalOf(narrow)
  if (literal !== undefined) {
    const pattern = compilePattern(broad.text)
    return !('problem' in pattern) && pattern.match(literal) !== undefined
  }
  return broad.items !== undefined && narrow.items !== undefined && itemsCover(broad.items, narrow.items)
}

/** A capture is one character or more: any one, then as many as there are. */
function itemsCover(broad: readonly GlobItem[], narrow: readonly GlobItem[]): boolean {
  return aligned(broad.flatMap(spelled), narrow.flatMap(spelled), {
    isRepeated: item => item.kind === 'star',
    takes: (item, other) => {
      if (other.kind === 'star' || item.kind === 'star') return false
      if (item.kind === 'any') return other.kind === 'any' || isOneUnit(other)
      return item.kind === 'literal' && other.kind === 'literal' && item.character === other.character
    },
  })
}

function spelled(item: GlobItem): GlobItem[] {
  return item.kind === 'capture' ? [{ kind: 'any' }, { kind: 'star' }] : [item]
}

/** Whether `?` takes a character of two UTF-16 units as one is not for us to know. */
function isOneUnit(item: GlobItem): boolean {
  return item.kind === 'literal' && item.character.length === 1
}

/** Whether the parts take the others one by one, where a repeated part takes any number of them. */
function aligned<T>(
  parts: readonly T[],
  others: readonly T[],
  { isRepeated, takes }: { isRepeated(part: T): boolean; takes(part: T, other: T): boolean },
): boolean {
  if (parts.length * others.length > MAX_PAIRS) return false
  let reached = new Set([0])
  for (const part of parts) {
    const next = new Set<number>()
    if (isRepeated(part)) for (let at = Math.min(...reached); at <= others.length; at++) next.add(at)
    else for (const at of reached) if (at < others.length && takes(part, others[at] as T)) next.add(at + 1)
    if (next.size === 0) return false
    reached = next
  }
  return reached.has(others.length)
}
