/**
 * Finds the few rows that a path may match without looking at the others: a tree of hash tables. Each row hangs
 * where the rarest thing that is known of its paths leads; what hangs there is verified.
 */
import { matchesRow, type Row } from '../patterns/row.ts'
import type { SplitPath } from '../patterns/split-path.ts'
import { ANYWHERE, type Feature, featuresOf, keyAt, keyOfSegment, type Probe } from './features.ts'

export interface Entry extends Row {
  /** What is found by the row. Several rows may have the same. */
  rule: number
}

export interface RuleIndex {
  /** The rules of which a row matches, ascending. */
  find(path: SplitPath): readonly number[]
}

interface Node {
  /** To be verified with every path that comes here. */
  entries: readonly Entry[]
  probes: readonly Probe[]
  /** A hash table: key and index of a child, in turn. Where the key is 0 the place is free. */
  table: Int32Array
  /** What of a key's highest bits is its place in the table, times two. */
  shift: number
  children: readonly Node[]
  /** The number of the last path that came here by a segment anywhere. */
  lastPath: number
}

/** So many are verified rather than told apart. */
const MAX_LEAF_ENTRIES = 4
const NOTHING: readonly number[] = []
const NONE: readonly never[] = []
const NO_TABLE = new Int32Array(2)

export function createRuleIndex(entries: readonly Entry[]): RuleIndex {
  const root = buildNode(entries.map(entry => ({ entry, features: featuresOf(entry) })))
  let found: number[] | undefined
  let paths = 0
  return {
    find(path) {
      found = undefined
      paths++
      visit(root, path)
      return found ?? NOTHING
    },
  }

  function visit(node: Node, path: SplitPath): void {
    const { entries, probes } = node
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry
      if (matchesRow(entry, path)) found = inserted(found, entry.rule)
    }
    for (let i = 0; i < probes.length; i++) {
      const probe = probes[i] as Probe
      if (probe === ANYWHERE) visitAnywhere(node, path)
      else {
        const child = childAt(node, keyAt(probe, path))
        if (child !== undefined) visit(child, path)
      }
    }
  }

  /** A path may repeat a segment, but what it leads to is verified once. */
  function visitAnywhere(node: Node, path: SplitPath): void {
    for (let segment = 0; segment < path.count; segment++) {
      const child = childAt(node, keyOfSegment(path, segment))
      if (child === undefined || child.lastPath === paths) continue
      child.lastPath = paths
      visit(child, path)
    }
  }
}

function childAt({ table, shift, children }: Node, key: number): Node | undefined {
  const mask = table.length - 1
  let slot = (key >>> shift) << 1
  while (table[slot] !== key) {
    if (table[slot] === 0) return undefined
    slot = (slot + 2) & mask
  }
  return key === 0 ? undefined : children[table[slot + 1] as number]
}

/** Rows come nearly in the order of their rules, and a rule may come several times. */
function inserted(found: number[] | undefined, rule: number): number[] {
  if (found === undefined) return [rule]
  let at = found.length
  while (at > 0 && (found[at - 1] as number) > rule) at--
  if (found[at - 1] !== rule) found.splice(at, 0, rule)
  return found
}

interface Featured {
  entry: Entry
  features: Feature[]
}

function buildNode(all: Featured[]): Node {
  if (all.length <= MAX_LEAF_ENTRIES) return toLeaf(all)
  const rest: Featured[] = []
  const buckets = new Map<number, Featured[]>()
  const probes = new Set<Probe>()
  for (const [i, feature] of chooseFeatures(all).entries()) {
    const featured = all[i] as Featured
    if (feature === undefined) rest.push(featured)
    else {
      probes.add(feature.probe)
      const bucket = buckets.get(feature.key)
      if (bucket) bucket.push(featured)
      else buckets.set(feature.key, [featured])
    }
  }
  return {
    ...toLeaf(rest),
    probes: [...probes],
    ...toTable([...buckets.keys()]),
    children: [...buckets.values()].map(buildNode),
  }
}

function toLeaf(all: Featured[]): Node {
  return {
    entries: all.map(({ entry }) => entry),
    probes: NONE,
    table: NO_TABLE,
    shift: 31,
    children: NONE,
    lastPath: 0,
  }
}

/**
 * For each entry what it is found by: something that few others share, and if there are several such, the probe
 * that serves the most entries, so that few probes are needed. Undefined: nothing tells it from the others.
 */
function chooseFeatures(all: Featured[]): (Feature | undefined)[] {
  const counts = new Map<number, number>()
  for (const { features } of all) for (const { key } of features) counts.set(key, (counts.get(key) ?? 0) + 1)
  const countOf = ({ key }: Feature) => counts.get(key) as number

  const served = new Map<Probe, number>()
  for (const { features } of all) {
    for (const feature of features) {
      if (countOf(feature) > MAX_LEAF_ENTRIES) continue
      served.set(feature.probe, (served.get(feature.probe) ?? 0) + 1)
    }
  }
  const isBetter = (a: Feature, b: Feature) => {
    const [countA, countB] = [countOf(a), countOf(b)].map(count => Math.max(count, MAX_LEAF_ENTRIES))
    if (countA !== countB) return (countA as number) < (countB as number)
    return (served.get(a.probe) ?? 0) > (served.get(b.probe) ?? 0)
  }
  return all.map(({ features }) => {
    let best: Feature | undefined
    for (const feature of features) {
      if (countOf(feature) < all.length && (best === undefined || isBetter(feature, best))) best = feature
    }
    return best
  })
}

/** The keys, each with its index, in a table that is half empty. */
function toTable(keys: number[]): { table: Int32Array; shift: number } {
  const bits = Math.ceil(Math.log2(keys.length + 1)) + 1
  const table = new Int32Array(2 << bits)
  const shift = 32 - bits
  for (const [index, key] of keys.entries()) {
    let slot = (key >>> shift) << 1
    while (table[slot] !== 0) slot = (slot + 2) & (table.length - 1)
    table[slot] = key
    table[slot + 1] = index
  }
  return { table, shift }
}
