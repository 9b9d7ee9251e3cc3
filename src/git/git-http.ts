import type { GitHttpRequest, GitHttpResponse, HttpClient } from 'isomorphic-git'
import { PermanentError, TransientError } from '../core/errors.ts'
import { SECOND } from '../core/time.ts'
import { formatMegabytes, MEGABYTE } from './megabytes.ts'

/** The list of branches and tags; where a server knows no filter it is all of them. */
const MAX_REFS_BYTES = 16 * MEGABYTE
/** One commit of the repository, compressed: also what lies beside the rules. */
const MAX_PACK_BYTES = 64 * MEGABYTE
const MAX_REDIRECTS = 3
const MAX_ATTEMPTS = 3
const LONGEST_WAIT_MS = 3600 * SECOND

/** GitHub and Azure DevOps answer a browser, not git, where the agent does not begin like git's own. */
const USER_AGENT = 'git/lakemark'
/** What the end of a kept connection looks like to who was about to use it. */
const ENDED = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])
const REDIRECTS = new Set([301, 302, 303, 307, 308])
/** Git's flush packet, which ends every answer that was sent whole. */
const FLUSH = '0000'

/**
 * The HTTP of the git protocol: answers are read whole and bounded, redirects are followed only within one origin
 * (a credential never reaches another host), and what is not a git server's answer never reaches the parser.
 * 401 and 203 are handed on, as they ask for a credential. Rejects with TransientError or PermanentError, in which
 * neither headers nor bodies appear; when the signal ends, with its reason.
 */
export function createGitHttp(signal: AbortSignal): HttpClient {
  return {
    async request({ url, method = 'GET', headers = {}, body }: GitHttpRequest): Promise<GitHttpResponse> {
      const init = {
        method,
        headers: { ...headers, 'user-agent': USER_AGENT },
        body: await collect(body),
        signal,
      }
      const response = await follow(new URL(url), init)
      const asks = response.status === 401 || response.status === 203
      if (!asks) await refuseTrouble(response, url)
      const maxBytes = method === 'POST' ? MAX_PACK_BYTES : MAX_REFS_BYTES
      const content = asks ? await dropBody(response) : await readBody(response, url, maxBytes)
      return {
        url,
        method,
        statusCode: response.status,
        statusMessage: response.statusText,
        headers: { 'content-type': response.headers.get('content-type') ?? '' },
        body: once(content),
      }
    },
  }
}

async function follow(start: URL, init: RequestInit): Promise<Response> {
  let url = start
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await reach(url, init)
    if (!REDIRECTS.has(response.status)) return response
    await dropBody(response)
    const location = response.headers.get('location')
    const target = location === null ? undefined : URL.parse(location, url.href)
    if (target?.origin !== start.origin) {
      const where = target?.origin ?? 'nowhere'
      throw new PermanentError(
        `${start.host} redirects to ${where}, which is not followed; give the final address`,
      )
    }
    url = target
  }
  throw new PermanentError(`${start.host} redirects more than ${MAX_REDIRECTS} times; give the final address`)
}

/** Every request of a reader may be repeated: one on a kept connection that has ended meanwhile is. */
async function reach(url: URL, init: RequestInit): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetch(url, { ...init, redirect: 'manual' })
    } catch (error) {
      if (attempt < MAX_ATTEMPTS && ENDED.has(codeOf(error) ?? '')) continue
      throw unreachable(error, url.host)
    }
  }
}

async function refuseTrouble(response: Response, url: string): Promise<void> {
  const { host } = new URL(url)
  const { status } = response
  const type = response.headers.get('content-type') ?? ''
  if (status === 200 && type.startsWith('application/x-git-upload-pack-')) return
  await dropBody(response)
  const isThrottled = status === 403 && response.headers.get('x-ratelimit-remaining') === '0'
  if (status >= 500 || status === 408 || status === 429 || isThrottled) {
    throw new TransientError(`${host} answers ${status}`, { retryAfterMs: retryAfterOf(response) })
  }
  if (status === 403) {
    throw new PermanentError(
      `${host} refuses to let the repository be read (403); does the token have the right?`,
    )
  }
  if (status === 404) {
    throw new PermanentError(`${host} has no such repository (404), or the token may not read it`)
  }
  const what = status === 200 ? `with ${type.slice(0, 100) || 'something'} instead of git` : `${status}`
  throw new PermanentError(`${host} answers ${what}; is the address that of a repository?`)
}

async function readBody(response: Response, url: string, maxBytes: number): Promise<Buffer> {
  const { host } = new URL(url)
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength
      if (size > maxBytes) throw new PermanentError(tooLarge(host, maxBytes))
      chunks.push(chunk)
    }
  } catch (error) {
    throw unreachable(error, host)
  }
  const content = Buffer.concat(chunks)
  // What the parser reads of half a list looks like a list of half the branches.
  if (content.subarray(-FLUSH.length).toString('latin1') !== FLUSH) {
    throw new TransientError(`${host} broke off its answer`)
  }
  return content
}

function tooLarge(host: string, maxBytes: number): string {
  return `${host} sends more than ${formatMegabytes(maxBytes)}; keep the rules in a smaller repository`
}

/** The connection failed, before the answer or within it. */
function unreachable(error: unknown, host: string): unknown {
  if (error instanceof TransientError || error instanceof PermanentError) return error
  const code = codeOf(error)
  return new TransientError(`${host} could not be reached${code === undefined ? '' : `: ${code}`}`)
}

/** Of what made a fetch fail. */
function codeOf(error: unknown): string | undefined {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
}

/** Releases the connection of an answer that is not read. */
async function dropBody(response: Response): Promise<Buffer> {
  await response.body?.cancel()
  return Buffer.alloc(0)
}

function retryAfterOf(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return seconds >= 0 ? Math.min(seconds * SECOND, LONGEST_WAIT_MS) : undefined
}

async function collect(body: GitHttpRequest['body']): Promise<Buffer | undefined> {
  if (body === undefined) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function* once(content: Buffer): AsyncGenerator<Uint8Array, void> {
  yield content
}
