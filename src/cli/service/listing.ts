import { UsageError } from '../usage-error.ts'
import type { Call, Paged, Service } from './client.ts'

/** What the API gives at once. */
const MAX_PAGE = 1000
export const DEFAULT_LIMIT = 1000

export interface Listing<T> {
  items: T[]
  /** There are more than were asked for. */
  isMore: boolean
}

/** All items of a listing, page by page, up to the limit. */
export async function listUpTo<P extends Paged, T>(
  service: Service,
  route: string,
  { limit, itemsOf, ...call }: Call & { limit: number; itemsOf: (page: P) => readonly T[] },
): Promise<Listing<T>> {
  const items: T[] = []
  const query = { ...call.query, limit: Math.min(MAX_PAGE, limit) }
  for await (const page of service.pages<P>(route, { ...call, query })) {
    items.push(...itemsOf(page))
    const isMore = items.length > limit || page.continuation !== null
    if (items.length >= limit) return { items: items.slice(0, limit), isMore }
  }
  return { items, isMore: false }
}

/** Of `--limit`. Throws UsageError. */
export function parseLimit(text: string | undefined, otherwise: number = DEFAULT_LIMIT): number {
  if (text === undefined) return otherwise
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (limit < 1) throw new UsageError(`--limit ${text}: expected a whole number, 1 or more`, 2)
  return limit
}

/** The line below a table that does not hold all; '' where it does. */
export function moreThan({ items, isMore }: Listing<unknown>): string {
  return isMore ? `… and more than these ${items.length}; --limit shows more` : ''
}
