import type { AssetHead, Version } from '../../core/asset/asset.ts'
import type { Target } from '../../core/register/request.ts'
import type { Ledger } from '../ports.ts'

/** Versions of an asset that are looked at, from the newest back: what lies further back was for other places. */
const VERSIONS_LOOKED_AT = 200

/** What the ledger knows of a target's asset. */
export interface TargetVersion {
  head: AssetHead
  /** The newest one that points to the target's place; undefined: there is none. */
  version: Version | undefined
}

/** Undefined: there is no such asset. */
export async function newestVersionOf(
  ledger: Pick<Ledger, 'readWork' | 'readVersions'>,
  { asset, datastore, dataPath, type }: Target,
): Promise<TargetVersion | undefined> {
  const state = await ledger.readWork(asset)
  if (state === undefined) return undefined
  const { head } = state
  const from = Math.max(1, head.lastOrdinal - VERSIONS_LOOKED_AT + 1)
  const versions = await ledger.readVersions(asset, { from, limit: VERSIONS_LOOKED_AT })
  const version = versions.findLast(
    ({ movedTo, spec }) =>
      movedTo === undefined &&
      spec.account === datastore.account &&
      spec.container === datastore.container &&
      spec.dataPath === dataPath &&
      spec.type === type,
  )
  return { head, version }
}
