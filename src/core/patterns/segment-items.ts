/** What a segment of a pattern is made of. */
import type { CharacterClass } from './character-class.ts'
import { capturesIn } from './placeholders.ts'
import type { PatternProblem } from './problem.ts'
import { type ExtglobType, pairExtglobs, type Token, tokenize } from './segment-tokens.ts'

export type Item =
  | { kind: 'literal'; text: string }
  | { kind: 'any' }
  | { kind: 'star' }
  | { kind: 'capture'; name: string }
  | { kind: 'class'; characters: CharacterClass }
  | Extglob
  /** Matches nothing, nor does the segment. */
  | { kind: 'never' }

export interface Extglob {
  kind: 'extglob'
  type: ExtglobType
  choices: Item[][]
}

/** `text` is a segment with placeholders for `names`. No two literals stand beside each other. */
export function parseSegment(text: string, names: string[]): Item[] | PatternProblem {
  const tokens = tokenize(text)
  const closes = pairExtglobs(tokens)
  const problem = problemOf(tokens, closes, names)
  if (problem !== undefined) return { problem }
  return toChoices(tokens, closes, names, 0, tokens.length, true)[0] as Item[]
}

/** Characters that the items take at the most. */
export function maxLengthOf(items: readonly Item[]): number {
  return items.reduce((sum, item) => sum + maxLength(item), 0)
}

/** Whether the items always take the same number of characters. */
export function isFixed(items: readonly Item[]): boolean {
  return items.every(item => {
    if (item.kind === 'literal' || item.kind === 'any' || item.kind === 'class') return true
    if (item.kind !== 'extglob' || item.type !== '@') return false
    const [first = 0, ...others] = item.choices.map(maxLengthOf)
    return item.choices.every(isFixed) && others.every(length => length === first)
  })
}

function maxLength(item: Item): number {
  switch (item.kind) {
    case 'literal':
      return [...item.text].length
    case 'any':
    case 'class':
      return 1
    case 'never':
      return 0
    case 'extglob':
      return '@?'.includes(item.type) ? Math.max(...item.choices.map(maxLengthOf)) : Number.POSITIVE_INFINITY
    default:
      return Number.POSITIVE_INFINITY
  }
}

/** The alternatives between `start` and `end`; on top there is but one. */
function toChoices(
  tokens: Token[],
  closes: Map<number, number>,
  names: string[],
  start: number,
  end: number,
  isTop: boolean,
): Item[][] {
  const choices: Item[][] = [[]]
  for (let i = start; i < end; i++) {
    const token = tokens[i] as Token
    const close = closes.get(i)
    const choice = choices.at(-1) as Item[]
    if (token.kind === 'open' && close !== undefined) {
      choice.push({
        kind: 'extglob',
        type: token.type,
        choices: toChoices(tokens, closes, names, i + 1, close, false),
      })
      i = close
    } else if (token.kind === 'bar' && !isTop) choices.push([])
    else append(choice, toItem(token, names))
  }
  return choices
}

function toItem(token: Token, names: string[]): Item {
  switch (token.kind) {
    case 'any':
    case 'star':
    case 'never':
      return { kind: token.kind }
    case 'class':
      return { kind: 'class', characters: token.characters }
    case 'capture':
      return { kind: 'capture', name: names[token.index] as string }
    default:
      return { kind: 'literal', text: token.kind === 'literal' ? token.text : token.source }
  }
}

function append(items: Item[], item: Item): void {
  const last = items.at(-1)
  if (item.kind === 'literal' && last?.kind === 'literal') last.text += item.text
  // Two stars beside each other are one.
  else if (item.kind !== 'star' || last?.kind !== 'star') items.push(item)
}

/** Captures stand neither in classes nor in extglobs, nor beside an extglob of any length. */
function problemOf(tokens: Token[], closes: Map<number, number>, names: string[]): string | undefined {
  if (!tokens.some(token => capturesIn(token.source).length > 0)) return undefined
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token
    const close = closes.get(i)
    if (token.kind === 'class') {
      const inside = captureIn(token.source, names)
      if (inside !== undefined) return captureInside(inside, 'a character class', '\\[ for a literal [')
    } else if (close !== undefined) {
      const problem = extglobProblem(tokens.slice(i, close + 1), names)
      if (problem !== undefined) return problem
      i = close
    }
  }
  return undefined
}

function extglobProblem(tokens: Token[], names: string[]): string | undefined {
  const source = tokens.map(token => token.source).join('')
  const opener = source.slice(0, 2)
  const inside = captureIn(source, names)
  if (inside !== undefined) return captureInside(inside, `${opener}…)`, 'a choice such as {a,b}')

  // Only these have a greatest length, which keeps the search for their end short.
  const isBounded = tokens.every(
    token => token.kind !== 'star' && (token.kind !== 'open' || '@?'.includes(token.type)),
  )
  if (isBounded) return undefined
  return (
    `${opener}…) and its segment's capture cannot be told apart, as it may be of any length; ` +
    'use a choice such as {a,b}, or where and ignore'
  )
}

function captureIn(text: string, names: string[]): string | undefined {
  const [index] = capturesIn(text)
  return index === undefined ? undefined : names[index]
}

function captureInside(name: string, place: string, instead: string): string {
  return `{${name}} stands inside ${place}, where nothing can be captured; move it out, or write ${instead}`
}
