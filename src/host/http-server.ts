import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'
import { reasonOf } from '../core/errors.ts'
import { MINUTE, SECOND } from '../core/time.ts'
import { createGuard } from './http-guard.ts'
import { BodyTooLargeError, type HttpAnswer, type HttpCall, sendAnswer, toCall } from './http-message.ts'
import type { HostLog } from './log.ts'
import { createWaker } from './waker.ts'

export interface HttpServer {
  readonly port: number
  readonly url: string
  /** Accepts no more requests; resolves when the last one under way is answered. */
  stop(): Promise<void>
  /** Drops the connections that are left. */
  destroy(): void
}

export interface HttpServerOptions {
  readonly port: number
  readonly address: string
  readonly answer: (call: HttpCall) => HttpAnswer | Promise<HttpAnswer>
  readonly log: HostLog
}

/** Longer than the usual 5 s, so that clients which keep connections meet no closing one. */
const KEEP_ALIVE_MS = 65 * SECOND
/** The client's time for sending a request. */
const REQUEST_MS = 5 * MINUTE

/** Listens; rejects with an Error that names the way out when the port is taken. */
export async function listen(options: HttpServerOptions): Promise<HttpServer> {
  const { address, log } = options
  const serve = createServing(options)
  const answered = createWaker()
  let underWay = 0
  let stopping = false
  const ended = () => {
    underWay -= 1
    answered.wake()
  }
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_MS },
    (request, response) => {
      underWay += 1
      response.once('close', ended)
      if (stopping) response.setHeader('connection', 'close')
      void serve(request, response, stopping)
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, options)))
    server.listen(options.port, address, resolve)
  })
  server.on('error', error => log('error', 'http server failed', { error: reasonOf(error) }))

  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://${isIPv6(address) ? `[${address}]` : address}:${port}`,
    stop: async () => {
      stopping = true
      server.close()
      server.closeIdleConnections()
      while (underWay > 0) await answered.wait()
    },
    destroy: () => server.closeAllConnections(),
  }
}

function explain(error: NodeJS.ErrnoException, { port, address }: HttpServerOptions): Error {
  if (error.code !== 'EADDRINUSE') return error
  return new Error(
    `port ${port} on ${address} is taken: stop what listens there, or set LAKEMARK_PORT to another port ` +
      '(0: any free one)',
    { cause: error },
  )
}

/** One request from its head to its answer. The returned function never rejects. */
function createServing({ address, answer, log }: HttpServerOptions) {
  const guard = createGuard(address)

  async function serve(request: IncomingMessage, response: ServerResponse, stopping: boolean): Promise<void> {
    let result: HttpAnswer
    try {
      result = await answerTo(request, stopping)
    } catch (error) {
      result = answerToFailure(request, error)
    }
    try {
      sendAnswer(response, result)
    } catch (error) {
      log('error', 'answer cannot be sent', { ...fieldsOf(request), error: reasonOf(error) })
      sendAnswer(response, { status: 500, body: 'The answer could not be sent; the log says why.' })
    }
  }

  function answerToFailure(request: IncomingMessage, error: unknown): HttpAnswer {
    if (error instanceof BodyTooLargeError) return { status: 413, body: error.message }
    // A client that goes away in the middle of its request is its own affair.
    const level = request.errored ? 'debug' : 'error'
    log(level, 'request failed', { ...fieldsOf(request), error: reasonOf(error) })
    return { status: 500, body: 'The host could not answer; its log says why.' }
  }

  function answerTo(request: IncomingMessage, stopping: boolean): HttpAnswer | Promise<HttpAnswer> {
    if (stopping) return { status: 503, body: 'The host is shutting down.' }
    const refused = guard(request)
    if (refused !== undefined) return { status: 403, body: refused }
    const call = toCall(request)
    return call === undefined ? { status: 400, body: 'The address is not valid.' } : answer(call)
  }

  return serve
}

function fieldsOf({ method, url }: IncomingMessage): Record<string, unknown> {
  return { method, path: url }
}
