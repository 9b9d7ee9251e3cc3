/**
 * What the captures of a segment take. Wildcards and captures are greedy from the left to the right: each takes as
 * many characters as it can while the rest still fits. Found by a table (items × characters), never by
 * backtracking, so that no name and no pattern makes it slow.
 */
import { type Automaton, codesOf, compileAutomaton, countEnds, stepsOf } from './automaton.ts'
import { type CharacterClass, isInClass } from './character-class.ts'
import { type Item, maxLengthOf } from './segment-items.ts'

/** Name and value, in the order of the pattern. */
export type Captured = [name: string, value: string][]

export type CapturingItem =
  | { kind: 'any' | 'star' | 'never' }
  | { kind: 'capture'; name: string }
  /** `units`: how many UTF-16 code units the text has. */
  | { kind: 'literal'; codes: number[]; units: number }
  | { kind: 'class'; characters: CharacterClass }
  | { kind: 'extglob'; automaton: Automaton; maxLength: number }

export function toCapturing(items: readonly Item[]): CapturingItem[] {
  return items.map(item => {
    if (item.kind === 'literal') {
      return { kind: item.kind, codes: codesOf(item.text), units: item.text.length }
    }
    if (item.kind === 'extglob') {
      return { kind: item.kind, automaton: compileAutomaton([item]), maxLength: maxLengthOf([item]) }
    }
    return item
  })
}

/** The most steps that {@link capture} can take with a segment of `length` characters. */
export function captureStepsOf(items: readonly Item[], length: number): number {
  const perPlace = items.map(item => {
    if (item.kind === 'literal') return item.text.length
    // Once for the table and once for the way through it.
    return item.kind === 'extglob' ? 2 * stepsOf([item], Math.min(length, maxLengthOf([item]))) : 1
  })
  return (length + 1) * perPlace.reduce((sum, steps) => sum + steps, 0)
}

/** `segment` must match the items. */
export function capture(items: readonly CapturingItem[], segment: string): Captured {
  return captureBetween(items, segment) ?? captureByTable(items, segment)
}

/** Most segments have one capture between literals, which takes what they leave. Undefined: this one has not. */
function captureBetween(items: readonly CapturingItem[], segment: string): Captured | undefined {
  let name: string | undefined
  let [before, behind] = [0, 0]
  for (const item of items) {
    if (item.kind === 'capture' && name === undefined) name = item.name
    else if (item.kind !== 'literal') return undefined
    else if (name === undefined) before += item.units
    else behind += item.units
  }
  return name === undefined ? [] : [[name, segment.slice(before, segment.length - behind)]]
}

function captureByTable(items: readonly CapturingItem[], segment: string): Captured {
  const codes = codesOf(segment)
  const fits = tableOf(items, codes)
  const captured: Captured = []
  let from = 0
  items.forEach((item, k) => {
    const to = furthestEnd(item, codes, from, fits[k + 1] as Uint8Array)
    if (item.kind === 'capture') captured.push([item.name, String.fromCodePoint(...codes.slice(from, to))])
    from = to
  })
  return captured
}

/** `table[k][i]` is 1 where the items from k on match the characters from i on, to the end. */
function tableOf(items: readonly CapturingItem[], codes: number[]): Uint8Array[] {
  const table: Uint8Array[] = new Array(items.length + 1)
  let rest = new Uint8Array(codes.length + 1)
  rest[codes.length] = 1
  table[items.length] = rest

  for (let k = items.length - 1; k >= 0; k--) {
    const item = items[k] as CapturingItem
    const row = new Uint8Array(codes.length + 1)
    for (let i = codes.length; i >= 0; i--) row[i] = fitsAt(item, codes, i, row, rest) ? 1 : 0
    table[k] = row
    rest = row
  }
  return table
}

function fitsAt(item: CapturingItem, codes: number[], i: number, row: Uint8Array, rest: Uint8Array): boolean {
  switch (item.kind) {
    case 'star':
      return Boolean(rest[i] || row[i + 1])
    case 'capture':
      return Boolean(rest[i + 1] || row[i + 1])
    case 'any':
      return Boolean(rest[i + 1])
    case 'never':
      return false
    case 'class':
      return Boolean(rest[i + 1]) && isInClass(item.characters, codes[i] as number)
    case 'literal':
      return Boolean(rest[i + item.codes.length]) && item.codes.every((code, n) => codes[i + n] === code)
    case 'extglob':
      return extglobEnd(item, codes, i, rest) >= 0
  }
}

/** Where an item that starts at `from` ends, when it takes as much as it can and the rest still fits. */
function furthestEnd(item: CapturingItem, codes: number[], from: number, rest: Uint8Array): number {
  if (item.kind === 'literal') return from + item.codes.length
  if (item.kind === 'any' || item.kind === 'class') return from + 1
  if (item.kind === 'extglob') return extglobEnd(item, codes, from, rest)
  return rest.lastIndexOf(1)
}

/** -1: none from which the rest fits. */
function extglobEnd(
  { automaton, maxLength }: Extract<CapturingItem, { kind: 'extglob' }>,
  codes: number[],
  from: number,
  rest: Uint8Array,
): number {
  const reachable = codes.slice(from, from + maxLength)
  const ends = new Array<number>(reachable.length + 1).fill(0)
  countEnds(automaton, reachable, 0, ends)
  const length = ends.findLastIndex((count, end) => count > 0 && rest[from + end] === 1)
  return length < 0 ? -1 : from + length
}
