import type { AssetHead, Member, Version } from '../../core/asset/asset.ts'
import type { Ledger } from '../ports.ts'

/** Pages of what the file held before that are read; each is one query. */
const MAX_PAGES = 5
const MEMBERS_PER_PAGE = 1000
/** The newest contents of these, of which the versions are looked for. */
const CONTENTS = 20
/** Of the asset, the newest ones: as a rule those that are wanted are among them, and one query finds all. */
const VERSIONS_READ = 1000
/** Contents whose versions are looked for one by one, where they are not. */
const LOOKUPS = 5
const VERSIONS_PER_CUT = 20

export interface FormerContents {
  contents: { member: Member; version: Version }[]
  /** There are older ones. */
  hasMore: boolean
}

/** The versions of an asset that took the file in before it was overwritten, the newest of them. */
export async function readFormerContents(
  ledger: Pick<Ledger, 'listFormerMembers' | 'readVersions' | 'readVersionsOfCut'>,
  asset: string,
  key: string,
  { lastOrdinal }: AssetHead,
): Promise<FormerContents> {
  const { members, hasMore } = await readMembers()
  if (members.length === 0) return { contents: [], hasMore }
  const from = Math.max(1, lastOrdinal - VERSIONS_READ + 1)
  const recent = Map.groupBy(
    await ledger.readVersions(asset, { from, limit: VERSIONS_READ }),
    ({ cut }) => cut,
  )
  const contents: FormerContents['contents'] = []
  let lookups = 0
  let isLeftOut = hasMore || members.length > CONTENTS
  for (const member of members.slice(-CONTENTS).reverse()) {
    const known = recent.get(member.cut)
    if (known === undefined) lookups += 1
    if (lookups > LOOKUPS) {
      isLeftOut = true
      break
    }
    const versions = known ?? (await ledger.readVersionsOfCut(asset, member.cut, VERSIONS_PER_CUT))
    contents.push(...versions.map(version => ({ member, version })))
  }
  return { contents, hasMore: isLeftOut }

  /** In the order of cutting. */
  async function readMembers(): Promise<{ members: Member[]; hasMore: boolean }> {
    const members: Member[] = []
    let continuation: string | undefined
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page = await ledger.listFormerMembers(asset, key, { limit: MEMBERS_PER_PAGE, continuation })
      members.push(...page.items)
      continuation = page.continuation
      if (continuation === undefined) return { members, hasMore: false }
    }
    return { members, hasMore: true }
  }
}
