/** What the rules must agree on among themselves. */
import { toAssetName } from '../naming.ts'
import { datastoreOf } from './datastore.ts'
import type { Defined } from './definitions.ts'
import { lineOf, type Place, type Reporter, within } from './report.ts'
import type { Datastore, Rule } from './rule-set.ts'
import { isBuiltInName } from './template.ts'

export function checkRuleNames(rules: Defined<Rule>[], report: Reporter): void {
  const known = new Map<string, Place>()
  for (const { value, place } of rules) {
    const first = known.get(value.name)
    if (first === undefined) known.set(value.name, place)
    else
      report.value(
        within(place, 'name'),
        `${value.name} is also the rule at ${lineOf(first)}; name it otherwise`,
      )
  }
}

/** A datastore's name must not stand for two containers, whether it is given or made. */
export function checkDatastoreNames(
  datastores: Map<string, Defined<Datastore>>,
  rules: Defined<Rule>[],
  report: Reporter,
): void {
  const given = new Map([...datastores].map(([key, { value }]) => [key, value]))
  const known = new Map<string, Datastore>()
  const all = [
    ...[...datastores.values()].map(({ value, place }) => ({
      datastore: value,
      place: within(place, 'name'),
    })),
    ...rules.map(({ value, place }) => ({
      datastore: datastoreOf({ datastores: given }, value.account, value.container),
      place: within(place, 'from'),
    })),
  ]
  for (const { datastore, place } of all) {
    const { name, account, container } = datastore
    const first = known.get(name)
    if (first === undefined) known.set(name, datastore)
    else if (first.account !== account || first.container !== container) {
      const other = `${first.account}/${first.container}`
      report.value(place, `the datastore ${name} stands for ${other} already; give one of them another name`)
    }
  }
}

/**
 * Rules that make the same asset must agree on its type and its workspaces. Which names a rule makes is known
 * from its template, whatever its captures are called; rules whose `where` sets them apart do not meet.
 */
export function checkSharedAssets(rules: Defined<Rule>[], report: Reporter): void {
  const byShape = new Map<string, Defined<Rule>[]>()
  for (const rule of rules) {
    const shape = shapeOf(rule.value)
    const sharing = byShape.get(shape) ?? []
    const other = sharing.find(it => areAtOdds(it.value, rule.value))
    if (other) report.value(within(rule.place, 'asset'), disagreement(rule.value, other))
    sharing.push(rule)
    byShape.set(shape, sharing)
  }
}

/** Two rules of one shape that make the same names, and disagree. */
export function areAtOdds(a: Rule, b: Rule): boolean {
  return !agree(a, b) && mayMeet(a, b)
}

/** The asset's name with its captures numbered; two rules of one shape may make the same names. */
export function shapeOf({ asset, container }: Rule): string {
  if (asset.names.length === 0) return JSON.stringify(toAssetName(asset.render({})))
  const captures = capturesOf(asset.names)
  return JSON.stringify(
    asset.parts.map(part => {
      if ('text' in part) return part
      if (part.name === 'container') return { text: container }
      return isBuiltInName(part.name) ? part.name : captures.indexOf(part.name)
    }),
  )
}

/** Workspaces that could not be found out are a problem of their own. */
function agree(a: Rule, b: Rule): boolean {
  if (a.workspaces.length === 0 || b.workspaces.length === 0) return true
  return a.type === b.type && a.workspaces.join() === b.workspaces.join()
}

/** False when some capture of the name can never be the same in both. */
function mayMeet(a: Rule, b: Rule): boolean {
  const others = capturesOf(b.asset.names)
  return capturesOf(a.asset.names).every((name, i) => {
    const valuesOfA = literalValues(a, name)
    const valuesOfB = literalValues(b, others[i] as string)
    return !valuesOfA || !valuesOfB || valuesOfA.some(value => valuesOfB.includes(value))
  })
}

/** All that the capture can be, as it shows in an asset's name; undefined: not known. */
function literalValues(rule: Rule, capture: string): string[] | undefined {
  const globs = Object.hasOwn(rule.where, capture) ? rule.where[capture] : undefined
  if (!globs?.every(({ source }) => /^[a-zA-Z0-9_-]+$/.test(source))) return undefined
  return globs.map(glob => glob.source)
}

function capturesOf(names: string[]): string[] {
  return names.filter(name => !isBuiltInName(name))
}

function disagreement(rule: Rule, { value: other, place }: Defined<Rule>): string {
  const toldOf = ({ type, workspaces }: Rule) => `${type} for ${workspaces.join(', ')}`
  return (
    `rule ${other.name} (${lineOf(place)}) makes the same asset as ${toldOf(other)}, this one as ${toldOf(rule)}; ` +
    'make them agree, or name the assets apart'
  )
}
