import { TransientError } from '../core/errors.ts'

/** The HTTP status of an error of any Azure SDK; undefined: no answer came. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined
  return typeof error.statusCode === 'number' ? error.statusCode : undefined
}

export function isNotFound(error: unknown): boolean {
  return statusOf(error) === 404
}

/** Somebody else was faster: the row exists already, or it is not as we have read it. */
export function isConflict(error: unknown): boolean {
  const status = statusOf(error)
  return status === 409 || status === 412
}

const PASSING = new Set([401, 403, 408, 429, 500, 502, 503, 504])

/**
 * The error of a storage call as the use cases know it. No answer and every status that may pass is
 * transient, a refused login among them: rights are granted while events wait. The rest is a defect of ours.
 */
export function fromStorage(error: unknown, doing: string): Error {
  const status = statusOf(error)
  const message = `could not ${doing}: ${describe(error)}`
  if (status === undefined || PASSING.has(status)) {
    return new TransientError(message, { cause: error, retryAfterMs: retryAfterOf(error) })
  }
  return new Error(message, { cause: error })
}

/** The longest wait that a service may ask for. */
const LONGEST_WAIT_MS = 3_600_000

/** What the other side asked us to wait, in milliseconds: retry-after-ms, x-ms-retry-after-ms, Retry-After in seconds. */
export function retryAfterOf(error: unknown): number | undefined {
  const headers = headersOf(error)
  const ms = Number(headers?.get('retry-after-ms') ?? headers?.get('x-ms-retry-after-ms') ?? Number.NaN)
  const seconds = Number(headers?.get('retry-after') ?? Number.NaN)
  const wait = Number.isFinite(ms) ? ms : seconds * 1000
  return Number.isFinite(wait) && wait >= 0 ? Math.min(wait, LONGEST_WAIT_MS) : undefined
}

function headersOf(error: unknown): { get(name: string): string | undefined } | undefined {
  const response = (error as { response?: { headers?: { get(name: string): string | undefined } } }).response
  return response?.headers
}

/** Code and message, without the headers and bodies that SDK errors carry along. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : ''
  return `${code}${error.message.split('\n')[0] ?? ''}`
}
