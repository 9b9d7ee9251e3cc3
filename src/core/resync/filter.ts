import { hash } from 'node:crypto'
import { toAssetName } from '../naming.ts'
import type { Rule, RuleSet } from '../rules/rule-set.ts'

/** What a run is limited to; all that are given hold at once. */
export interface RunFilter {
  /** As the rules name it: `account/container`, or the container alone. */
  container: string | undefined
  /** Paths in the container begin with this. */
  prefix: string | undefined
  /** The name of a rule. */
  rule: string | undefined
  /** The name of an asset. */
  asset: string | undefined
  /** An alias: it is given what the assets have, as far as rules name it. */
  workspace: string | undefined
  /** Only files written since then, in milliseconds since 1970. */
  since: number | undefined
  /** Counts, and writes nothing. */
  dryRun: boolean
  /** Also compares the ledger with what Azure ML has. */
  verify: boolean
}

export const NO_FILTER: RunFilter = {
  container: undefined,
  prefix: undefined,
  rule: undefined,
  asset: undefined,
  workspace: undefined,
  since: undefined,
  dryRun: false,
  verify: false,
}

/** The same for every filter that asks for the same, also where it names the container otherwise. */
export function groundOf(filter: RunFilter, { rules }: Pick<RuleSet, 'rules'>): string {
  const { container, prefix, rule, asset, workspace, since, dryRun, verify } = filter
  const named = container === undefined ? [] : rules.filter(it => isNamed(it, container)).map(nameOf)
  const text = JSON.stringify([
    container === undefined ? null : [...new Set(named)].sort(),
    // All names begin with nothing.
    prefix || null,
    rule ?? null,
    asset ?? null,
    workspace ?? null,
    since ?? null,
    dryRun,
    verify,
  ])
  return hash('sha256', text, 'base64url').slice(0, 22)
}

/** The rules whose files a run looks at. */
export function rulesConcerned({ container, rule, asset, workspace }: RunFilter, { rules }: RuleSet): Rule[] {
  return rules.filter(
    it =>
      (container === undefined || isNamed(it, container)) &&
      (rule === undefined || it.name === rule) &&
      (workspace === undefined || it.workspaces.includes(workspace)) &&
      // What a template makes of files is known when they are seen.
      (asset === undefined || it.asset.names.length > 0 || toAssetName(it.asset.render({})) === asset),
  )
}

/** Why a run of this filter would find nothing; undefined: it may find something. */
export function problemOf(filter: RunFilter, rules: RuleSet): string | undefined {
  const { container, rule, workspace } = filter
  if (container !== undefined && !rules.rules.some(it => isNamed(it, container)))
    return `no rule watches the container ${container}`
  if (rule !== undefined && !rules.rules.some(({ name }) => name === rule))
    return `there is no rule named ${rule}`
  if (workspace !== undefined && !rules.workspaces.has(workspace))
    return `the rules know no workspace ${workspace}`
  if (rulesConcerned(filter, rules).length === 0) return 'no rule does all of what is asked for'
  return undefined
}

function isNamed(rule: Rule, container: string): boolean {
  return container === rule.container || container === nameOf(rule)
}

function nameOf({ account, container }: Rule): string {
  return `${account}/${container}`
}
