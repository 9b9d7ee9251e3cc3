import { MAX_VERSIONS_RETRIED } from '../../core/limits.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import type { Clock, Ledger } from '../ports.ts'
import { type AssetDetail, describeAsset, describeVersion, isShown } from './asset-views.ts'
import { createAssetSearch } from './assets.ts'
import { createVersionReader } from './version-document.ts'

export type { AssetDetail, AssetSummary, VersionDetail, WorkspaceState } from './asset-views.ts'
export type { UnreadableAsset } from './assets.ts'

/** How many of an asset's newest versions are shown. */
const VERSIONS_SHOWN = 50
const VERSIONS_PER_PAGE = 1000

interface Dependencies {
  ledger: Ledger
  rules: () => { rules: RuleSet }
  clock: Clock
}

/** What the ledger says of assets and their versions. */
export function createStatus({ ledger, rules, clock }: Dependencies) {
  async function asset(name: string): Promise<AssetDetail | undefined> {
    const state = await ledger.readWork(name)
    if (state === undefined || !isShown(state)) return undefined
    const { head, gatherings } = state
    const from = Math.max(1, head.lastOrdinal - VERSIONS_SHOWN + 1)
    const versions = await ledger.readVersions(name, { from, limit: VERSIONS_SHOWN })
    const newest = versions.at(-1)
    return {
      ...describeAsset(name, { head, gatherings, newest }),
      versions: versions.reverse().map(version => describeVersion(head, version)),
    }
  }

  /** The rules that made what a retry of the asset would reach. Undefined: there is no such asset. */
  async function rulesOf(name: string): Promise<string[] | undefined> {
    const state = await ledger.readWork(name)
    if (state === undefined) return undefined
    const { lastOrdinal } = state.head
    const made = new Set<string>()
    for (let from = Math.max(1, lastOrdinal - MAX_VERSIONS_RETRIED + 1); from <= lastOrdinal; ) {
      const window = await ledger.readVersions(name, { from, limit: VERSIONS_PER_PAGE })
      for (const { spec } of window) made.add(spec.rule)
      from = (window.at(-1)?.ordinal ?? lastOrdinal) + 1
    }
    return [...made]
  }

  return {
    assets: createAssetSearch({ ledger, rules, clock }),
    asset,
    version: createVersionReader({ ledger }),
    rulesOf,
  }
}
