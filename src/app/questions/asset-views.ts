/** Assets and versions as people are shown them. Times are ISO 8601 in UTC. */
import {
  type AssetHead,
  type DeliveryState,
  deliveryOf,
  type Gathering,
  numberOf,
  type Version,
} from '../../core/asset/asset.ts'
import { sourceOf } from '../../core/asset/data-version.ts'
import type { AssetType } from '../../core/rules/rule-set.ts'

export interface AssetSummary {
  name: string
  type: AssetType
  /** The newest version's number; null: none has been cut yet. */
  latest: number | null
  /** That made the newest version, or what gathers where there is no version yet. */
  rule: string | null
  /** When the newest version was cut. */
  cutAt: string | null
  /** Files that wait to be cut into a version. */
  gathering: number
  /** Of the newest version, by workspace alias. */
  workspaces: Record<string, WorkspaceState>
}

export interface AssetDetail extends AssetSummary {
  /** Newest first. */
  versions: VersionDetail[]
}

export interface VersionDetail {
  version: number
  files: number
  bytes: number
  rule: string
  commit: string | null
  source: string
  fingerprint: string
  cause: string
  cutAt: string
  /** Set where the number was found taken: the data is in that version. */
  movedTo: number | null
  workspaces: Record<string, WorkspaceState>
}

export interface WorkspaceState {
  state: DeliveryState
  /** Of a failure, or what delays it. */
  reason: string | null
}

/** What is known of an asset, as far as a summary needs it. */
export interface AssetState {
  head: AssetHead
  gatherings: readonly Gathering[]
  /** Undefined: none has been cut. */
  newest: Version | undefined
}

/** Whether the asset has, or will have, a version: nothing but removals may have been recorded of it. */
export function isShown({ head, gatherings }: Pick<AssetState, 'head' | 'gatherings'>): boolean {
  return head.lastOrdinal > 0 || gatherings.length > 0
}

export function describeAsset(name: string, { head, gatherings, newest }: AssetState): AssetSummary {
  return {
    name,
    type: head.type,
    latest: newest === undefined ? null : numberOf(head, newest),
    rule: newest?.spec.rule ?? gatherings[0]?.spec.rule ?? null,
    cutAt: newest === undefined ? null : toIso(newest.cutAt),
    gathering: gatherings.reduce((files, gathering) => files + gathering.files, 0),
    workspaces: newest === undefined ? {} : workspacesOf(head, newest),
  }
}

export function describeVersion(head: AssetHead, version: Version): VersionDetail {
  return {
    version: numberOf(head, version),
    files: version.files,
    bytes: version.bytes,
    rule: version.spec.rule,
    commit: version.spec.commit ?? null,
    source: sourceOf(version),
    fingerprint: version.fingerprint,
    cause: version.cause,
    cutAt: toIso(version.cutAt),
    movedTo: version.movedTo === undefined ? null : numberOf(head, { ordinal: version.movedTo }),
    workspaces: workspacesOf(head, version),
  }
}

export function toIso(at: number): string {
  return new Date(at).toISOString()
}

function workspacesOf(head: AssetHead, version: Version): Record<string, WorkspaceState> {
  return Object.fromEntries(
    version.spec.workspaces.map(alias => {
      const { state, reason } = deliveryOf(version, alias, head)
      return [alias, { state, reason: reason ?? null }]
    }),
  )
}
