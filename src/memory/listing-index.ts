import type { Page, PageRequest } from '../app/ports.ts'
import type { IndexPlace, IndexRow, ListingIndex } from '../app/resync/ports.ts'
import { boundOfKey, keyOfBound } from '../core/resync/name-order.ts'
import { pageAfter } from './paging.ts'

/** The index of listings in this process's memory. */
export function createMemoryListingIndex(): ListingIndex {
  const places = new Map<string, Map<string, IndexRow>>()
  const byName = new Map<string, IndexPlace>()

  const nameOf = ({ account, container, order }: IndexPlace) => `${account}/${container}/${order}`

  function pageFrom(place: IndexPlace, from: string, page: PageRequest): Page<IndexRow> {
    const first = keyOfBound(from)
    const rows = [...(places.get(nameOf(place)) ?? [])].filter(([key]) => key >= first)
    return pageAfter(new Map(rows), page)
  }

  return {
    async read(place, from, page) {
      const { items, continuation } = pageFrom(place, from, page)
      return { items: items.map(row => ({ ...row, hashes: row.hashes.slice() })), continuation }
    },
    async readBounds(place, from, page) {
      const { items, continuation } = pageFrom(place, from, page)
      return { items: items.map(({ bound }) => bound), continuation }
    },
    async places() {
      return [...byName.values()]
    },
    async change(place, put, remove) {
      const name = nameOf(place)
      const rows = places.get(name) ?? new Map<string, IndexRow>()
      places.set(name, rows)
      byName.set(name, { account: place.account, container: place.container, order: place.order })
      for (const row of put) {
        const key = keyOfBound(row.bound)
        rows.set(key, { ...row, bound: boundOfKey(key), hashes: row.hashes.slice() })
      }
      const written = put.map(({ bound }) => bound)
      for (const bound of remove) if (!written.includes(bound)) rows.delete(keyOfBound(bound))
    },
  }
}
