import type { Ledger, Refusal } from '../app/ports.ts'
import type { AssetHead, FileState, Gathering, Member, Transition, Version } from '../core/asset/asset.ts'
import { sizeOf, toMember } from '../core/asset/asset.ts'
import { copyOf } from '../core/copy.ts'
import { MAX_TRANSACTION_ENTITIES } from '../core/limits.ts'
import { pageOf } from './paging.ts'

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
  const refusals = new Map<string, Refusal>()
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
      const partition = partitions.get(asset)
      if (partition?.etag !== etag) return 'conflict'
      if (transition.newFiles.some(({ key }) => partition?.files.has(key))) return 'conflict'
      commits += 1
      const next = String(commits)
      apply(asset, next, copyOf(transition))
      return { etag: next }
    },

    async listAssets(page) {
      return pageOf([...partitions.keys()].sort(), page)
    },

    async refuse(items) {
      for (const refusal of items) refusals.set(`${refusal.rule} ${refusal.key}`, copyOf(refusal))
    },

    async listRefusals(page) {
      return copyOf(pageOf([...refusals.values()], page))
    },

    async readRefusal(rule, key) {
      return copyOf(refusals.get(`${rule} ${key}`))
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

function pick<T>(all: ReadonlyMap<string, T> | undefined, keys: readonly string[]): Map<string, T> {
  const picked = new Map<string, T>()
  for (const key of keys) {
    const value = all?.get(key)
    if (value !== undefined) picked.set(key, value)
  }
  return picked
}
