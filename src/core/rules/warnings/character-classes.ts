import { compilePattern } from '../../patterns/pattern.ts'

/**
 * Whether the segment asks for a character that there is not: a class of nothing but ranges that run backwards,
 * such as `[z-a]`. Segments with extglobs are not looked into.
 */
export function holdsEmptyClass(segment: string): boolean {
  if (/[!?+*@]\(/.test(segment)) return false
  const text = segment.replace(/\\[\s\S]/g, 'x')
  return [...text.matchAll(/\[(?:[a-zA-Z0-9]-[a-zA-Z0-9])+\]/g)].some(([source]) => isEmptyClass(source))
}

function isEmptyClass(source: string): boolean {
  const ends = source.slice(1, -1).match(/.-./g) ?? []
  if (!ends.every(range => range.charAt(0) > range.charAt(2))) return false
  const pattern = compilePattern(source)
  return !('problem' in pattern) && [...source].every(character => pattern.match(character) === undefined)
}
