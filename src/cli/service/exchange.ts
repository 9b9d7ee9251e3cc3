/** One request, and whatever can be wrong with it before the service has its say. */
import { SECOND } from '../../core/time.ts'
import { UsageError } from '../usage-error.ts'
import type { ServiceAddress } from './address.ts'

/** Nothing answers there. */
export class NoAnswerError extends UsageError {}

export interface ServiceRequest {
  method: string
  /** With its query. */
  url: string
  headers: Record<string, string>
  body: unknown
  /** For all of it. */
  timeoutMs: number
}

export interface ServiceAnswer {
  status: number
  headers: Headers
  /** Undefined: it is no JSON. */
  body: unknown
}

/** 200 rule files of a size that no person would write. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

const HEADER_VALUE = /^[\t\x20-\x7e]*$/

/** Rejects with NoAnswerError, or with UsageError where what answers is no service of ours. */
export async function exchange(
  address: ServiceAddress,
  { method, url, headers, body, timeoutMs }: ServiceRequest,
): Promise<ServiceAnswer> {
  const wrong = Object.entries(headers).find(([, value]) => !HEADER_VALUE.test(value))
  // Node would repeat the value, which may be a key.
  if (wrong !== undefined) throw new UsageError(`${wrong[0]}: holds a character that no header may hold`, 2)
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, {
      method,
      // What the headers hold is for this address alone.
      redirect: 'manual',
      signal,
      headers: { Accept: 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await readText(response, address)
    return { status: response.status, headers: response.headers, body: parsed(text) }
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (signal.aborted) {
      throw new NoAnswerError(
        `no answer from ${address.base} within ${timeoutMs / SECOND} s; try again later`,
      )
    }
    throw noAnswer(address, error)
  }
}

async function readText({ body }: Response, { base }: ServiceAddress): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new UsageError(`${base} answers more than can be read`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function noAnswer({ base, isLocal }: ServiceAddress, error: unknown): NoAnswerError {
  if (isLocal) {
    return new NoAnswerError(
      `no answer from ${base}; is Lakemark running? Start it with: npm start\nA service elsewhere is named by --url or LAKEMARK_URL`,
    )
  }
  return new NoAnswerError(`no answer from ${base}: ${whyOf(error, new URL(base))}`)
}

/** `fetch` tells why in the causes of its error. */
function whyOf(error: unknown, { hostname, protocol }: URL): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${hostname} is not known here; is it spelt right, and are you in the right network?`
    case 'ECONNREFUSED':
      return 'nothing listens there; is Lakemark running, and the port right?'
    case 'ECONNRESET':
    case 'UND_ERR_SOCKET':
      return 'the connection was closed; try again'
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'it cannot be reached from here; are you in the right network?'
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return 'it does not speak https; is its address http://?'
    default: {
      const reason = cause instanceof Error ? cause.message : String(cause)
      const isCertificate = protocol === 'https:' && /CERT|SIGNATURE|ALTNAME|SSL|TLS/.test(code)
      return isCertificate
        ? `its certificate is not trusted here: ${reason}; a root of your own is named by NODE_EXTRA_CA_CERTS`
        : reason
    }
  }
}
