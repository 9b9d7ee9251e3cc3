import { type AssetHead, numberOf, type Version } from '../../core/asset/asset.ts'
import { toDataVersion } from '../../core/asset/data-version.ts'
import { own } from '../../core/record.ts'
import type { AssetType } from '../../core/rules/rule-set.ts'
import type { Ledger, Page, PageRequest } from '../ports.ts'
import { describeVersion, toIso, type VersionDetail, type WorkspaceState } from './asset-views.ts'

/** All that is known of one version, and a page of its members. Times are ISO 8601 in UTC. */
export interface VersionDocument extends VersionDetail {
  asset: string
  type: AssetType
  /** The workspaces have not been asked yet which numbers are in use: the number may change. */
  provisional: boolean
  /** As it is sent to Azure ML. */
  dataUri: string
  datastore: string
  description: string | null
  tags: Record<string, string>
  properties: Record<string, string>
  /** Of the file, or of the last one taken in. */
  etag: string
  /** The number that the data had before it was found taken. */
  movedFrom: number | null
  workspaces: Record<string, WorkspaceDelivery>
  /** In no particular order. */
  members: MemberView[]
}

export interface WorkspaceDelivery extends WorkspaceState {
  /** Since when it is registered, or has failed. */
  at: string | null
  /** In a row, that met passing trouble. */
  attempts: number
  /** No attempt before then. */
  notBefore: string | null
}

export interface MemberView {
  /** `account/container/path` */
  file: string
  path: string
  etag: string
  sizeBytes: number
}

export type VersionAnswer =
  | { kind: 'found'; document: VersionDocument; continuation: string | undefined }
  | { kind: 'unknown asset' }
  /** There is no such version yet; `newest` 0: there is none at all. */
  | { kind: 'not yet'; newest: number }
  /** The number is not ours: it was in use when the asset was first seen, up to `before`. */
  | { kind: 'before ours'; before: number }
  /** The number was left out because others had numbers up to `others` when the data of `from` moved to `to`. */
  | { kind: 'left out'; from: number; to: number; others: number }

/** Answers one version of an asset by its number in Azure ML, which is the same in every workspace. */
export function createVersionReader({
  ledger,
}: {
  ledger: Pick<Ledger, 'readWork' | 'readVersions' | 'readMembers'>
}) {
  return async function readVersion(
    asset: string,
    number: number,
    page: PageRequest,
  ): Promise<VersionAnswer> {
    const head = (await ledger.readWork(asset))?.head
    if (head === undefined) return { kind: 'unknown asset' }
    const ordinal = number - head.offset
    if (ordinal < 1) return { kind: 'before ours', before: head.offset }
    // The first at or behind it: where the number was left out, the one that the data moved to.
    const [version] = await ledger.readVersions(asset, { from: ordinal, limit: 1 })
    if (version === undefined) return { kind: 'not yet', newest: newestOf(head) }
    if (version.ordinal !== ordinal) {
      const from = numberOf(head, { ordinal: version.movedFrom ?? ordinal })
      const to = numberOf(head, version)
      return { kind: 'left out', from, to, others: to - 1 }
    }
    const members = await ledger.readMembers(asset, version.cut, page)
    return {
      kind: 'found',
      document: describe(asset, head, version, members),
      continuation: members.continuation,
    }
  }

  function newestOf(head: AssetHead): number {
    return head.lastOrdinal === 0 ? 0 : numberOf(head, { ordinal: head.lastOrdinal })
  }
}

function describe(
  asset: string,
  head: AssetHead,
  version: Version,
  {
    items,
  }: Page<{ ref: { account: string; container: string; path: string }; etag: string; sizeBytes: number }>,
): VersionDocument {
  const { type, dataUri, description, tags, properties } = toDataVersion(version)
  const detail = describeVersion(head, version)
  const deliveries = Object.entries(detail.workspaces).map(([alias, state]) => [
    alias,
    { ...state, ...attemptsOf(alias, head, version) },
  ])
  return {
    ...detail,
    asset,
    type,
    provisional: !head.seeded,
    dataUri,
    datastore: version.spec.datastore.name,
    description: description ?? null,
    tags,
    properties,
    etag: version.etag,
    movedFrom: version.movedFrom === undefined ? null : numberOf(head, { ordinal: version.movedFrom }),
    workspaces: Object.fromEntries(deliveries),
    members: items.map(({ ref: { account, container, path }, etag, sizeBytes }) => ({
      file: `${account}/${container}/${path}`,
      path,
      etag,
      sizeBytes,
    })),
  }
}

/** Attempts are of the version that the workspace has come to, and of no other. */
function attemptsOf(
  alias: string,
  head: AssetHead,
  version: Version,
): Omit<WorkspaceDelivery, keyof WorkspaceState> {
  const outcome = own(version.outcomes, alias)
  if (outcome !== undefined) return { at: toIso(outcome.at), attempts: 0, notBefore: null }
  const cursor = own(head.cursors, alias)
  if (cursor?.next !== version.ordinal) return { at: null, attempts: 0, notBefore: null }
  const { attempts, notBefore } = cursor
  return { at: null, attempts, notBefore: notBefore === undefined ? null : toIso(notBefore) }
}
