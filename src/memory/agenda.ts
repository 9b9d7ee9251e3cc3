import type { Agenda, AgendaEntry } from '../app/ports.ts'
import { pageOf } from './paging.ts'

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
    async overdue(before, page) {
      return pageOf(
        [...entries.values()].filter(({ wakeAt }) => wakeAt < before),
        page,
      )
    },
    async remove(removed) {
      for (const { asset, etag } of removed) {
        if (entries.get(asset)?.etag === etag) entries.delete(asset)
      }
    },
  }
}
