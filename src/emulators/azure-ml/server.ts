import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MINUTE } from '../../core/time.ts'
import type { Intercept, InterceptedRequest } from './intercepts.ts'
import { readBody } from './requests.ts'
import type { Route } from './routes.ts'
import { parseRoute } from './routes.ts'
import type { Reply, Service } from './service.ts'
import { createService } from './service.ts'
import { openStore } from './store.ts'
import type { BucketSize, RequestKind } from './throttle.ts'
import { createThrottle } from './throttle.ts'
import type { WorkspaceAddress } from './workspaces.ts'
import { createWorkspaceDirectory } from './workspaces.ts'

/** Longer than clients keep idle sockets: one that the server ends first fails the request that reuses it. */
const KEEP_ALIVE_MS = MINUTE

export interface AzureMlEmulatorOptions {
  /** 0 picks a free one. */
  port: number
  /** 127.0.0.1 where not given. */
  host?: string
  /** The workspaces that exist. */
  workspaces: readonly WorkspaceAddress[]
  /** JSON lines; not given: the state lives in memory only. */
  stateFile?: string | undefined
  /** `arm`: ARM's budgets hold; `off` (where not given): they never run out. */
  throttle?: 'off' | 'arm'
  /** Budgets other than ARM's. */
  buckets?: Partial<Record<RequestKind, BucketSize>>
  /** The status for a version that is sent again with other data, 400 where not given. */
  immutableStatus?: 400 | 409
  /** Milliseconds since 1970. */
  now?: () => number
  intercept?: Intercept | undefined
  /** Told of defects of the emulator; never of secrets or bodies. */
  log?: ((message: string, fields: Record<string, unknown>) => void) | undefined
}

export interface AzureMlEmulator {
  /** Such as `http://127.0.0.1:7072`. */
  url: string
  port: number
  /** Replaces the workspaces that exist. The state of one that goes is there again when it comes back. */
  setWorkspaces(workspaces: readonly WorkspaceAddress[]): void
  setIntercept(intercept: Intercept | undefined): void
  /** How many requests came, by operation such as `PUT dataVersion`, whatever they were answered. */
  counts(): Record<string, number>
  /** How many of its own answers had which status. */
  statuses(): Record<number, number>
  /** Ends open connections too; resolves when all that was acknowledged is in the state file. */
  close(): Promise<void>
}

/**
 * Starts the part of Azure Machine Learning's ARM API that registers data: workspaces, data containers and
 * versions, datastores. Rejects where the port is taken or the state file is not readable.
 */
export async function startAzureMlEmulator(options: AzureMlEmulatorOptions): Promise<AzureMlEmulator> {
  const { host = '127.0.0.1', now = Date.now, log, immutableStatus = 400 } = options
  const store = await openStore(options.stateFile)
  const directory = createWorkspaceDirectory(options.workspaces)
  const throttle = createThrottle({ mode: options.throttle ?? 'off', buckets: options.buckets, now })
  const front = createFront(
    createService({ store, directory, throttle, immutableStatus, now, log }),
    options.intercept,
  )
  try {
    await listen(front.server, options.port, host)
  } catch (error) {
    await store.close()
    throw error
  }
  const url = urlOf(front.server)
  let closed: Promise<void> | undefined
  return {
    url,
    port: Number(new URL(url).port),
    setWorkspaces: directory.replace,
    setIntercept: front.setIntercept,
    counts: front.counts,
    statuses: front.statuses,
    close: () => {
      closed ??= front.close().then(() => store.close())
      return closed
    },
  }
}

/** The HTTP side: reads requests, counts them, lets the intercept have its way, sends replies. */
function createFront(service: Service, initialIntercept: Intercept | undefined) {
  const counts = new Map<string, number>()
  const statuses = new Map<number, number>()
  let intercept = initialIntercept
  let isClosing = false

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path, query } = targetOf(request)
    const route = parseRoute(request.method ?? '', path)
    counts.set(route.operation, (counts.get(route.operation) ?? 0) + 1)
    const body = await readBody(request)
    const interception = await intercept?.(toIntercepted(route, path))
    if (interception === 'hang-up-before' || isClosing) return void request.socket.destroy()
    if (typeof interception === 'object') return send(response, interception)
    const origin = urlOf(server)
    const reply = await service.reply({ route, path, query, headers: request.headers, body, origin })
    statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1)
    if (interception === 'hang-up-after') return void request.socket.destroy()
    send(response, reply)
  }

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      // A caller that went away while sending is no defect, and nobody is left to answer.
      if (request.socket.destroyed) return
      if (response.headersSent) return void request.socket.destroy()
      send(response, service.toErrorReply(error, targetOf(request).path))
    })
  })

  return {
    server,
    setIntercept(next: Intercept | undefined) {
      intercept = next
    },
    counts: () => Object.fromEntries(counts),
    statuses: () => Object.fromEntries(statuses),
    close: () =>
      new Promise<void>(resolve => {
        isClosing = true
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function targetOf(request: IncomingMessage): { path: string; query: string } {
  const [path = '', ...query] = (request.url ?? '').split('?')
  return { path, query: query.join('?') }
}

function toIntercepted({ method, operation, address }: Route, path: string): InterceptedRequest {
  return { method, path, subscription: address?.subscription, workspace: address?.name, operation }
}

function send(response: ServerResponse, { status, headers = {}, body }: Reply): void {
  const isText = typeof body === 'string'
  response.writeHead(status, {
    'content-type': isText ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    'cache-control': 'no-cache',
    'x-ms-request-id': randomUUID(),
    'x-ms-correlation-request-id': randomUUID(),
    ...headers,
  })
  response.end(isText || body === undefined ? body : JSON.stringify(body))
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error)
      const advice = 'set LAKEMARK_AZUREML_PORT to another one (0 picks a free one)'
      reject(
        new Error(`Port ${port} on ${host}, for the emulated Azure ML, is taken: ${advice}`, {
          cause: error,
        }),
      )
    })
    server.listen(port, host, resolve)
  })
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
