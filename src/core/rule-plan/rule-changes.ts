/** What differs between two rule sets, as far as it matters to what is registered. */
import type { Pattern } from '../patterns/pattern.ts'
import { datastoreOf } from '../rules/datastore.ts'
import type { Rule, RuleSet } from '../rules/rule-set.ts'

export interface RuleChanges {
  /** By name, in the order of the new rules. */
  added: string[]
  /** By name, in the order of the old rules. */
  removed: string[]
  /** `fields`: the keys of the rule whose meaning differs. */
  changed: { rule: string; fields: string[] }[]
  /** The same rule under another name: nothing is registered again. */
  renamed: { from: string; to: string }[]
  /** The containers of all rules that differ, as `account/container`: elsewhere nothing changes. */
  containers: Set<string>
}

export function compareRules(old: RuleSet, next: RuleSet): RuleChanges {
  const before = describeAll(old)
  const after = describeAll(next)
  const changes: RuleChanges = { added: [], removed: [], changed: [], renamed: [], containers: new Set() }

  for (const { rule, fields } of after.values()) {
    const former = before.get(rule.name)
    if (former === undefined) continue
    const differing = Object.keys(fields).filter(key => fields[key] !== former.fields[key])
    if (differing.length === 0) continue
    changes.changed.push({ rule: rule.name, fields: differing })
    for (const { account, container } of [rule, former.rule])
      changes.containers.add(`${account}/${container}`)
  }
  const gone = [...before.values()].filter(({ rule }) => !after.has(rule.name))
  for (const { rule, fields } of [...after.values()].filter(({ rule }) => !before.has(rule.name))) {
    const whole = JSON.stringify(fields)
    const at = gone.findIndex(former => JSON.stringify(former.fields) === whole)
    const [former] = at < 0 ? [] : gone.splice(at, 1)
    if (former !== undefined) changes.renamed.push({ from: former.rule.name, to: rule.name })
    else {
      changes.added.push(rule.name)
      changes.containers.add(`${rule.account}/${rule.container}`)
    }
  }
  for (const { rule } of gone) {
    changes.removed.push(rule.name)
    changes.containers.add(`${rule.account}/${rule.container}`)
  }
  return changes
}

/** Whether anything is registered otherwise than before. */
export function isAnyChange({ added, removed, changed }: RuleChanges): boolean {
  return added.length + removed.length + changed.length > 0
}

function describeAll(rules: RuleSet): Map<string, { rule: Rule; fields: Record<string, string> }> {
  return new Map(rules.rules.map(rule => [rule.name, { rule, fields: fieldsOf(rule, rules) }]))
}

/** All that a rule does, by the keys of its file; names of groups and aliases resolved. */
function fieldsOf(rule: Rule, rules: RuleSet): Record<string, string> {
  const { name, kind } = datastoreOf(rules, rule.account, rule.container)
  const sources = (patterns: readonly Pattern[]) => patterns.map(({ source }) => source)
  const fields: Record<string, unknown> = {
    from: [rule.account, rule.container],
    match: rule.match.source,
    ignore: sources(rule.ignore),
    where: Object.entries(rule.where).map(([capture, globs]) => [capture, sources(globs)]),
    asset: rule.asset.source,
    type: rule.type,
    folder: rule.folder?.source ?? null,
    settle: rule.settleMs,
    maxWait: rule.maxWaitMs,
    marker: rule.marker?.name ?? null,
    to: rule.workspaces.map(alias => rules.workspaces.get(alias) ?? alias),
    description: rule.description?.source ?? null,
    tags: Object.entries(rule.tags).map(([key, template]) => [key, template.source]),
    datastore: [name, kind],
  }
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, JSON.stringify(value)]))
}
