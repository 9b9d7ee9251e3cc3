import type { FailedDelivery, FailureIndex, NotedFailure } from '../app/failures/ports.ts'
import { pageAfter } from './paging.ts'

const ORDINAL_DIGITS = 16

export function createMemoryFailureIndex(): FailureIndex {
  const rows = new Map<string, NotedFailure>()
  let changes = 0

  return {
    async note(asset, failures) {
      for (const failure of failures) {
        changes += 1
        rows.set(keyOf({ ...failure, asset }), { ...failure, asset, etag: String(changes) })
      }
    },
    async list({ asset, rule, workspace }, page) {
      const wanted = [...rows].filter(
        ([, row]) =>
          (asset === undefined || row.asset === asset) &&
          (rule === undefined || row.rule === rule) &&
          (workspace === undefined || row.workspace === workspace),
      )
      const { items, continuation } = pageAfter(new Map(wanted), page)
      return { items: items.map(row => ({ ...row })), continuation }
    },
    async remove(removed) {
      for (const row of removed) if (rows.get(keyOf(row))?.etag === row.etag) rows.delete(keyOf(row))
    },
  }
}

function keyOf({ asset, ordinal, workspace }: Omit<FailedDelivery, 'notedAt'>): string {
  return `${asset}.${String(ordinal).padStart(ORDINAL_DIGITS, '0')}.${workspace}`
}
