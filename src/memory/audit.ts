import type { AuditEntry, AuditLog } from '../app/audit/audit.ts'
import { DAY } from '../core/time.ts'
import { pageOf } from './paging.ts'

export function createMemoryAudit(): AuditLog {
  const entries = new Map<string, AuditEntry>()

  return {
    async append(entry) {
      entries.set(`${entry.at} ${entry.id}`, structuredClone(entry))
    },
    async removeBefore(at, limit) {
      const day = Math.floor(at / DAY)
      const old = [...entries].filter(([, entry]) => Math.floor(entry.at / DAY) < day).slice(0, limit)
      for (const [key] of old) entries.delete(key)
      return old.length
    },
    async list({ from = 0, to = Number.POSITIVE_INFINITY, ...page }) {
      const wanted = [...entries.values()].filter(({ at }) => from <= at && at < to)
      const newestFirst = wanted.sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1))
      const { items, continuation } = pageOf(newestFirst, page)
      return { items: structuredClone(items), continuation }
    },
  }
}
