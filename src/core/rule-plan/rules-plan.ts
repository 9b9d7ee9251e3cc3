/** What a change of the rules does, in counts: what `lakemark plan --json` prints. */
import type { RuleChanges } from './rule-changes.ts'

export interface RulesPlan {
  /** Whether anything is registered otherwise than before. */
  isChange: boolean
  rules: Omit<RuleChanges, 'containers'>
  /** Files that were looked at: those of containers whose rules differ. */
  files: number
  /** False: assets and versions of folders are estimates, as there are more than can be told apart. */
  isExact: boolean
  /** Files that make an asset which they did not make before. */
  matched: Change
  /** Files that no longer make an asset which they made before: what is registered stays. */
  unmatched: Change
  /** Files that make the same asset, of another type or with another place to point to; from their next version on. */
  changed: Change
  /** Files whose asset goes to more workspaces: these get the newest version of each asset, or what backfill says. */
  delivered: Change
  /** Files that match and cannot be registered, and were not refused before. */
  refused: Change
  /** Data assets that get at least one version, and the versions, each counted once for all workspaces. */
  assets: number
  versions: number
  byRule: RulePlan[]
  byWorkspace: WorkspacePlan[]
  bySubscription: SubscriptionPlan[]
}

export interface Change {
  files: number
  /** The first ones. */
  samples: Sample[]
}

export interface Sample {
  /** `account/container/path` */
  file: string
  rule: string
  asset: string | null
  /** What is special about it. */
  note: string | null
}

export interface RulePlan {
  rule: string
  matched: number
  unmatched: number
  changed: number
  delivered: number
  refused: number
  versions: number
}

export interface WorkspacePlan {
  alias: string
  subscription: string
  /** Each is one write to Azure Resource Manager. */
  versions: number
}

export interface SubscriptionPlan {
  subscription: string
  writes: number
  /** From a full bucket, with nothing else going on. */
  takesMs: number
}
