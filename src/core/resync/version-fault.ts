import { type AssetHead, numberOf, type Version } from '../asset/asset.ts'
import { canonicalDataUri } from '../asset/data-uri.ts'
import { toDataVersion } from '../asset/data-version.ts'
import { own } from '../record.ts'
import type { RunFilter } from './filter.ts'

/** A version that the ledger says a workspace has. */
export interface ClaimedVersion {
  ordinal: number
  number: number
  /** In the form in which they compare. */
  dataUri: string
  fingerprint: string
}

export interface VersionFault {
  kind: 'missing' | 'archived' | 'foreign'
  detail: string
}

const MAX_DETAIL = 1000

/** Undefined: the ledger does not say that the workspace has it, or the run is not about it. */
export function toClaimed(
  version: Version,
  head: AssetHead,
  alias: string,
  { container, prefix, rule }: RunFilter,
): ClaimedVersion | undefined {
  const { ordinal, movedTo, outcomes, spec, fingerprint } = version
  const isClaimed = movedTo === undefined && own(outcomes, alias)?.state === 'registered'
  const isMeant =
    (container === undefined ||
      container === spec.container ||
      container === `${spec.account}/${spec.container}`) &&
    (prefix === undefined || spec.dataPath.startsWith(prefix)) &&
    (rule === undefined || spec.rule === rule)
  if (!isClaimed || !isMeant) return undefined
  const dataUri = canonicalDataUri(toDataVersion(version).dataUri)
  return { ordinal, number: numberOf(head, version), dataUri, fingerprint }
}

/** How what the workspace has under the number differs; undefined: it does not. */
export function faultOf(
  { dataUri, fingerprint }: ClaimedVersion,
  there: { dataUri: string; fingerprint: string | undefined; isArchived: boolean } | undefined,
): VersionFault | undefined {
  if (there === undefined) return { kind: 'missing', detail: 'the workspace does not have it' }
  const isSame = canonicalDataUri(there.dataUri) === dataUri
  if (!isSame && there.fingerprint !== fingerprint) {
    const detail = `its number holds ${there.dataUri}, and not ${dataUri}`
    return { kind: 'foreign', detail: detail.slice(0, MAX_DETAIL) }
  }
  return there.isArchived ? { kind: 'archived', detail: 'somebody has archived it' } : undefined
}
