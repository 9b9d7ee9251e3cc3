/** Passes one HTTP request on and its answer back, streaming, changing nothing that anyone signs or reads. */
import { Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

/**
 * Headers about one connection, not about the message (RFC 9110 §7.6.1). `Expect` is among them because
 * the server in front has already answered 100 Continue, as Azurite itself does before it reads a request.
 */
const CONNECTION_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  'expect',
])

export interface Upstream {
  hostname: string
  port: number
  agent: Agent
}

/** What happens on the way. */
export interface Passage {
  /** In place of the request's own body, which has been read already. */
  body?: Buffer | undefined
  /** Awaited before the last bytes of the body go out: until then the operation cannot take place. */
  beforeEnd?(): Promise<void>
  /** Awaited before anything of the answer goes out. What it returns replaces the answer's body. */
  beforeAnswer?(answer: IncomingMessage, sentBytes: number): Promise<Buffer | undefined>
}

export function createUpstream(url: string): Upstream {
  const { hostname, port } = new URL(url)
  return { hostname, port: Number(port), agent: new Agent({ keepAlive: true }) }
}

/**
 * Resolves when the answer has gone out. Rejects when the client has gone, the upstream fails, or a step of
 * `passage` does. A client that goes takes its request with it, unless the whole body is on its way already:
 * then the operation may take place, and `beforeAnswer` still hears of it.
 */
export async function forward(
  upstream: Upstream,
  req: IncomingMessage,
  res: ServerResponse,
  passage: Passage = {},
): Promise<void> {
  const outgoing = open(upstream, req)
  const answered = answerOf(outgoing)
  const sent = { bytes: 0, whole: false }
  const abandon = () => {
    if (!(sent.whole && passage.beforeAnswer)) outgoing.destroy()
  }
  res.once('close', abandon)
  if (res.destroyed) abandon()
  try {
    const sending = send(passage.body === undefined ? req : [passage.body], outgoing, sent, passage)
    const answer = await Promise.race([answered, sending.then(() => answered)])
    const body = await passage.beforeAnswer?.(answer, sent.bytes)
    await respond(res, answer, body)
  } catch (error) {
    outgoing.destroy()
    throw error
  } finally {
    res.off('close', abandon)
  }
}

function open({ hostname, port, agent }: Upstream, req: IncomingMessage): ClientRequest {
  const headers = endToEnd(req.rawHeaders)
  const hasLength = req.headers['content-length'] ?? req.headers['transfer-encoding']
  // Without either there is no body; Node would announce a chunked one.
  if (hasLength === undefined && req.method !== 'GET' && req.method !== 'HEAD')
    headers.push('Content-Length', '0')
  return request({ hostname, port, agent, method: req.method, path: req.url, headers })
}

/** Raw headers, name after value, without those of the connection. */
function endToEnd(raw: string[]): string[] {
  return raw.filter((_, index) => !CONNECTION_HEADERS.has((raw[index - (index % 2)] ?? '').toLowerCase()))
}

function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.on('error', reject)
    outgoing.once('close', () => reject(new Error('the storage closed the connection without an answer')))
  })
  // Nobody may be waiting yet when it fails.
  answered.catch(() => undefined)
  return answered
}

/** Keeps the newest chunk back until `beforeEnd` lets it go. Once nobody takes the body, reads it to its end. */
async function send(
  source: AsyncIterable<Buffer> | Buffer[],
  outgoing: ClientRequest,
  sent: { bytes: number; whole: boolean },
  passage: Passage,
): Promise<void> {
  let held: Buffer | undefined
  for await (const chunk of source) {
    sent.bytes += chunk.length
    if (held !== undefined && !outgoing.destroyed && !outgoing.write(held)) await drained(outgoing)
    held = chunk
  }
  await passage.beforeEnd?.()
  if (outgoing.destroyed) return
  sent.whole = true
  outgoing.end(held)
}

function drained(outgoing: ClientRequest): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      outgoing.off('drain', done)
      outgoing.off('close', done)
      resolve()
    }
    outgoing.on('drain', done)
    outgoing.on('close', done)
  })
}

async function respond(
  res: ServerResponse,
  answer: IncomingMessage,
  body: Buffer | undefined,
): Promise<void> {
  if (res.destroyed) {
    answer.resume()
    return
  }
  res.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders))
  if (body === undefined) await pipeline(answer, res)
  else res.end(body)
}
