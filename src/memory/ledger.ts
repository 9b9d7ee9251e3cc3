import type { FileTrace, KnownRefusal, Ledger } from '../app/ports.ts'
import type { AssetHead, FileState, Gathering, Member, Transition, Version } from '../core/asset/asset.ts'
import { sizeOf, toMember } from '../core/asset/asset.ts'
import { copyOf } from '../core/copy.ts'
import { MAX_TRANSACTION_ENTITIES } from '../core/limits.ts'
import { pageAfter, pageOf } from './paging.ts'

interface Partition {
  head: AssetHead
  etag: string
  files: Map<string, FileState>
  formerMembers: Member[]
  gatherings: Map<string, Gathering>
  versions: Map<number, Version>
}

/** The ledger in this process's memory, for unit tests and simulation. Nothing that goes in or out is shared. */
export function createMemoryLedger(): Ledger {
  const partitions = new Map<string, Partition>()
  const refusals = new Map<string, KnownRefusal>()
  let commits = 0

  return {
    async readFiles(asset, keys) {
      const partition = partitions.get(asset)
      return copyOf({
        head: partition?.head,
        etag: partition?.etag,
        files: pick(partition?.files, keys.files),
        gatherings: pick(partition?.gatherings, keys.targets),
      })
    },

    async readWork(asset) {
      const partition = partitions.get(asset)
      if (partition === undefined) return undefined
      const { head, etag, gatherings } = partition
      return copyOf({ head, etag, gatherings: [...gatherings.values()] })
    },

    async readVersions(asset, { from, to = Number.POSITIVE_INFINITY, limit }) {
      const versions = [...(partitions.get(asset)?.versions.values() ?? [])]
        .filter(({ ordinal }) => ordinal >= from && ordinal <= to)
        .sort((a, b) => a.ordinal - b.ordinal)
      return copyOf(versions.slice(0, limit))
    },

    async readVersionsOfCut(asset, cut, limit) {
      const versions = [...(partitions.get(asset)?.versions.values() ?? [])]
        .filter(version => version.cut === cut)
        .sort((a, b) => a.ordinal - b.ordinal)
      return copyOf(versions.slice(0, limit))
    },

    async readMembers(asset, cut, page) {
      const partition = partitions.get(asset)
      const current = [...(partition?.files.values() ?? [])].filter(file => file.cut === cut).map(toMember)
      const former = (partition?.formerMembers ?? []).filter(member => member.cut === cut)
      return copyOf(pageOf([...current, ...former], page))
    },

    async commit(asset, etag, transition) {
      if (sizeOf(transition) > MAX_TRANSACTION_ENTITIES) throw new Error('the transaction has too many rows')
      const guard = typeof etag === 'object' ? await etag : etag
      const partition = partitions.get(asset)
      if (partition?.etag !== guard) return 'conflict'
      if (transition.newFiles.some(({ key }) => partition?.files.has(key))) return 'conflict'
      commits += 1
      const next = String(commits)
      apply(asset, next, copyOf(transition))
      return { etag: next }
    },

    async listAssets({ after, prefix = '', limit }) {
      const names = [...partitions.keys()].filter(
        name => name.startsWith(prefix) && (after === undefined || name > after),
      )
      const items = names
        .sort()
        .slice(0, limit)
        .map(name => ({ name, head: partitions.get(name)?.head, unreadable: undefined }))
      return copyOf({ items, next: names.length > items.length ? items.at(-1)?.name : undefined })
    },

    async findFile(key, page) {
      const rules = [...refusals.values()].filter(refusal => refusal.key === key).map(({ rule }) => rule)
      const assets = [...partitions].filter(([, { files }]) => files.has(key)).map(([asset]) => asset)
      return pageOf<FileTrace>(
        [
          ...rules.sort().map(rule => ({ kind: 'refusal' as const, rule })),
          ...assets.sort().map(asset => ({ kind: 'asset' as const, asset })),
        ],
        page,
      )
    },

    async listFormerMembers(asset, key, page) {
      const members = (partitions.get(asset)?.formerMembers ?? []).filter(member => member.key === key)
      return copyOf(
        pageOf(
          members.sort((a, b) => a.cut - b.cut),
          page,
        ),
      )
    },

    async refuse(items) {
      for (const refusal of items) {
        const key = refusalKey(refusal.rule, refusal.key)
        const since = refusals.get(key)?.since ?? refusal.at
        commits += 1
        refusals.set(key, copyOf({ ...refusal, since, rowEtag: String(commits) }))
      }
    },

    async listRefusals(page, rule) {
      const wanted = [...refusals].filter(([, refusal]) => rule === undefined || refusal.rule === rule)
      return copyOf(pageAfter(new Map(wanted), page))
    },

    async readRefusal(rule, key) {
      return copyOf(refusals.get(refusalKey(rule, key)))
    },

    async removeRefusals(items) {
      for (const { rule, key, rowEtag } of items) {
        if (refusals.get(refusalKey(rule, key))?.rowEtag === rowEtag) refusals.delete(refusalKey(rule, key))
      }
    },
  }

  function apply(asset: string, etag: string, transition: Transition) {
    const { head, files, newFiles, formerMembers, gatherings, closedGatherings, versions } = transition
    const partition: Partition = partitions.get(asset) ?? {
      head,
      etag,
      files: new Map(),
      formerMembers: [],
      gatherings: new Map(),
      versions: new Map(),
    }
    partition.head = head
    partition.etag = etag
    for (const file of [...files, ...newFiles]) partition.files.set(file.key, file)
    partition.formerMembers.push(...formerMembers)
    for (const gathering of gatherings) partition.gatherings.set(gathering.target, gathering)
    for (const target of closedGatherings) partition.gatherings.delete(target)
    for (const version of versions) partition.versions.set(version.ordinal, version)
    partitions.set(asset, partition)
  }
}

/** A page's continuation: of characters that an address takes. */
function refusalKey(rule: string, key: string): string {
  return `${rule}.${key}`
}

function pick<T>(all: ReadonlyMap<string, T> | undefined, keys: readonly string[]): Map<string, T> {
  const picked = new Map<string, T>()
  for (const key of keys) {
    const value = all?.get(key)
    if (value !== undefined) picked.set(key, value)
  }
  return picked
}
