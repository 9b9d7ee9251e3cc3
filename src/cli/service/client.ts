import { setTimeout as wait } from 'node:timers/promises'
import { readConfig } from '../../config.ts'
import { SECOND } from '../../core/time.ts'
import type { Route } from '../../functions/http/route.ts'
import { ROUTES } from '../../functions/routes/routes.ts'
import type { ServiceOptions } from '../command.ts'
import { UsageError } from '../usage-error.ts'
import { findService, isPrivate, type ServiceAddress } from './address.ts'
import { exchange, type ServiceAnswer } from './exchange.ts'
import { toRefusal } from './refusal.ts'
import { createTokenSource, type TokenSource } from './token.ts'

export interface Call {
  /** Of the route's path. */
  params?: Record<string, string>
  /** What is undefined is left out. */
  query?: Record<string, string | number | undefined>
  body?: unknown
  headers?: Record<string, string>
}

/** A page of something, as every listing of the API answers it. */
export interface Paged {
  continuation: string | null
}

/** The HTTP API of one service. Whatever is refused or does not answer rejects with UsageError, which says what next. */
export interface Service {
  address: ServiceAddress
  /** One route by its name, and what it answers. */
  call<T>(route: string, call?: Call): Promise<T>
  /** Page by page, to the last one. `limit` in the query is of each page. */
  pages<T extends Paged>(route: string, call?: Call): AsyncGenerator<T, void>
}

export interface ClientOptions {
  address: ServiceAddress
  /** Undefined: none is sent. */
  token?: { audience: string; get: TokenSource } | undefined
  /** Of one request; 30 s where nothing is said. */
  timeoutMs?: number
  /** Told when the service asks to wait. */
  onWait?: (ms: number) => void
}

const TIMEOUT_MS = 30 * SECOND
const MAX_ATTEMPTS = 5
/** Of all attempts of a call together. */
const MAX_WAIT_MS = 60 * SECOND
const DEFAULT_RETRY_MS = SECOND
/** More pages than any table has rows to fill them. */
const MAX_PAGES = 1_000_000
const TOO_MANY = 429
/** Of the service, and of a gateway before it. */
const IN_TROUBLE = [502, 503, 504]

/** The service that the options, the environment or this machine name. */
export async function openService({ url, audience }: ServiceOptions = {}): Promise<Service> {
  const address = await findService(url)
  return createService({ address, token: tokenFor(address, audience), onWait: tellWait })
}

/** Tokens are for services that somebody has named, and go nowhere where others could read them. */
export function tokenFor(address: ServiceAddress, given: string | undefined): ClientOptions['token'] {
  const audience = given ?? (address.isLocal ? undefined : readConfig().serviceAudience)
  if (audience === undefined || !isPrivate(address.base)) return undefined
  return { audience, get: createTokenSource(audience) }
}

export function createService({
  address,
  token,
  timeoutMs = TIMEOUT_MS,
  onWait = () => undefined,
}: ClientOptions): Service {
  async function call<T>(name: string, given: Call = {}): Promise<T> {
    const route = routeOf(name)
    let waited = 0
    for (let attempt = 1; ; attempt += 1) {
      const answer = await send(route, given)
      const expected = route.answers[answer.status]?.schema
      if (expected !== undefined && isOurs(answer)) return checked<T>(answer, expected)
      const waitMs = waitOf(answer)
      if (!mayRepeat(route, answer, given) || attempt === MAX_ATTEMPTS || waited + waitMs > MAX_WAIT_MS) {
        throw toRefusal({ address, route, audience: token?.audience }, answer)
      }
      onWait(waitMs)
      await wait(waitMs)
      waited += waitMs
    }
  }

  async function send({ method, path }: Route, { params = {}, query = {}, body, headers }: Call) {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => segmentOf(params[name] ?? ''))
    const url = new URL(`${address.base}/api/${filled}`)
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value).toWellFormed())
    }
    return exchange(address, {
      method,
      url: url.href,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
        ...(address.key !== undefined && isPrivate(address.base) && { 'x-functions-key': address.key }),
        ...(token !== undefined && { Authorization: `Bearer ${await token.get()}` }),
      },
      body,
      timeoutMs,
    })
  }

  /** As it came: an answer of a newer service may hold more than is known here. */
  function checked<T>({ body }: ServiceAnswer, schema: NonNullable<Route['answers'][number]['schema']>): T {
    const parsed = schema.safeParse(body)
    if (parsed.success) return body as T
    const at = parsed.error.issues[0]?.path.join('.') ?? ''
    throw new UsageError(
      `${address.base} answers what this command does not understand (${at === '' ? 'no JSON' : at}); is it of another version? Use the lakemark command of the version that runs there`,
    )
  }

  async function* pages<T extends Paged>(name: string, given: Call = {}): AsyncGenerator<T, void> {
    let continuation: string | undefined
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer: T = await call<T>(name, { ...given, query: { ...given.query, continuation } })
      yield answer
      if (answer.continuation === null) return
      if (answer.continuation === continuation) break
      continuation = answer.continuation
    }
    throw new UsageError(`${address.base} answers the same page again and again`)
  }

  return { address, call, pages }
}

function routeOf(name: string): Route {
  const route = ROUTES.find(it => it.name === name)
  if (route === undefined) throw new Error(`no route is called ${name}`)
  return route
}

/** One segment of a path. */
function segmentOf(name: string): string {
  // Where an address holds these, they mean another one.
  if (/^\.{0,2}$/.test(name)) throw new UsageError(`"${name}" is no name`, 2)
  return encodeURIComponent(name.toWellFormed())
}

/** Gateways before the service have errors of their own. */
function isOurs({ status, body }: ServiceAnswer): boolean {
  return !IN_TROUBLE.includes(status) || body !== undefined
}

/**
 * 429 says that nothing was done. After trouble of the service, or of a gateway before it, something may have been: then
 * only what may be done twice is done again.
 */
function mayRepeat({ method }: Route, { status }: ServiceAnswer, { headers = {} }: Call): boolean {
  if (status === TOO_MANY) return true
  return IN_TROUBLE.includes(status) && (method !== 'POST' || 'Idempotency-Key' in headers)
}

/** Retry-After in seconds, or as a date. */
function waitOf({ headers }: ServiceAnswer): number {
  const text = headers.get('retry-after')
  if (text === null) return DEFAULT_RETRY_MS
  const ms = /^\d+$/.test(text) ? Number(text) * SECOND : Date.parse(text) - Date.now()
  return Number.isNaN(ms) ? DEFAULT_RETRY_MS : Math.max(0, ms)
}

function tellWait(ms: number): void {
  if (process.stderr.isTTY) console.error(`The service asks to wait ${Math.ceil(ms / SECOND)} s …`)
}
