/** The names of assets that a rule can make. */
import { toAssetName } from '../../naming.ts'
import type { Rule } from '../rule-set.ts'
import { isBuiltInName } from '../template.ts'
import { literalOf, readGlob } from './glob.ts'

const MAX_NAMES = 50

/** What every asset of the rule begins with: the text before the first name, as it shows in an asset's name. */
export function prefixOf({ asset }: Rule): string {
  const [first] = asset.parts
  const text = first && 'text' in first ? first.text : ''
  return text.replace(/[^a-zA-Z0-9_-]/gu, '-').replace(/^[_-]+/, '')
}

/** All names that the rule can make, where `where` lists the values of every capture in them; else undefined. */
export function finiteNames(rule: Rule): string[] | undefined {
  let all: Record<string, string>[] = [{}]
  for (const name of rule.asset.names) {
    const values = isBuiltInName(name) ? undefined : literalValues(rule, name)
    if (values === undefined || values.length * all.length > MAX_NAMES) return undefined
    all = values.flatMap(value => all.map(it => ({ ...it, [name]: value })))
  }
  return [...new Set(all.flatMap(values => toAssetName(rule.asset.render(values)) ?? []))]
}

function literalValues(rule: Rule, capture: string): string[] | undefined {
  const globs = Object.hasOwn(rule.where, capture) ? rule.where[capture] : undefined
  const texts = globs?.flatMap(({ source }) =>
    readGlob(source)?.map(([segment]) => segment && literalOf(segment)),
  )
  if (texts === undefined) return undefined
  const known = texts.filter(text => text !== undefined)
  return known.length === texts.length ? known : undefined
}
