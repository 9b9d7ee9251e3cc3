import type { OutgoingHttpHeaders } from 'node:http'
import { SECOND } from '../core/time.ts'
import type { HostFunction } from './host-function.ts'
import type { HttpAnswer, HttpCall } from './http-message.ts'
import type { Invoker } from './invoker.ts'
import type { Nullable, RpcHttpCookie, RpcHttpData, RpcTypedData } from './rpc.ts'

/** The longest body that a function is handed; Azure's own limit is 100 MB. */
export const MAX_HTTP_BODY_BYTES = 16 * 1024 * 1024
/** Said by the connection, never by a function. */
const CONNECTION_HEADERS = [
  'connection',
  'content-length',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
const SAME_SITE = { none: undefined, lax: 'Lax', strict: 'Strict', explicitNone: 'None' }

/**
 * One request through one function. A function that fails is a plain 500: what went wrong stands in the log.
 */
export async function runHttpFunction(
  fn: HostFunction,
  call: HttpCall,
  params: Record<string, string>,
  invoker: Invoker,
): Promise<HttpAnswer> {
  const data: RpcTypedData = { http: await toRpcHttp(call, params) }
  const outcome = await invoker.invoke(fn, { input: { data } }).catch(() => undefined)
  if (outcome === undefined) return { status: 500, body: `The function ${fn.name} failed.` }
  const http = outcome.returnValue?.http
  return http === undefined ? { status: 204 } : toAnswer(http)
}

async function toRpcHttp(call: HttpCall, params: Record<string, string>): Promise<RpcHttpData> {
  // As in Azure, a body whose length is not said (in chunks) does not reach the function.
  const isTold = Number(call.headers['content-length'] ?? 0) > 0
  const body = isTold ? await call.readBody(MAX_HTTP_BODY_BYTES) : new Uint8Array()
  const query = new Map<string, string>()
  // As in Azure, a name that comes twice has its values joined.
  for (const [name, value] of call.url.searchParams) {
    const before = query.get(name)
    query.set(name, before === undefined ? value : `${before},${value}`)
  }
  return {
    method: call.method,
    url: call.url.href,
    nullableHeaders: nullable(joinHeaders(call.distinctHeaders())),
    nullableParams: nullable(Object.entries(params)),
    nullableQuery: nullable(query),
    body: body.length > 0 ? { bytes: body } : null,
  }
}

/** As ASP.NET Core writes a header that came more than once. */
function joinHeaders(headers: NodeJS.Dict<string[]>): [string, string][] {
  return Object.entries(headers).map(([name, values = []]) => [name, values.join(',')])
}

function nullable(entries: Iterable<[string, string]>): Record<string, Nullable<string>> {
  return Object.fromEntries(Array.from(entries, ([name, value]) => [name, { value }]))
}

function toAnswer(http: RpcHttpData): HttpAnswer {
  const entries = Object.entries(http.headers ?? {})
  const headers: OutgoingHttpHeaders = Object.fromEntries(
    entries.filter(([name]) => !CONNECTION_HEADERS.includes(name.toLowerCase())),
  )
  const cookies = (http.cookies ?? []).map(toSetCookie)
  const own = headers['set-cookie']
  if (cookies.length > 0) headers['set-cookie'] = own === undefined ? cookies : [String(own), ...cookies]
  return { status: Number(http.statusCode), headers, body: http.body?.bytes ?? new Uint8Array() }
}

function toSetCookie(cookie: RpcHttpCookie): string {
  const expires = cookie.expires && new Date(cookie.expires.value.seconds * SECOND).toUTCString()
  const sameSite = SAME_SITE[cookie.sameSite ?? 'none']
  const parts = [
    `${cookie.name}=${encodeURIComponent(cookie.value)}`,
    cookie.maxAge && `Max-Age=${cookie.maxAge.value}`,
    cookie.domain && `Domain=${cookie.domain.value}`,
    cookie.path && `Path=${cookie.path.value}`,
    expires && `Expires=${expires}`,
    cookie.secure?.value && 'Secure',
    cookie.httpOnly?.value && 'HttpOnly',
    sameSite && `SameSite=${sameSite}`,
  ]
  return parts.filter(Boolean).join('; ')
}
