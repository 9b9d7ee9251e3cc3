import {
  type AssetHead,
  type DeliveryState,
  deliveryOf,
  numberOf,
  type Version,
} from '../core/asset/asset.ts'
import { sourceOf } from '../core/asset/data-version.ts'
import { reasonOf, UnreadableError } from '../core/errors.ts'
import { MAX_VERSIONS_RETRIED } from '../core/limits.ts'
import type { AssetType } from '../core/rules/rule-set.ts'
import { forEachAtMost } from './concurrency.ts'
import type { Ledger, Page, PageRequest } from './ports.ts'

/** As the HTTP API answers it. Times are ISO 8601 in UTC. */
export interface AssetSummary {
  name: string
  type: AssetType
  /** The newest version's number; null: none has been cut yet. */
  latest: number | null
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

/** An asset of which the ledger holds something that this version cannot read. */
export interface UnreadableAsset {
  name: string
  reason: string
}

/** A file that a rule matched and that is not registered. */
export interface RefusedFile {
  rule: string
  file: string
  asset: string | null
  reason: string
  at: string
}

const READS_AT_ONCE = 16
/** How many of an asset's newest versions are shown. */
const VERSIONS_SHOWN = 50
const VERSIONS_PER_PAGE = 1000

export function createStatus({ ledger }: { ledger: Ledger }) {
  /** Assets that have, or will have, a version, in the order of their names. */
  async function assets(page: PageRequest): Promise<Page<AssetSummary> & { unreadable: UnreadableAsset[] }> {
    const { items: names, continuation } = await ledger.listAssets(page)
    const known = new Map<string, AssetSummary>()
    const unreadable: UnreadableAsset[] = []
    await forEachAtMost(READS_AT_ONCE, names, async name => {
      try {
        const detail = await describe(name, 1)
        if (detail !== undefined) known.set(name, summary(detail))
      } catch (error) {
        if (!(error instanceof UnreadableError)) throw error
        unreadable.push({ name, reason: reasonOf(error) })
      }
    })
    return { items: names.flatMap(name => known.get(name) ?? []), continuation, unreadable }
  }

  async function asset(name: string): Promise<AssetDetail | undefined> {
    return describe(name, VERSIONS_SHOWN)
  }

  async function describe(name: string, versionsShown: number): Promise<AssetDetail | undefined> {
    const state = await ledger.readWork(name)
    if (state === undefined) return undefined
    const { head, gatherings } = state
    if (head.lastOrdinal === 0 && gatherings.length === 0) return undefined
    const from = Math.max(1, head.lastOrdinal - versionsShown + 1)
    const versions = await ledger.readVersions(name, { from, limit: versionsShown })
    const newest = versions.at(-1)
    return {
      name,
      type: head.type,
      latest: newest === undefined ? null : numberOf(head, newest),
      gathering: gatherings.reduce((files, gathering) => files + gathering.files, 0),
      workspaces: newest === undefined ? {} : workspacesOf(head, newest),
      versions: versions.reverse().map(version => describeVersion(head, version)),
    }
  }

  /** The rules that made what a retry of the asset would reach. Undefined: there is no such asset. */
  async function rulesOf(name: string): Promise<string[] | undefined> {
    const state = await ledger.readWork(name)
    if (state === undefined) return undefined
    const { lastOrdinal } = state.head
    const rules = new Set<string>()
    for (let from = Math.max(1, lastOrdinal - MAX_VERSIONS_RETRIED + 1); from <= lastOrdinal; ) {
      const window = await ledger.readVersions(name, { from, limit: VERSIONS_PER_PAGE })
      for (const { spec } of window) rules.add(spec.rule)
      from = (window.at(-1)?.ordinal ?? lastOrdinal) + 1
    }
    return [...rules]
  }

  /** Newest or oldest first is not promised. */
  async function refusals(page: PageRequest): Promise<Page<RefusedFile>> {
    const { items, continuation } = await ledger.listRefusals(page)
    return {
      items: items.map(({ rule, ref, asset, reason, at }) => ({
        rule,
        file: `${ref.account}/${ref.container}/${ref.path}`,
        asset: asset ?? null,
        reason,
        at: new Date(at).toISOString(),
      })),
      continuation,
    }
  }

  /** Resolves when the ledger answers, whatever it holds. */
  async function ping(): Promise<void> {
    await ledger.readWork('ping')
  }

  return { assets, asset, rulesOf, refusals, ping }
}

function summary({ versions: _, ...rest }: AssetDetail): AssetSummary {
  return rest
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
    cutAt: new Date(version.cutAt).toISOString(),
    movedTo: version.movedTo === undefined ? null : numberOf(head, { ordinal: version.movedTo }),
    workspaces: workspacesOf(head, version),
  }
}

function workspacesOf(head: AssetHead, version: Version): Record<string, WorkspaceState> {
  return Object.fromEntries(
    version.spec.workspaces.map(alias => {
      const { state, reason } = deliveryOf(version, alias, head)
      return [alias, { state, reason: reason ?? null }]
    }),
  )
}
