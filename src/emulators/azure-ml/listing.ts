import { userError } from './arm-errors.ts'
import type { Query } from './routes.ts'

/** The largest page, and the page where nothing is asked for. The service's own number is not published. */
export const MAX_PAGE = 100

export type ListView = 'ActiveOnly' | 'ArchivedOnly' | 'All'

const LIST_VIEWS: readonly ListView[] = ['ActiveOnly', 'ArchivedOnly', 'All']

export interface Page<T> {
  items: T[]
  /** The `$skip` of the next page; undefined on the last one. */
  skip: string | undefined
}

interface PageRequest<T> {
  /** Everything there is, in the order asked for. */
  all: readonly T[]
  nameOf(item: T): string
  isWanted(item: T): boolean
  pageSize: number
  /** As given by an earlier page. */
  skip: string | undefined
}

/**
 * One page of a list. The token holds the last name seen rather than a number, so that what is created or
 * archived between two pages moves nothing. Throws ArmError 400 for a token that no page gave.
 */
export function pageOf<T>({ all, nameOf, isWanted, pageSize, skip }: PageRequest<T>): Page<T> {
  const rest = all.slice(skip === undefined ? 0 : positionAfter(all.map(nameOf), skip)).filter(isWanted)
  const items = rest.slice(0, pageSize)
  const last = items.at(-1)
  return { items, skip: rest.length > items.length && last !== undefined ? tokenOf(nameOf(last)) : undefined }
}

/** Whole and positive, at most a page. Throws ArmError 400. */
export function parsePageSize(query: Query, name: '$top' | 'count'): number {
  const text = query.one(name)
  if (text === undefined) return MAX_PAGE
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Math.min(Number(text), MAX_PAGE)
  throw badParameter(name, text, 'a whole number, at least 1')
}

/** Throws ArmError 400. */
export function parseListView(query: Query): ListView {
  const text = query.one('listViewType') ?? 'ActiveOnly'
  const view = LIST_VIEWS.find(known => known.toLowerCase() === text.toLowerCase())
  if (view !== undefined) return view
  throw badParameter('listViewType', text, LIST_VIEWS.join(', '))
}

export function isInView(view: ListView, isArchived: boolean): boolean {
  return view === 'All' || isArchived === (view === 'ArchivedOnly')
}

/** Throws ArmError 400. Of the service's orders, `modifiedtime` is not emulated. */
export function parseNewestFirst(query: Query): boolean {
  const text = (query.one('$orderBy') ?? 'createdtime desc').trim().toLowerCase().replaceAll(/\s+/g, ' ')
  if (text === 'createdtime desc') return true
  if (text === 'createdtime' || text === 'createdtime asc') return false
  throw badParameter('$orderBy', text, "'createdtime asc' or 'createdtime desc'")
}

/** `$tags=a,b=1`: has a tag a, and a tag b whose value is 1. */
export function parseTagFilter(query: Query): (tags: Record<string, string>) => boolean {
  const wanted = query.all('$tags').filter(text => text !== '')
  const tests = wanted.map(text => {
    const at = text.indexOf('=')
    return at < 0 ? { key: text, value: undefined } : { key: text.slice(0, at), value: text.slice(at + 1) }
  })
  return tags =>
    tests.every(({ key, value }) => Object.hasOwn(tags, key) && (value === undefined || tags[key] === value))
}

export function badParameter(name: string, value: string, expected: string): Error {
  const message = `The value '${value}' of the query parameter '${name}' is invalid; expected ${expected}.`
  return userError(400, message, [{ code: 'BadArgument', target: name, message }])
}

function positionAfter(names: string[], token: string): number {
  const at = names.indexOf(Buffer.from(token, 'base64url').toString())
  if (at < 0) throw badParameter('$skip', token, 'the one of a nextLink')
  return at + 1
}

function tokenOf(name: string): string {
  return Buffer.from(name).toString('base64url')
}
