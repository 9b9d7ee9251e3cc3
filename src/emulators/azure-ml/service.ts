import type { IncomingHttpHeaders } from 'node:http'
import { reasonOf } from '../../core/errors.ts'
import { ArmError, toErrorBody } from './arm-errors.ts'
import { handle } from './handlers.ts'
import { requireApiVersion, requireBearer, requireJson } from './requests.ts'
import type { Route } from './routes.ts'
import { parseQuery, pathNotFound, requireMethod, unknownResourceType } from './routes.ts'
import type { Store } from './store.ts'
import type { RequestKind, Throttle } from './throttle.ts'
import type { WorkspaceDirectory } from './workspaces.ts'

/** A request whose body has arrived. */
export interface Asked {
  route: Route
  /** Without the query. */
  path: string
  query: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** Scheme, host and port under which the service is reached, for links. */
  origin: string
}

export interface Reply {
  status: number
  headers?: Record<string, string>
  /** A string is sent as it stands, anything else as JSON. */
  body?: unknown
}

export interface ServiceOptions {
  store: Store
  directory: WorkspaceDirectory
  throttle: Throttle
  immutableStatus: 400 | 409
  now(): number
  log?: ((message: string, fields: Record<string, unknown>) => void) | undefined
}

export interface Service {
  /** Never rejects: what goes wrong is a reply in ARM's shape. */
  reply(asked: Asked): Promise<Reply>
  /** The reply to a request that failed before it could be asked. */
  toErrorReply(error: unknown, path: string): Reply
}

/**
 * Everything between a request and its reply: what ARM checks, then what the Machine Learning service does.
 * The order of the checks is ARM's as far as known: caller, api-version, subscription and its budget, path.
 */
export function createService(options: ServiceOptions): Service {
  const { store, directory, throttle, immutableStatus, now, log } = options

  async function reply(asked: Asked): Promise<Reply> {
    const headers: Record<string, string> = {}
    try {
      return { ...(await perform(asked, headers)), headers }
    } catch (error) {
      const refusal = toErrorReply(error, asked.path)
      return { ...refusal, headers: { ...headers, ...refusal.headers } }
    }
  }

  /** Adds to `headers` what the reply carries even where this rejects. */
  async function perform({ route, path, query: text, ...asked }: Asked, headers: Record<string, string>) {
    const { method, address, resource } = route
    const query = parseQuery(text)
    requireBearer(asked.headers)
    const apiVersion = requireApiVersion(query)
    if (address === undefined) throw pathNotFound(path)
    const subscription = directory.subscription(address.subscription)
    const kind = kindOf(method)
    const toll = throttle.take(subscription, kind)
    Object.assign(headers, toll.headers)
    if (toll.retryAfterSeconds !== undefined) throw throttled(subscription, kind, toll.retryAfterSeconds)
    const workspace = directory.find(address)
    if (resource === undefined) throw unknownResourceType(path, apiVersion)
    requireMethod(method, resource)
    if (method === 'PUT') requireJson(asked.headers)
    const link = `${asked.origin}${path}`
    const call = {
      method,
      workspace,
      query,
      body: asked.body,
      address: link,
      nowMs: now(),
      store,
      immutableStatus,
    }
    return handle(call, resource)
  }

  function toErrorReply(error: unknown, path: string): Reply {
    if (error instanceof ArmError) {
      return { status: error.status, headers: error.headers, body: toErrorBody(error, now()) }
    }
    log?.('the emulated Azure ML failed', { path, error: reasonOf(error) })
    const internal = new ArmError(500, 'InternalServerError', 'The server encountered an internal error.')
    // Not now(): it may be what failed.
    return { status: internal.status, body: toErrorBody(internal, Date.now()) }
  }

  return { reply, toErrorReply }
}

/** ARM counts every request that changes something, POST too, as a write. */
function kindOf(method: string): RequestKind {
  if (method === 'GET' || method === 'HEAD') return 'reads'
  return method === 'DELETE' ? 'deletes' : 'writes'
}

function throttled(subscription: string, kind: RequestKind, seconds: number): ArmError {
  return new ArmError(
    429,
    'SubscriptionRequestsThrottled',
    `Number of '${kind}' requests for subscription '${subscription}' exceeded. Please try again after ` +
      `'${seconds}' seconds after additional tokens are available. ` +
      'Refer to https://aka.ms/arm-throttling for additional information.',
    { headers: { 'retry-after': String(seconds) } },
  )
}
