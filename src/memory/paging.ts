import type { Page, PageRequest } from '../app/ports.ts'

/** A page of a list that does not change between pages; the continuation is the position. */
export function pageOf<T>(all: readonly T[], { continuation, limit }: PageRequest): Page<T> {
  const from = continuation === undefined ? 0 : Number(continuation)
  const next = from + limit
  return { items: all.slice(from, next), continuation: next < all.length ? String(next) : undefined }
}
