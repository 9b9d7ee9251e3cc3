import type { Rule, RuleSet } from './rule-set.ts'

/** A part of the lake in which rules have something to register that earlier rules had not. */
export interface BackfillPlace {
  account: string
  container: string
  /** All paths that begin with these whole segments; without a slash at the end, '' is the whole container. */
  path: string
  /** The names of these rules. */
  rules: string[]
}

/**
 * Where files may lie that the new rules register and the old ones did not: under what a rule matches that is
 * new, that makes another asset or of other files, or that has got another workspace. A rule that was renamed or
 * moved to another file is not new: what counts is what it makes of which files.
 */
export function planBackfill(before: RuleSet, after: RuleSet): BackfillPlace[] {
  const known = Map.groupBy(before.rules, identityOf)
  const places = after.rules
    .filter(rule => {
      const olds = known.get(identityOf(rule)) ?? []
      const targets = targetsOf(rule, after)
      return !olds.some(old => targets.every(target => targetsOf(old, before).includes(target)))
    })
    .map(rule => ({
      account: rule.account,
      container: rule.container,
      path: literalFolder(rule.match.source),
      rules: [rule.name],
    }))
  return mergePlaces(places)
}

/** The fewest places that cover all of these, each with the rules of those that it covers. */
export function mergePlaces(places: readonly BackfillPlace[]): BackfillPlace[] {
  const widest = places.filter(
    (place, index) => !places.some((other, at) => covers(other, place, at < index)),
  )
  return widest.map(place => {
    const covered = places.filter(other => other === place || covers(place, other, true))
    return { ...place, rules: [...new Set(covered.flatMap(({ rules }) => rules))] }
  })
}

/** An alias may come to mean another workspace. */
function targetsOf(rule: Rule, { workspaces }: RuleSet): string[] {
  return rule.workspaces.map(alias => {
    const { subscription, resourceGroup, name } = workspaces.get(alias) ?? {}
    return [alias, subscription, resourceGroup, name].join('/')
  })
}

/** What a rule makes of which files. */
function identityOf(rule: Rule): string {
  const { account, container, match, ignore, where, asset, type, folder } = rule
  const globs = Object.entries(where).map(([name, patterns]) => [name, patterns.map(({ source }) => source)])
  return JSON.stringify([
    account,
    container,
    match.source,
    ignore.map(({ source }) => source),
    globs.sort(),
    asset.source,
    type,
    folder?.source,
  ])
}

/** The folders at the pattern's start in which no character means anything but itself. */
export function literalFolder(pattern: string): string {
  const segments = pattern.split('/').slice(0, -1)
  const end = segments.findIndex(segment => /[*?[\]{}()!+@\\|]/.test(segment))
  return segments.slice(0, end < 0 ? segments.length : end).join('/')
}

/** Whether listing `other` lists `place` too; of two that are the same, the first does. */
function covers(other: BackfillPlace, place: BackfillPlace, isEarlier: boolean): boolean {
  if (other.account !== place.account || other.container !== place.container) return false
  if (other.path === place.path) return isEarlier
  return other.path === '' || place.path.startsWith(`${other.path}/`)
}
