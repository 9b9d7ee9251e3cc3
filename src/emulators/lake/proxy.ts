/**
 * The lake's front door: the blob service of Azurite, and the storage events that Azurite does not have.
 * Every byte passes unchanged in both directions, so that signed requests stay valid; a request that wrote
 * or deleted a blob is answered once its event is safe.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PermanentError, reasonOf } from '../../core/errors.ts'
import { SECOND } from '../../core/time.ts'
import { readBody } from './batch.ts'
import { createFactsOf } from './blob-facts.ts'
import { createBlobTurns } from './blob-turns.ts'
import {
  EventFailure,
  type EventMaker,
  type GuardedPassage,
  toBatchPassage,
  toBlobPassage,
} from './event-passage.ts'
import { createUpstream, forward, type Upstream } from './forward.ts'
import { type Operation, parseOperation } from './operation.ts'
import { createSequencer } from './sequencer.ts'
import { respondFailure, type StorageFailure } from './storage-error.ts'
import { localTopic, type StorageEvent } from './storage-event.ts'

/** The service's own limit of a batch's body. */
const BATCH_LIMIT_BYTES = 4 * 1024 * 1024
/** As long as Azurite's own: clients that reuse an idle connection should not find it reset. */
const KEEP_ALIVE_MS = 60 * SECOND
/** How long `close` lets requests finish that are under way. */
const CLOSE_LIMIT_MS = 5 * SECOND

const TOO_LARGE: StorageFailure = {
  status: 413,
  code: 'RequestBodyTooLarge',
  message: `The request body is larger than the maximum permissible size of ${BATCH_LIMIT_BYTES} bytes.`,
}

export interface LakeProxyOptions {
  /** 0 picks a free port. */
  port: number
  /** `http://127.0.0.1:PORT/ACCOUNT` of Azurite's blob service. */
  azuriteBlobUrl: string
  account: string
  /** Only for questions to the storage about finished blobs; clients sign for themselves. */
  key: string
  /** Resource ID that the events carry; absent: one made up for the account. */
  topic?: string | undefined
  /**
   * Resolves when the event is safe; only then does the client hear of its success. Rejects: the client is
   * answered 500 and will try again. Events of one blob come one after the other, in the order of its changes.
   */
  onEvent(event: StorageEvent): Promise<void>
  now?: (() => number) | undefined
  log?: ((message: string, fields?: Record<string, unknown>) => void) | undefined
}

export interface LakeProxy {
  /** `http://127.0.0.1:PORT/ACCOUNT`, the blob endpoint for clients. */
  url: string
  port: number
  /** Takes no more requests, lets those under way finish for a short while, then cuts them off. */
  close(): Promise<void>
}

interface Lake {
  upstream: Upstream
  maker: EventMaker
  now(): number
  log(message: string, fields?: Record<string, unknown>): void
}

/** Listens on 127.0.0.1. Rejects with a PermanentError when the port is taken. */
export async function startLakeProxy(options: LakeProxyOptions): Promise<LakeProxy> {
  const { account, key, azuriteBlobUrl, onEvent, now = Date.now } = options
  // Uploads may take as long as they like: `requestTimeout` would cut them off after five minutes.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS })
  const port = await listen(server, options.port)
  const origin = `http://127.0.0.1:${port}`
  const topic = options.topic ?? localTopic(account)
  const source = { topic, origin, now, nextSequencer: createSequencer(now) }
  const factsOf = createFactsOf(azuriteBlobUrl, account, key)
  const lake: Lake = {
    upstream: createUpstream(azuriteBlobUrl),
    maker: { account, source, turns: createBlobTurns(), factsOf, onEvent },
    now,
    log: options.log ?? (() => undefined),
  }
  const underWay = new Set<Promise<void>>()
  server.on('request', (req, res) => {
    const served = serve(lake, req, res).finally(() => {
      underWay.delete(served)
      // While closing, a connection that has just become idle would hold the server open.
      if (!server.listening) setImmediate(() => server.closeIdleConnections())
    })
    underWay.add(served)
  })

  async function end(): Promise<void> {
    await closeServer(server)
    // The client of an operation may have gone before its event is recorded.
    await Promise.all(underWay)
    lake.upstream.agent.destroy()
  }
  let ended: Promise<void> | undefined

  return {
    url: `${origin}/${account}`,
    port,
    close: () => {
      ended ??= end()
      return ended
    },
  }
}

/** Never rejects: what goes wrong is answered and logged. */
async function serve(lake: Lake, req: IncomingMessage, res: ServerResponse): Promise<void> {
  let passage: GuardedPassage | undefined
  try {
    const operation = operationOf(req)
    if (operation.kind === 'batch') {
      const body = await readBody(req, BATCH_LIMIT_BYTES)
      if (body === undefined) {
        respondFailure(res, TOO_LARGE, new Date(lake.now()))
        return
      }
      passage = toBatchPassage(lake.maker, req, body)
    } else if (operation.kind !== 'pass' && operation.at.account === lake.maker.account) {
      passage = toBlobPassage(lake.maker, operation, req)
    }
    await forward(lake.upstream, req, res, passage)
  } catch (error) {
    fail(lake, req, res, error)
  } finally {
    passage?.end()
  }
}

function operationOf(req: IncomingMessage): Operation {
  return parseOperation({
    method: req.method ?? '',
    target: req.url ?? '',
    header: name => req.headers[name]?.toString(),
  })
}

function fail(lake: Lake, req: IncomingMessage, res: ServerResponse, error: unknown): void {
  // The query may hold a signature: it is not for the log.
  const fields = { method: req.method, path: req.url?.split('?', 1)[0] }
  const time = new Date(lake.now())
  if (error instanceof EventFailure) {
    lake.log('an event could not be recorded', { ...fields, reason: reasonOf(error.cause ?? error) })
    respondFailure(res, { status: 500, code: 'InternalError', message: error.message }, time)
    return
  }
  // The client has gone, and its request with it.
  if (res.destroyed) return
  lake.log('the storage did not answer', { ...fields, reason: reasonOf(error) })
  const message = `The storage behind the local lake did not answer: ${reasonOf(error)}`
  respondFailure(res, { status: 503, code: 'ServerBusy', message }, time)
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(toListenError(error, port)))
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function toListenError(cause: NodeJS.ErrnoException, port: number): Error {
  if (cause.code !== 'EADDRINUSE') return cause
  const message = `LAKEMARK_LAKE_PORT: port ${port} is taken by another process; set LAKEMARK_LAKE_PORT to a free one, or to 0`
  return new PermanentError(message, { cause })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => server.closeAllConnections(), CLOSE_LIMIT_MS)
    server.close(error => {
      clearTimeout(limit)
      if (error === undefined) resolve()
      else reject(error)
    })
    server.closeIdleConnections()
  })
}
