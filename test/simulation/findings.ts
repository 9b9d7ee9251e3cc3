/** What is there in the end, in the ledger and in Azure ML, gathered for the checks. */
import { createHash } from 'node:crypto'
import type { AzureMl, Ledger, RegisteredVersion } from '../../src/app/ports.ts'
import type { AssetHead, Member, Version } from '../../src/core/asset/asset.ts'
import type { Workspace } from '../../src/core/rules/rule-set.ts'

const LIMIT = 1000

export interface AssetFindings {
  asset: string
  head: AssetHead
  gatherings: number
  /** By ordinal, ascending. */
  versions: VersionFindings[]
  /** By workspace alias, by number: what Azure ML has. */
  registered: Map<string, Map<number, RegisteredVersion>>
}

export interface VersionFindings extends Version {
  number: number
  members: Member[]
}

export async function gatherFindings(
  ledger: Ledger,
  azureMl: AzureMl,
  workspaces: ReadonlyMap<string, Workspace>,
): Promise<AssetFindings[]> {
  const { items } = await ledger.listAssets({ limit: LIMIT })
  return Promise.all(
    items.map(async ({ name: asset }) => {
      const state = await ledger.readWork(asset)
      if (state === undefined) throw new Error(`${asset} is listed and not there`)
      const { head } = state
      const rows = await ledger.readVersions(asset, { from: 1, limit: LIMIT })
      const versions = await Promise.all(
        rows.map(async row => {
          const { items: members } = await ledger.readMembers(asset, row.cut, { limit: LIMIT })
          return { ...row, number: head.offset + row.ordinal, members }
        }),
      )
      const gatherings = state.gatherings.length
      const registered = new Map<string, Map<number, RegisteredVersion>>()
      for (const [alias, workspace] of workspaces) {
        registered.set(alias, await versionsIn(azureMl, workspace, asset))
      }
      return { asset, head, gatherings, versions, registered }
    }),
  )
}

async function versionsIn(azureMl: AzureMl, workspace: Workspace, asset: string) {
  const found = new Map<number, RegisteredVersion>()
  const highest = await azureMl.highestVersion(workspace, asset)
  for (let number = 1; number <= highest; number += 1) {
    const version = await azureMl.getVersion(workspace, asset, number)
    if (version !== undefined) found.set(number, version)
  }
  return found
}

/** The sum of what each member hashes to, modulo 2^256: told here a second time. */
export function fingerprintOf(members: readonly Member[]): string {
  let sum = 0n
  for (const { ref, etag, sizeBytes } of members) {
    const hash = createHash('sha256')
    hash.update(`${ref.account}/${ref.container}/${ref.path}\n${etag}\n${sizeBytes}`)
    sum += BigInt(`0x${hash.digest('hex')}`)
  }
  return (sum % (1n << 256n)).toString(16).padStart(64, '0')
}
