/**
 * A segment with captures. Wildcards and captures are greedy from the left to the right: each takes as many
 * characters as it can while the rest still fits. Found by a table (items × characters), never by backtracking,
 * so that no name and no pattern makes it slow.
 */
import { capturesIn } from './placeholders.ts'
import { compilePart } from './portion.ts'
import type { PatternProblem } from './problem.ts'
import { pairExtglobs, type Token, tokenize } from './segment-tokens.ts'

type Item =
  | { kind: 'literal'; characters: string[] }
  | { kind: 'any' | 'star' }
  | { kind: 'capture'; name: string }
  | { kind: 'class'; test: (character: string) => boolean }
  | { kind: 'extglob'; test: (part: string) => boolean; maxCharacters: number }

/** Name and value, in the order of the pattern. */
export type Captured = readonly (readonly [name: string, value: string])[]

/** `text` is a segment with placeholders for `names`. */
export function compileCapturing(
  text: string,
  names: string[],
): ((segment: string) => Captured | undefined) | PatternProblem {
  const items = toItems(text, names)
  if ('problem' in items) return items
  return segment => matchItems(items, segment)
}

function toItems(text: string, names: string[]): Item[] | PatternProblem {
  const tokens = tokenize(text)
  const closes = pairExtglobs(tokens)
  const items: Item[] = []

  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token
    const close = closes.get(i)
    const item = close === undefined ? toItem(token, names) : toExtglob(tokens.slice(i, close + 1), names)
    if ('problem' in item) return item

    const last = items.at(-1)
    if (item.kind === 'literal' && last?.kind === 'literal') last.characters.push(...item.characters)
    else items.push(item)
    i = close ?? i
  }
  return items
}

function toItem(token: Token, names: string[]): Item | PatternProblem {
  switch (token.kind) {
    case 'any':
    case 'star':
      return { kind: token.kind }
    case 'capture':
      return { kind: 'capture', name: names[token.index] as string }
    case 'class': {
      const inside = captureIn(token.source, names)
      if (inside !== undefined) return captureInside(inside, 'a character class', '\\[ for a literal [')
      return { kind: 'class', test: compilePart(token.source) }
    }
    default:
      return { kind: 'literal', characters: [...(token.kind === 'literal' ? token.text : token.source)] }
  }
}

function toExtglob(tokens: Token[], names: string[]): Item | PatternProblem {
  const source = tokens.map(token => token.source).join('')
  const opener = source.slice(0, 2)
  const inside = captureIn(source, names)
  if (inside !== undefined) return captureInside(inside, `${opener}…)`, 'a choice such as {a,b}')

  // Only these have a greatest length, which keeps the search for their end short.
  const isBounded = tokens.every(
    ({ kind, source }) => kind !== 'star' && (kind !== 'open' || /^[@?]/.test(source)),
  )
  if (isBounded) return { kind: 'extglob', test: compilePart(source), maxCharacters: source.length }
  const problem =
    `${opener}…) and its segment's capture cannot be told apart, as it may be of any length; ` +
    'use a choice such as {a,b}, or where and ignore'
  return { problem }
}

function matchItems(items: Item[], segment: string): Captured | undefined {
  const characters = [...segment]
  const fits = tableOf(items, characters)
  if (!fits[0]?.[0]) return undefined

  const captured: [string, string][] = []
  let from = 0
  items.forEach((item, k) => {
    const rest = fits[k + 1] as Uint8Array
    const to = furthestEnd(item, characters, from, rest)
    if (item.kind === 'capture') captured.push([item.name, characters.slice(from, to).join('')])
    from = to
  })
  return captured
}

/** `table[k][i]` is 1 where the items from k on match the characters from i on, to the end. */
function tableOf(items: Item[], characters: string[]): Uint8Array[] {
  const length = characters.length
  const table: Uint8Array[] = new Array(items.length + 1)
  let rest = new Uint8Array(length + 1)
  rest[length] = 1
  table[items.length] = rest

  for (let k = items.length - 1; k >= 0; k--) {
    const item = items[k] as Item
    const row = new Uint8Array(length + 1)
    for (let i = length; i >= 0; i--) row[i] = fitsAt(item, characters, i, row, rest) ? 1 : 0
    table[k] = row
    rest = row
  }
  return table
}

function fitsAt(item: Item, characters: string[], i: number, row: Uint8Array, rest: Uint8Array): boolean {
  switch (item.kind) {
    case 'star':
      return Boolean(rest[i] || row[i + 1])
    case 'capture':
      return Boolean(rest[i + 1] || row[i + 1])
    case 'any':
      return Boolean(rest[i + 1])
    case 'class':
      return Boolean(rest[i + 1]) && item.test(characters[i] as string)
    case 'literal':
      return (
        Boolean(rest[i + item.characters.length]) && item.characters.every((c, n) => characters[i + n] === c)
      )
    case 'extglob':
      return extglobEnd(item, characters, i, rest) !== undefined
  }
}

/** Where an item that starts at `from` ends, when it takes as much as it can and the rest still fits. */
function furthestEnd(item: Item, characters: string[], from: number, rest: Uint8Array): number {
  if (item.kind === 'literal') return from + item.characters.length
  if (item.kind === 'any' || item.kind === 'class') return from + 1
  if (item.kind === 'extglob') return extglobEnd(item, characters, from, rest) as number
  return rest.lastIndexOf(1)
}

function extglobEnd(
  item: Extract<Item, { kind: 'extglob' }>,
  characters: string[],
  from: number,
  rest: Uint8Array,
): number | undefined {
  for (let to = Math.min(characters.length, from + item.maxCharacters); to >= from; to--) {
    if (rest[to] && item.test(characters.slice(from, to).join(''))) return to
  }
  return undefined
}

function captureIn(text: string, names: string[]): string | undefined {
  const [index] = capturesIn(text)
  return index === undefined ? undefined : names[index]
}

function captureInside(name: string, place: string, instead: string): PatternProblem {
  const problem = `{${name}} stands inside ${place}, where nothing can be captured; move it out, or write ${instead}`
  return { problem }
}
