import type { Agenda, AgendaEntry } from '../app/ports.ts'
import { pageOf } from './paging.ts'

export function createMemoryAgenda(): Agenda {
  const entries = new Map<string, AgendaEntry>()
  let changes = 0

  function put(id: string, assets: readonly string[], wakeAt: number): void {
    changes += 1
    entries.set(id, { id, etag: String(changes), assets: [...assets], wakeAt })
  }

  const isUnchanged = ({ id, etag }: AgendaEntry) => entries.get(id)?.etag === etag

  return {
    async add(assets, wakeAt) {
      if (assets.length > 0) put(`entry-${changes}`, assets, wakeAt)
    },
    async overdue(before, page) {
      return pageOf(
        [...entries.values()].filter(({ wakeAt }) => wakeAt < before),
        page,
      )
    },
    async remove(removed) {
      for (const entry of removed) if (isUnchanged(entry)) entries.delete(entry.id)
    },
    async replace(replaced) {
      for (const entry of replaced) if (isUnchanged(entry)) put(entry.id, entry.assets, entry.wakeAt)
    },
  }
}
