/** Keeps count of what a change of the rules does, in memory that does not grow with the lake. */

import type { BlobRef } from '../blob-ref.ts'
import type { Match } from '../matching.ts'
import type { RuleSet } from '../rules/rule-set.ts'
import { msOfWrites } from './arm-pace.ts'
import { createDistinct } from './distinct.ts'
import type { Change, RulePlan, RulesPlan, SubscriptionPlan, WorkspacePlan } from './rules-plan.ts'

export type Kind = 'matched' | 'unmatched' | 'changed' | 'delivered' | 'refused'

export interface Tally {
  /** Counts a file; `note` is what is special about it. */
  count(kind: Kind, ref: BlobRef, rule: string, asset: string | undefined, note?: string): void
  /** Counts the version that a file becomes, or becomes part of. */
  version(ref: BlobRef, match: Match, asset: string): void
  /**
   * Counts the versions that workspaces get which did not have the file's asset: its newest, or all. How many
   * versions there are, only the ledger knows: at least as many as what lies there now makes.
   */
  extend(ref: BlobRef, match: Match, asset: string, workspaces: readonly string[]): void
  totals(): Pick<
    RulesPlan,
    Kind | 'isExact' | 'assets' | 'versions' | 'byRule' | 'byWorkspace' | 'bySubscription'
  >
}

const MAX_NOTE_LENGTH = 200
const NOTHING = { matched: 0, unmatched: 0, changed: 0, delivered: 0, refused: 0, versions: 0 }

/** The workspaces are those of `rules`. */
export function createTally(
  { workspaces }: Pick<RuleSet, 'workspaces'>,
  { samples, maxDistinct }: { samples: number; maxDistinct: number },
): Tally {
  const none = (): Change => ({ files: 0, samples: [] })
  const changes = {
    matched: none(),
    unmatched: none(),
    changed: none(),
    delivered: none(),
    refused: none(),
  }
  const byRule = new Map<string, RulePlan>()
  const byWorkspace = new Map<string, WorkspacePlan>()
  const distinct = createDistinct(maxDistinct)
  let [assets, versions] = [0, 0]

  function count(kind: Kind, ref: BlobRef, rule: string, asset: string | undefined, note?: string): void {
    const change = changes[kind]
    change.files += 1
    planOf(rule)[kind] += 1
    if (change.samples.length >= samples) return
    const file = `${ref.account}/${ref.container}/${ref.path}`
    change.samples.push({ file, rule, asset: asset ?? null, note: note?.slice(0, MAX_NOTE_LENGTH) ?? null })
  }

  function version(ref: BlobRef, match: Match, asset: string): void {
    const made = madeOf(ref, match, asset)
    assets += distinct.add(JSON.stringify(['asset', asset]))
    versions += made
    planOf(match.rule.name).versions += made
    for (const alias of match.rule.workspaces) workspaceOf(alias).versions += made
  }

  /** What gathers becomes one version of its folder; a file of its own, or one cut at once, is one by itself. */
  function madeOf(
    { account, container }: BlobRef,
    { rule, dataPath }: Match,
    asset: string,
    alias = '',
  ): number {
    if (rule.type === 'uri_file' || rule.settleMs === 0) return 1
    return distinct.add(JSON.stringify(['folder', alias, asset, account, container, dataPath]))
  }

  function extend(ref: BlobRef, match: Match, asset: string, to: readonly string[]): void {
    const { backfill } = match.rule
    for (const alias of backfill === 'none' ? [] : to) {
      workspaceOf(alias).versions +=
        backfill === 'newest'
          ? distinct.add(JSON.stringify(['newest', alias, asset]))
          : madeOf(ref, match, asset, alias)
    }
  }

  function planOf(rule: string): RulePlan {
    const plan = byRule.get(rule) ?? { rule, ...NOTHING }
    byRule.set(rule, plan)
    return plan
  }

  function workspaceOf(alias: string): WorkspacePlan {
    const subscription = workspaces.get(alias)?.subscription ?? ''
    const plan = byWorkspace.get(alias) ?? { alias, subscription, versions: 0 }
    byWorkspace.set(alias, plan)
    return plan
  }

  function totals() {
    const ofWorkspaces = [...byWorkspace.values()]
      .filter(plan => plan.versions > 0)
      .sort((a, b) => compareTexts(a.alias, b.alias))
    return {
      isExact: distinct.isExact(),
      ...changes,
      assets,
      versions,
      byRule: [...byRule.values()].sort((a, b) => compareTexts(a.rule, b.rule)),
      byWorkspace: ofWorkspaces,
      bySubscription: toSubscriptions(ofWorkspaces),
    }
  }

  return { count, version, extend, totals }
}

function toSubscriptions(workspaces: readonly WorkspacePlan[]): SubscriptionPlan[] {
  const writes = new Map<string, number>()
  for (const { subscription, versions } of workspaces) {
    writes.set(subscription, (writes.get(subscription) ?? 0) + versions)
  }
  return [...writes]
    .map(([subscription, count]) => ({ subscription, writes: count, takesMs: msOfWrites(count) }))
    .sort((a, b) => compareTexts(a.subscription, b.subscription))
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
