import { TransientError } from '../core/errors.ts'

/** The HTTP status of an error of any Azure SDK; undefined: no answer came, or the error is none of an SDK's. */
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

/** Errors of the SDKs that carry no answer: the connection, a time-out of ours, an answer that cannot be read. */
const UNANSWERED = new Set(['RestError', 'AbortError', 'TimeoutError', 'FetchError'])
/** Of @azure/identity: no token could be had, which may pass, whatever status the authority gave. */
const UNIDENTIFIED = new Set([
  'AuthenticationError',
  'AuthenticationRequiredError',
  'CredentialUnavailableError',
  'AggregateAuthenticationError',
])
/** A token that has just expired, a right that has just been granted, overload. */
const PASSING = new Set([401, 403, 408, 429])

/** Whether a call to an Azure service may succeed later, without anyone changing it. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (UNIDENTIFIED.has(error.name)) return true
  const status = statusOf(error)
  if (status === undefined) return UNANSWERED.has(error.name) || hasConnectionCode(error)
  // Below 400 the answer was received and could not be read.
  return status < 400 || status >= 500 || PASSING.has(status)
}

/**
 * The error of a storage call as the use cases know it: TransientError where it may pass, rights among them, as
 * they are granted while events wait. What is none of an SDK's errors is a defect of ours and stays what it is.
 */
export function fromStorage(error: unknown, doing: string): unknown {
  if (!isPassing(error)) {
    return statusOf(error) === undefined
      ? error
      : new Error(`could not ${doing}: ${describe(error)}`, { cause: error })
  }
  return new TransientError(`could not ${doing}: ${describe(error)}`, {
    cause: error,
    retryAfterMs: retryAfterOf(error),
  })
}

/** The longest wait that a service may ask for. */
const LONGEST_WAIT_MS = 3_600_000

/** What the other side asked us to wait, in milliseconds: retry-after-ms, x-ms-retry-after-ms, Retry-After in seconds. */
export function retryAfterOf(error: unknown): number | undefined {
  const headers = (error as { response?: { headers?: { get(name: string): string | undefined } } }).response
    ?.headers
  const ms = Number(headers?.get('retry-after-ms') ?? headers?.get('x-ms-retry-after-ms') ?? Number.NaN)
  const seconds = Number(headers?.get('retry-after') ?? Number.NaN)
  const wait = Number.isFinite(ms) ? ms : seconds * 1000
  return Number.isFinite(wait) && wait >= 0 ? Math.min(wait, LONGEST_WAIT_MS) : undefined
}

/** Node's own codes for a connection that failed, where no SDK has wrapped it. */
function hasConnectionCode(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code)
}

/** Code and message, without the headers and bodies that SDK errors carry along. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : ''
  return `${code}${error.message.split('\n')[0] ?? ''}`
}
