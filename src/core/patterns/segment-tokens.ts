/** The tokens of a segment, cut where minimatch's own engine cuts them. */
import { type CharacterClass, parseClass } from './character-class.ts'
import { PLACEHOLDER_END, PLACEHOLDER_START } from './placeholders.ts'

/** `source` is the token as it stands in the segment; the sources joined are the segment. */
export type Token = { source: string } & (
  | { kind: 'any' | 'star' | 'bar' | 'close' }
  | { kind: 'open'; type: ExtglobType }
  | { kind: 'literal'; text: string }
  | { kind: 'capture'; index: number }
  | { kind: 'class'; characters: CharacterClass }
  /** The rest of a segment that nothing matches. */
  | { kind: 'never' }
)

export type ExtglobType = '@' | '?' | '*' | '+' | '!'

// biome-ignore lint/suspicious/noControlCharactersInRegex: captures begin with one
const PLAIN = /[^\\[!?+*@()|\u0001]+/y

export function tokenize(text: string): Token[] {
  // Alone in its segment, an extglob without content is none; `!()` is one.
  const hasExtglobs = !/^[?*+@]\(\)$/.test(text)
  const tokens: Token[] = []
  for (let i = 0; i < text.length; ) {
    const token = tokenAt(text, i, hasExtglobs)
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

function tokenAt(text: string, at: number, hasExtglobs: boolean): Token {
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
    const parsed = parseClass(text, at)
    if (parsed === 'never') return { source: text.slice(at), kind: 'never' }
    if (parsed) return { source: text.slice(at, parsed.end), kind: 'class', characters: parsed.characters }
  }
  if (hasExtglobs && isExtglobType(char) && next === '(')
    return { source: `${char}(`, kind: 'open', type: char }
  if (hasExtglobs && char === ')') return { source: char, kind: 'close' }
  if (hasExtglobs && char === '|') return { source: char, kind: 'bar' }
  if (char === '*') return { source: char, kind: 'star' }
  if (char === '?') return { source: char, kind: 'any' }
  const plain = plainAt(text, at) ?? char
  return { source: plain, kind: 'literal', text: plain }
}

/** Characters that mean themselves wherever they stand. */
function plainAt(text: string, at: number): string | undefined {
  PLAIN.lastIndex = at
  return PLAIN.exec(text)?.[0]
}

function isExtglobType(char: string): char is ExtglobType {
  return '!?+*@'.includes(char)
}
