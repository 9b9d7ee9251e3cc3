/**
 * Character classes such as `[a-c]` and `[![:digit:]]`. minimatch makes a regular expression of each, so that is
 * what they mean, to the letter; here it is made once and asked for every ASCII character in advance.
 */

const ASCII = 128

export interface CharacterClass {
  /** By character code: 1 where the class holds it. */
  ascii: Uint8Array
  /** For all other characters. */
  regex: RegExp
}

/** A class that ends before `end`; or one that nothing can match, nor whatever segment it stands in. */
export type ParsedClass = { end: number; characters: CharacterClass } | 'never'

/** What stands in the regular expression's brackets. */
interface Members {
  isNegated: boolean
  listed: string
  /** Those of the names that stand for all other characters. */
  inverse: string
}

/** Names as minimatch translates them. */
const NAMES: Record<string, string> = {
  '[:alnum:]': '\\p{L}\\p{Nl}\\p{Nd}',
  '[:alpha:]': '\\p{L}\\p{Nl}',
  '[:ascii:]': '\\x00-\\x7f',
  '[:blank:]': '\\p{Zs}\\t',
  '[:cntrl:]': '\\p{Cc}',
  '[:digit:]': '\\p{Nd}',
  '[:lower:]': '\\p{Ll}',
  '[:punct:]': '\\p{P}\\p{S}',
  '[:space:]': '\\p{Z}\\t\\r\\n\\v\\f',
  '[:upper:]': '\\p{Lu}',
  '[:word:]': '\\p{L}\\p{Nl}\\p{Nd}\\p{Pc}',
  '[:xdigit:]': 'A-Fa-f0-9',
}
const INVERSE_NAMES: Record<string, string> = { '[:graph:]': '\\p{Z}\\p{C}', '[:print:]': '\\p{C}' }
const NAME = /\[:[a-z]+:\]/y

/** Whether the class holds the character with this code point. */
export function isInClass({ ascii, regex }: CharacterClass, code: number): boolean {
  return code < ASCII ? ascii[code] === 1 : regex.test(String.fromCodePoint(code))
}

/** The class whose `[` stands at `at`; undefined when nothing closes it: then the `[` is literal. */
export function parseClass(text: string, at: number): ParsedClass | undefined {
  const isNegated = text[at + 1] === '!' || text[at + 1] === '^'
  const members: Members = { isNegated, listed: '', inverse: '' }
  const first = at + (isNegated ? 2 : 1)
  let rangeFrom = ''

  for (let i = first; i < text.length; ) {
    if (text[i] === ']' && i > first) return toParsed(members, i + 1)
    const name = nameAt(text, i)
    if (name !== undefined) {
      if (rangeFrom !== '') return 'never'
      members.listed += NAMES[name] ?? ''
      members.inverse += INVERSE_NAMES[name] ?? ''
      i += name.length
      continue
    }
    if (text[i] === '\\') i++
    const code = text.codePointAt(i)
    if (code === undefined) return undefined
    const character = String.fromCodePoint(code)
    i += character.length

    if (rangeFrom !== '') {
      members.listed += toRange(rangeFrom, character)
      rangeFrom = ''
    } else if (text.startsWith('-]', i)) {
      members.listed += `${escaped(character)}\\-`
      i++
    } else if (text[i] === '-') {
      rangeFrom = character
      i++
    } else members.listed += escaped(character)
  }
  return undefined
}

function nameAt(text: string, at: number): string | undefined {
  NAME.lastIndex = at
  const name = text[at] === '[' ? NAME.exec(text)?.[0] : undefined
  return name !== undefined && (Object.hasOwn(NAMES, name) || Object.hasOwn(INVERSE_NAMES, name))
    ? name
    : undefined
}

/** Nothing where the range runs backwards. */
function toRange(from: string, to: string): string {
  const [first = 0, last = 0] = [from.codePointAt(0), to.codePointAt(0)]
  return first <= last ? `${escaped(from)}-${escaped(to)}` : ''
}

function escaped(character: string): string {
  return character.replace(/[[\]\\-]/, '\\$&')
}

function toParsed({ isNegated, listed, inverse }: Members, end: number): ParsedClass {
  if (listed === '' && inverse === '') return 'never'
  const ways: string[] = []
  if (listed !== '') ways.push(`[${isNegated ? '^' : ''}${listed}]`)
  if (inverse !== '') ways.push(`[${isNegated ? '' : '^'}${inverse}]`)
  const regex = new RegExp(`^(?:${ways.join('|')})`, 'u')
  const ascii = Uint8Array.from({ length: ASCII }, (_, code) => Number(regex.test(String.fromCharCode(code))))
  return { end, characters: { ascii, regex } }
}
