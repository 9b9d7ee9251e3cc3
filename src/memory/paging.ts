import type { Page, PageRequest } from '../app/ports.ts'

/** A page of a list that does not change between pages; the continuation is the position. */
export function pageOf<T>(all: readonly T[], { continuation, limit }: PageRequest): Page<T> {
  const from = continuation === undefined ? 0 : Number(continuation)
  const next = from + limit
  return { items: all.slice(from, next), continuation: next < all.length ? String(next) : undefined }
}

/** A page in the order of the keys; the continuation is the last key, so that what changes elsewhere moves nothing. */
export function pageAfter<T>(all: ReadonlyMap<string, T>, { continuation, limit }: PageRequest): Page<T> {
  const rest = [...all.keys()].filter(key => continuation === undefined || key > continuation).sort()
  const keys = rest.slice(0, limit)
  return {
    items: keys.map(key => all.get(key) as T),
    continuation: rest.length > keys.length ? keys.at(-1) : undefined,
  }
}
