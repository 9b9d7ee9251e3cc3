import type { Agenda, AgendaEntry } from '../app/ports.ts'

export function createMemoryAgenda(): Agenda {
  const entries = new Map<string, AgendaEntry>()
  let additions = 0
  return {
    async add(added) {
      for (const { asset, wakeAt } of added) {
        additions += 1
        entries.set(asset, { asset, wakeAt, etag: String(additions) })
      }
    },
    async overdue(before, { continuation = '', limit }) {
      const found = [...entries.values()]
        .filter(({ asset, wakeAt }) => wakeAt < before && asset > continuation)
        .sort((a, b) => (a.asset < b.asset ? -1 : 1))
      const items = found.slice(0, limit)
      return { items, continuation: found.length > limit ? items.at(-1)?.asset : undefined }
    },
    async postpone(postponed) {
      for (const { asset, etag, until } of postponed) {
        if (entries.get(asset)?.etag !== etag) continue
        additions += 1
        entries.set(asset, { asset, wakeAt: until, etag: String(additions) })
      }
    },
    async remove(removed) {
      for (const { asset, etag } of removed) {
        if (entries.get(asset)?.etag === etag) entries.delete(asset)
      }
    },
  }
}
