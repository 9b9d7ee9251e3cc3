import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'

export interface HttpCall {
  /** Upper case. */
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  /** Each time that a header came; names in lower case. Takes longer to make than all the rest here. */
  distinctHeaders(): NodeJS.Dict<string[]>
  /** The whole body; rejects with BodyTooLargeError when it is longer. */
  readBody(maxBytes: number): Promise<Buffer>
}

export interface HttpAnswer {
  readonly status: number
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Uint8Array
}

export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError'
}

/**
 * Of a body that is too large, up to this many times the limit is read away, so that the client sees the
 * answer.
 */
const DISCARD_FACTOR = 4
const NO_BODY_STATUSES = [204, 205, 304]

/** undefined when the address is not one that a path can be taken from. */
export function toCall(request: IncomingMessage): HttpCall | undefined {
  const target = request.url ?? '/'
  const address = `http://${request.headers.host ?? 'localhost'}${target}`
  const url = target.startsWith('/') ? URL.parse(address) : null
  if (url === null) return undefined
  return {
    method: request.method ?? 'GET',
    url,
    headers: request.headers,
    distinctHeaders: () => request.headersDistinct,
    readBody: maxBytes => readBody(request, maxBytes),
  }
}

/** Rejects where the client goes away before it has sent everything. */
function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const tooLarge = () => reject(new BodyTooLargeError(`The body is longer than ${maxBytes} bytes.`))
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBytes) chunks.push(chunk)
      else chunks.length = 0
      if (size <= maxBytes * DISCARD_FACTOR) return
      request.pause()
      tooLarge()
    })
    request.on('end', () => {
      const [only] = chunks
      if (size > maxBytes) tooLarge()
      else resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks))
    })
    request.on('error', reject)
    request.on('close', () => {
      // Every request closes: an error is costly to make.
      if (!request.complete) reject(new Error('the request ended before all of it had come'))
    })
  })
}

/** Throws when a header or the status is not one that HTTP allows; nothing is sent then. */
export function sendAnswer(response: ServerResponse, { status, headers, body = '' }: HttpAnswer): void {
  const isText = typeof body === 'string' && body !== ''
  response.writeHead(status, {
    ...(isText ? { 'content-type': 'text/plain; charset=utf-8' } : {}),
    ...headers,
    ...(NO_BODY_STATUSES.includes(status) ? {} : { 'content-length': Buffer.byteLength(body) }),
  })
  // Nothing, and text, go out together with the head, in one system call.
  if (body.length === 0) response.end()
  else response.end(body)
}
