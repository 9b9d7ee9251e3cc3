import { literalFolder } from '../rules/backfill.ts'
import { datastoreOf } from '../rules/datastore.ts'
import type { Rule, RuleSet } from '../rules/rule-set.ts'
import { endOfPrefix } from './name-order.ts'
import type { ListedPlace } from './run.ts'

/** Places that a run begins with; where there are more, containers are listed as a whole. */
export const MAX_PLACES = 256
/** Parts that the places together are cut into, as far as folders allow it. */
export const SPLIT_INTO = 32
/** Less than a page of the service, so that a part is about one. */
export const BLOBS_PER_PART = 4000
/** Fewer are listed sooner than it is found out how to cut them. */
const WORTH_CUTTING = 20_000

/**
 * What has to be listed so that every file is seen that these rules may want; no file twice. `expected`: about so many
 * blobs, where that is known.
 */
export function planPlaces(
  rules: readonly Rule[],
  prefix: string,
  all: RuleSet,
  expected = SPLIT_INTO * BLOBS_PER_PART,
): ListedPlace[] {
  const wanted = Map.groupBy(rules, ({ account, container }) => `${account}/${container}`)
  const containers = [...wanted.values()].map(its => {
    const prefixes = its.flatMap(rule => prefixesOf(rule)).flatMap(its => narrower(its, prefix) ?? [])
    return { rule: its[0] as Rule, prefixes: withoutCovered(prefixes) }
  })
  const count = containers.reduce((sum, { prefixes }) => sum + prefixes.length, 0)
  const places = containers.flatMap(({ rule: { account, container }, prefixes }) => {
    const { kind } = datastoreOf(all, account, container)
    const order = kind === 'azure_data_lake_gen2' ? ('hierarchical' as const) : ('flat' as const)
    const chosen = count > MAX_PLACES ? prefixes.slice(0, 1).map(() => prefix) : prefixes
    return chosen.map(prefix => ({ account, container, prefix, order }))
  })
  const most = expected < WORTH_CUTTING ? 1 : Math.min(SPLIT_INTO, Math.floor(expected / BLOBS_PER_PART))
  const splits = Math.max(1, Math.floor(most / Math.max(1, places.length)))
  return places.map(place => ({ ...place, splits }))
}

/** What the paths of its files, and of its markers, begin with. */
function prefixesOf({ match, marker }: Rule): string[] {
  return [match, ...(marker?.patterns ?? [])].map(({ source }) => {
    const folder = literalFolder(source)
    return folder === '' ? '' : `${folder}/`
  })
}

/** The longer of two prefixes, where one begins with the other. */
function narrower(one: string, other: string): string | undefined {
  if (one.startsWith(other)) return one
  return other.startsWith(one) ? other : undefined
}

function withoutCovered(prefixes: readonly string[]): string[] {
  const kept: string[] = []
  for (const prefix of [...new Set(prefixes)].sort()) {
    // Sorted, whatever covers a prefix stands before it, and the last one kept is the nearest.
    const last = kept.at(-1)
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix)
  }
  return kept
}

/**
 * At most `max` prefixes, of which none covers another, that together cover all the names that begin with `parent`.
 * The fullest is cut again and again: behind what its names have in common, at the next character.
 */
export function splitPrefixes(parent: string, names: readonly string[], max: number): string[] {
  return cutFullest(parent, names, max, its => {
    const common = commonPrefix(its)
    // One of the names is what all begin with: it would be in no group.
    return its.includes(common) ? undefined : groupBehind(common, its)
  })
}

/**
 * The same where the names are not all that there is, but bounds between which the blobs lie about evenly; what lies
 * between the prefixes is in none of them, see `gapsBetween`. Every order of listings has the names that begin with
 * them in the order of the prefixes, and nothing between those of one.
 */
export function splitByBounds(parent: string, bounds: readonly string[], max: number): string[] {
  const within = bounds.filter(bound => bound.startsWith(parent))
  return cutFullest(parent, within, max, its => {
    if (its.length < BOUNDS_WORTH_CUTTING) return undefined
    const groups = groupBehind(commonPrefix(its), its)
    const isOrdered = groups.every(({ prefix }) => ALIKE_IN_ALL_ORDERS.test(prefix.slice(parent.length)))
    return isOrdered && groups.length > 0 ? groups : undefined
  })
}

/** Of the index: two parts or so. Fewer say little of where its blobs lie. */
const BOUNDS_WORTH_CUTTING = 16
/**
 * What two of them differ by is ASCII behind the slash: a hierarchical listing puts the slash first, see `name-order.ts`.
 * No slash, as a file of today may have the name of yesterday's folder, and nothing that no name has.
 */
const ALIKE_IN_ALL_ORDERS = /^[^/\p{Cc}\p{Cs}]*[0-~]$/u

/**
 * Where the names may begin that begin with `parent` and with none of these prefixes, which are in their order: they are
 * listed from one of these texts on, before those of the next prefix.
 */
export function gapsBetween(parent: string, prefixes: readonly string[]): string[] {
  const gaps: string[] = []
  let from: string | undefined = parent
  for (const prefix of prefixes) {
    if (from !== undefined && from !== prefix) gaps.push(from)
    from = endOfPrefix(prefix)
  }
  if (from !== undefined && from !== endOfPrefix(parent)) gaps.push(from)
  return gaps
}

interface Group {
  prefix: string
  names: string[]
}

/** `cut`: into groups; undefined: it stays whole. */
function cutFullest(
  parent: string,
  names: readonly string[],
  max: number,
  cut: (names: readonly string[]) => Group[] | undefined,
): string[] {
  const groups: Group[] = [{ prefix: parent, names: [...names] }]
  const whole = new Set<string>()
  while (groups.length < max) {
    const fullest = groups
      .filter(({ prefix, names }) => names.length > 1 && !whole.has(prefix))
      .sort((a, b) => b.names.length - a.names.length)[0]
    if (fullest === undefined) break
    const smaller = cut(fullest.names)
    const isCut = smaller?.every(({ prefix }) => prefix !== fullest.prefix)
    if (!smaller || !isCut || groups.length - 1 + smaller.length > max) whole.add(fullest.prefix)
    else groups.splice(groups.indexOf(fullest), 1, ...smaller)
  }
  return groups.map(({ prefix }) => prefix).sort()
}

/** By the character behind what all begin with; a name that ends there is in no group. */
function groupBehind(common: string, names: readonly string[]): Group[] {
  const longer = names.filter(({ length }) => length > common.length)
  const groups = Map.groupBy(
    longer,
    name => common + String.fromCodePoint(name.codePointAt(common.length) ?? 0),
  )
  return [...groups].map(([prefix, its]) => ({ prefix, names: its }))
}

/** Ends where a character ends. */
function commonPrefix(names: readonly string[]): string {
  let common = names[0] ?? ''
  for (const name of names) {
    let length = 0
    while (length < common.length && common[length] === name[length]) length += 1
    common = common.slice(0, length)
  }
  return common.isWellFormed() ? common : common.slice(0, -1)
}
