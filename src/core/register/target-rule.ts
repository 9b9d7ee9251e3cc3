import { createMatcher, type Matcher } from '../matching.ts'
import { compilePattern } from '../patterns/pattern.ts'
import type { Rule, RuleSet } from '../rules/rule-set.ts'
import type { Template } from '../rules/template.ts'
import { DAY, HOUR } from '../time.ts'
import { originOf, type Target } from './request.ts'

/** What a folder's files wait for one another at the most, should nobody say that all are there. */
const GATHER_MS = HOUR
const GATHER_AT_MOST_MS = DAY

/** A rule of one target, with all that matching and recording need. */
export interface TargetRules extends Matcher {
  rules: RuleSet
  commit: undefined
  since: number
}

/**
 * The target as the one rule of a rule set. `isGathering`: a folder's files wait to become one version, which is cut
 * when all are there; otherwise nothing waits, as is right for a listing: what lies there is what was asked for.
 */
export function toTargetRules(
  target: Target,
  { cloud, workspaces }: Pick<RuleSet, 'cloud' | 'workspaces'>,
  isGathering: boolean,
): TargetRules {
  const { account, container } = target.datastore
  const rules = [toRule(target, isGathering)]
  const datastores = new Map([[`${account}/${container}`, target.datastore]])
  return {
    rules: { cloud, rules, workspaces, datastores },
    commit: undefined,
    since: 0,
    ...createMatcher({ rules }),
  }
}

function toRule(target: Target, isGathering: boolean): Rule {
  const { dataset, datastore, asset, type, dataPath, pattern, workspaces } = target
  const match = compilePattern(pattern)
  if ('problem' in match) throw new Error(`the pattern of dataset ${dataset} ${match.problem}`)
  const waits = isGathering && type === 'uri_folder'
  return {
    name: originOf(dataset),
    account: datastore.account,
    container: datastore.container,
    match,
    ignore: [],
    where: {},
    asset: literal(asset),
    type,
    folder: type === 'uri_folder' ? literal(dataPath) : undefined,
    settleMs: waits ? GATHER_MS : 0,
    maxWaitMs: waits ? GATHER_AT_MOST_MS : 0,
    marker: undefined,
    workspaces,
    backfill: 'newest',
    description: undefined,
    tags: {},
    operators: [],
    origin: { file: 'POST /api/register', line: 0 },
  }
}

/** Whatever stands in it, braces too. */
function literal(text: string): Template {
  return { source: text, names: [], parts: [{ text }], render: () => text }
}
