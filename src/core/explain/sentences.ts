/** Verdicts and advice in words, for people. */
import { nearestName } from '../rules/suggestion.ts'
import type { PatternMiss } from './pattern-miss.ts'
import type { Result, Verdict } from './verdict.ts'

/** Lists of globs are cut behind so many. */
const MAX_LISTED = 10

/** Why the file does not go the rule's way; undefined: it does. */
export function reasonOf(result: Result): string | undefined {
  if (result.kind === 'matched') return undefined
  if (result.kind === 'refused') return result.reason
  switch (result.condition) {
    case 'container':
      return 'is for another container'
    case 'ignore':
      return `ignore: ${result.glob} matches the path`
    case 'where':
      return `where: {${result.capture}} is "${result.value}", not one of ${listed(result.globs)}`
    case 'pattern':
      return patternReason(result.pattern, result.isMarker, result.miss)
  }
}

function patternReason(pattern: string, isMarker: boolean, miss: PatternMiss | undefined): string {
  const what = isMarker ? 'marker' : 'match'
  if (miss === undefined) return `${what}: ${pattern} does not match`
  const of = miss.alternative === pattern ? '' : ` (of ${miss.alternative})`
  return `${what}: ${placeOf(miss)}${of}`
}

function placeOf({ expected, found, position, isAnywhere }: PatternMiss): string {
  if (expected === undefined) return `the pattern ends before segment ${position}, "${found}"`
  if (found === undefined) {
    return `the path ends where ${expected === '**' ? 'one segment more' : `${shown(expected)}`} is expected`
  }
  if (isAnywhere) return `no segment from ${position} on, "${found}", is followed as ${shown(expected)} asks`
  return `segment ${position} is "${found}", expected ${shown(expected)}`
}

/** One sentence: what to change so that the rule takes the file. */
export function adviceOf({ rule, result }: Verdict): string | undefined {
  if (result.kind === 'matched') return undefined
  if (result.kind === 'refused') {
    return {
      asset: `Rule ${rule} matches: give its asset a name that has letters or digits for this file.`,
      path: `Rule ${rule} matches: rename the file, as nothing can point to that path.`,
      text: `Rule ${rule} matches: give it shorter tags or a shorter description.`,
    }[result.condition]
  }
  switch (result.condition) {
    case 'container':
      return undefined
    case 'ignore':
      return `Rule ${rule} matches but for its ignore: take ${result.glob} away if this file is meant to count.`
    case 'where':
      return `Rule ${rule} matches but for its where: add "${result.value}" to ${result.capture} if it is meant.`
    case 'pattern':
      return result.miss === undefined
        ? `Rule ${rule} is of this container: compare ${result.pattern} with the path.`
        : patternAdvice(rule, result.isMarker ? 'marker' : 'match', result.miss)
  }
}

function patternAdvice(rule: string, key: string, miss: PatternMiss): string {
  const { expected, found, alternative, position } = miss
  if (expected === undefined) {
    return `Rule ${rule} comes nearest, but the file lies deeper than ${alternative} reaches: ** stands for any number of folders.`
  }
  if (found === undefined) {
    return `Rule ${rule} comes nearest, but the file does not lie as deep as ${alternative} asks.`
  }
  if (expected === '' && position === 1) {
    return `Rule ${rule} comes nearest, but its ${key} begins with /: take the slash away, as paths begin with their first folder.`
  }
  if (found === '') {
    return `Rule ${rule} comes nearest, but the path has an empty segment (//) where ${shown(expected)} is expected.`
  }
  const literal = !/[*?[\](){}\\]/.test(expected)
  if (literal && found.toLowerCase() === expected.toLowerCase()) {
    return `Rule ${rule} comes nearest, but upper and lower case count: the path says "${found}", its ${key} ${expected}.`
  }
  if (literal && nearestName(found, [expected]) !== undefined) {
    return `Rule ${rule} comes nearest: is "${found}" perhaps meant to be ${expected}?`
  }
  return `Rule ${rule} comes nearest: it would match if its ${key} took "${found}" where it says ${shown(expected)}.`
}

function shown(expected: string): string {
  return expected === '' ? 'an empty segment' : expected
}

function listed(texts: readonly string[]): string {
  const more = texts.length > MAX_LISTED ? ` and ${texts.length - MAX_LISTED} more` : ''
  return texts.slice(0, MAX_LISTED).join(', ') + more
}
