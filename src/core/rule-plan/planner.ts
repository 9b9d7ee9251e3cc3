/**
 * What a change of the rules does to the files that lie in the lake, told file by file. Identity is the asset and
 * the content, so a rule that gets another name, or moves to another file, makes nothing anew.
 */

import { toIntent } from '../asset/to-intent.ts'
import type { BlobRef } from '../blob-ref.ts'
import type { ContainerRef } from '../blob-url.ts'
import { PUBLIC_CLOUD } from '../clouds.ts'
import { joinMatches } from '../join-matches.ts'
import { createMatcher, type Match } from '../matching.ts'
import type { RuleSet } from '../rules/rule-set.ts'
import { isDirectoryName } from '../storage-events.ts'
import { compareRules, isAnyChange } from './rule-changes.ts'
import type { RulesPlan } from './rules-plan.ts'
import { createTally, type Tally } from './tally.ts'

/** Assets and folders that are told apart exactly; beyond that their numbers are estimates. */
export const MAX_DISTINCT = 2 ** 20
/** Files shown of each kind. */
export const DEFAULT_SAMPLES = 10

export interface RulesPlanner {
  /** Those whose rules differ, by name: their files have to be added. */
  containers: ContainerRef[]
  add(ref: BlobRef): void
  finish(): RulesPlan
}

/** No rules: what there was before the first. */
export const NO_RULES: RuleSet = {
  cloud: PUBLIC_CLOUD,
  rules: [],
  workspaces: new Map(),
  datastores: new Map(),
}

export function createRulesPlanner(
  old: RuleSet,
  next: RuleSet,
  { samples = DEFAULT_SAMPLES, maxDistinct = MAX_DISTINCT } = {},
): RulesPlanner {
  const changes = compareRules(old, next)
  const { containers, ...rules } = changes
  const [before, after] = [createMatcher(old), createMatcher(next)]
  const tally = createTally(next, { samples, maxDistinct })
  let files = 0
  return {
    containers: [...containers].sort().map(toContainer),
    add(ref) {
      files += 1
      if (isDirectoryName(ref.path)) return
      const was = outcomesOf(before.match(ref), ref, old)
      const is = outcomesOf(after.match(ref), ref, next)
      planFile(tally, ref, was, is)
    },
    finish: () => ({ isChange: isAnyChange(changes), rules, files, ...tally.totals() }),
  }
}

interface Outcomes {
  /** By asset, of its first rule, for the workspaces of all. */
  made: Map<string, Match>
  /** By rule: what matches, and cannot be registered. */
  refused: Map<string, { match: Match; reason: string }>
}

function planFile(tally: Tally, ref: BlobRef, was: Outcomes, is: Outcomes): void {
  for (const [asset, match] of is.made) {
    const former = was.made.get(asset)
    if (former !== undefined) {
      planKept(tally, ref, asset, former, match)
      continue
    }
    const { rule, dataPath } = match
    tally.count(
      'matched',
      ref,
      rule.name,
      asset,
      rule.type === 'uri_folder' ? `of ${shown(dataPath)}` : undefined,
    )
    tally.version(ref, match, asset)
  }
  for (const [asset, { rule }] of was.made) {
    if (!is.made.has(asset)) tally.count('unmatched', ref, rule.name, asset)
  }
  for (const [rule, { match, reason }] of is.refused) {
    if (!was.refused.has(rule)) tally.count('refused', ref, rule, match.asset, reason)
  }
}

/** The asset stays: what differs is where it points to from now on, and who gets it. */
function planKept(tally: Tally, ref: BlobRef, asset: string, was: Match, is: Match): void {
  const { name, type, backfill, workspaces } = is.rule
  if (was.rule.type !== type) {
    const note = `exists as ${was.rule.type}; is refused as ${type}, which needs another name`
    tally.count('changed', ref, name, asset, note)
    return
  }
  if (was.dataPath !== is.dataPath) {
    tally.count('changed', ref, name, asset, `${shown(was.dataPath)} becomes ${shown(is.dataPath)}`)
  }
  const added = workspaces.filter(alias => !was.rule.workspaces.includes(alias))
  if (added.length === 0) return
  const from = { newest: 'from the newest version on', all: 'all versions', none: 'from the next version on' }
  tally.count('delivered', ref, name, asset, `also to ${added.join(', ')}, ${from[backfill]}`)
  tally.extend(ref, is, asset, added)
}

/** Markers make nothing. */
function outcomesOf(matches: readonly Match[], ref: BlobRef, rules: RuleSet): Outcomes {
  const outcomes: Outcomes = { made: new Map(), refused: new Map() }
  for (const match of joinMatches(matches)) {
    if (match.role === 'marker') continue
    const news = { ref, content: undefined, sequencer: undefined }
    const intent = toIntent(news, match, { rules, commit: undefined })
    if ('refused' in intent) outcomes.refused.set(match.rule.name, { match, reason: intent.refused })
    else if (!outcomes.made.has(intent.asset)) outcomes.made.set(intent.asset, match)
  }
  return outcomes
}

function shown(dataPath: string): string {
  return dataPath === '' ? "the container's root" : `${dataPath}/`
}

function toContainer(name: string): ContainerRef {
  const [account = '', container = ''] = name.split('/')
  return { account, container }
}
