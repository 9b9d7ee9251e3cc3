/**
 * The tokens of a segment that holds captures, cut where minimatch's own engine cuts them. Classes and extglobs
 * are only delimited here: what they match is left to minimatch.
 */
import { PLACEHOLDER_END, PLACEHOLDER_START } from './placeholders.ts'

/** `source` is the token as it stands in the segment; the sources joined are the segment. */
export type Token = { source: string } & (
  | { kind: 'any' | 'star' | 'class' | 'open' | 'close' }
  | { kind: 'literal'; text: string }
  | { kind: 'capture'; index: number }
)

const POSIX_CLASS =
  /^\[:(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]/

export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  for (let i = 0; i < text.length; ) {
    const token = tokenAt(text, i)
    tokens.push(token)
    i += token.source.length
  }
  return tokens
}

/** Maps the index of each opening token to the index of the one that closes it; without one it is literal. */
export function pairExtglobs(tokens: Token[]): Map<number, number> {
  const closes = new Map<number, number>()
  const open: number[] = []
  tokens.forEach((token, i) => {
    if (token.kind === 'open') open.push(i)
    const opener = token.kind === 'close' ? open.pop() : undefined
    if (opener !== undefined) closes.set(opener, i)
  })
  return closes
}

function tokenAt(text: string, at: number): Token {
  const char = String.fromCodePoint(text.codePointAt(at) as number)
  const next = text.charAt(at + 1)

  if (char === PLACEHOLDER_START) {
    const source = text.slice(at, text.indexOf(PLACEHOLDER_END, at) + 1)
    return { source, kind: 'capture', index: Number(source.slice(1, -1)) }
  }
  if (char === '\\' && next !== '') {
    const escaped = String.fromCodePoint(text.codePointAt(at + 1) as number)
    return { source: char + escaped, kind: 'literal', text: escaped }
  }
  if (char === '[') {
    const end = classEnd(text, at)
    if (end !== undefined) return { source: text.slice(at, end), kind: 'class' }
  }
  if ('!?+*@'.includes(char) && next === '(') return { source: `${char}(`, kind: 'open' }
  if (char === ')') return { source: char, kind: 'close' }
  if (char === '*') return { source: char, kind: 'star' }
  if (char === '?') return { source: char, kind: 'any' }
  return { source: char, kind: 'literal', text: char }
}

/** Just behind the `]` of the class that begins at `at`; undefined when nothing closes it: then `[` is literal. */
function classEnd(text: string, at: number): number | undefined {
  let i = at + 1
  if (text[i] === '!' || text[i] === '^') i++
  for (const first = i; i < text.length; i++) {
    if (text[i] === ']' && i > first) return i + 1
    if (text[i] === '\\') i++
    else if (text[i] === '[') i += (POSIX_CLASS.exec(text.slice(i))?.[0].length ?? 1) - 1
  }
  return undefined
}
