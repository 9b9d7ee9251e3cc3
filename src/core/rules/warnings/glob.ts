/** Patterns read as text, for questions about the paths that they may match. */
import { expandBraces, toPatternText } from '../../patterns/braces.ts'

/** One token of a segment: a character, `?`, `*` or a capture. */
export type GlobItem =
  | { kind: 'literal'; character: string }
  | { kind: 'any' }
  | { kind: 'star' }
  | { kind: 'capture'; name: string }

export interface GlobSegment {
  text: string
  /** Undefined: it holds a character class or an extglob, and is only compared as text. */
  items: GlobItem[] | undefined
}

/** `**`: any number of segments, none included. */
export const GLOBSTAR = Symbol('**')
/** What a `**` at the end takes at last: any one segment, even an empty one. */
export const ANY_SEGMENT = Symbol('any segment')

/** One alternative of a pattern, split at its slashes. */
export type GlobRow = (GlobSegment | typeof GLOBSTAR | typeof ANY_SEGMENT)[]

/** More alternatives are not looked at: nothing is told of such patterns. */
const MAX_ROWS = 50

/** The alternatives that the braces of a compiled pattern stand for; undefined: too many to reason about. */
export function readGlob(source: string): GlobRow[] | undefined {
  const expansion = expandBraces(source)
  if ('problem' in expansion) throw new Error(`a compiled pattern does not expand: ${expansion.problem}`)
  if (expansion.alternatives.length > MAX_ROWS) return undefined
  return expansion.alternatives.map(it => toRow(toPatternText(it, expansion.names)))
}

/** The text that a segment without wildcards matches; undefined: it has some. */
export function literalOf(segment: GlobRow[number]): string | undefined {
  if (typeof segment === 'symbol' || segment.items === undefined) return undefined
  let text = ''
  for (const item of segment.items) {
    if (item.kind !== 'literal') return undefined
    text += item.character
  }
  return text
}

/** The segment's text with its captures named otherwise. */
export function renamed({ text }: GlobSegment, rename: (capture: string) => string): string {
  return text.replace(/\\[\s\S]|\{(\w+)\}/g, (part, name?: string) =>
    name === undefined ? part : `{${rename(name)}}`,
  )
}

/** The captures of a segment, in their order. */
export function capturesOf({ text }: GlobSegment): string[] {
  return [...text.matchAll(/\\[\s\S]|\{(\w+)\}/g)].flatMap(([, name]) => name ?? [])
}

function toRow(text: string): GlobRow {
  const texts = text.split('/')
  return texts.flatMap((segment, i): GlobRow => {
    if (segment !== '**') return [{ text: segment, items: toItems(segment) }]
    return i === texts.length - 1 ? [GLOBSTAR, ANY_SEGMENT] : [GLOBSTAR]
  })
}

function toItems(text: string): GlobItem[] | undefined {
  const items: GlobItem[] = []
  for (const [token, escaped, name] of text.matchAll(/\\([\s\S])|\{(\w+)\}|[!?+*@]\(|[\s\S]/gu)) {
    if (escaped !== undefined) items.push({ kind: 'literal', character: escaped })
    else if (name !== undefined) items.push({ kind: 'capture', name })
    else if (token === '[' || token.endsWith('(')) return undefined
    else if (token === '*') items.push({ kind: 'star' })
    else if (token === '?') items.push({ kind: 'any' })
    else items.push({ kind: 'literal', character: token })
  }
  return items
}
