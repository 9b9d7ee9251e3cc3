/** Segments without extglobs, matched where they stand in the path: no copies, no regular expressions. */
import { isInClass } from './character-class.ts'
import type { Item } from './segment-items.ts'

export type Wildcard = Exclude<Item, { kind: 'extglob' | 'capture' }>

export function isPlain(items: readonly Item[]): items is readonly Wildcard[] {
  return items.every(item => item.kind !== 'extglob' && item.kind !== 'capture')
}

/** How often a character is looked at, at the most. */
export function sizeOf(wildcards: readonly Wildcard[]): number {
  return wildcards.reduce((sum, it) => sum + (it.kind === 'literal' ? it.text.length : 1), 0)
}

/**
 * Where the rest fails, only the last star has to take one more character, as whatever an earlier one could still
 * reach, the last one reaches too. So each character meets each wildcard once at the most.
 */
export function matchesWildcards(
  wildcards: readonly Wildcard[],
  text: string,
  from: number,
  to: number,
): boolean {
  let index = 0
  let at = from
  let afterStar = -1
  let starEnd = from

  for (;;) {
    if (index === wildcards.length) {
      if (at === to || afterStar === index) return true
    } else {
      const wildcard = wildcards[index] as Wildcard
      if (wildcard.kind === 'star') {
        afterStar = ++index
        starEnd = at
        continue
      }
      const end = endOf(wildcard, text, at, to)
      if (end >= 0) {
        index++
        at = end
        continue
      }
    }
    if (afterStar < 0 || starEnd >= to) return false
    starEnd += placesOf(text.codePointAt(starEnd) as number)
    at = starEnd
    index = afterStar
  }
}

export function standsAt(literal: string, text: string, at: number): boolean {
  for (let i = 0; i < literal.length; i++) {
    if (text.charCodeAt(at + i) !== literal.charCodeAt(i)) return false
  }
  return true
}

/** Where a wildcard that is no star ends when it begins at `at`; -1: it does not match there. */
function endOf(wildcard: Wildcard, text: string, at: number, to: number): number {
  if (wildcard.kind === 'literal') {
    const end = at + wildcard.text.length
    return end <= to && standsAt(wildcard.text, text, at) ? end : -1
  }
  if (at >= to || wildcard.kind === 'never') return -1
  const code = text.codePointAt(at) as number
  return wildcard.kind !== 'class' || isInClass(wildcard.characters, code) ? at + placesOf(code) : -1
}

/** Characters beyond the first 65,536 take two places of a string. */
function placesOf(code: number): number {
  return code > 0xffff ? 2 : 1
}
