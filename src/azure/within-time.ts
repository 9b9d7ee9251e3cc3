import { TransientError } from '../core/errors.ts'
import { SECOND } from '../core/time.ts'

/** Storage answers within seconds or is in trouble. */
const STORAGE_CALL_MS = 10 * SECOND

/**
 * Options with which a call of an SDK ends, retries and all, after this time: the SDKs count tries, not time, and
 * a connection that is silent would hold up whatever waits behind it.
 */
export function withinTime(limitMs = STORAGE_CALL_MS): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(limitMs) }
}

/** What others may be waiting for as well, and not for longer than the signal says. Rejects with TransientError then. */
export async function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignalLike | undefined,
  doing: string,
): Promise<T> {
  if (signal === undefined) return promise
  const late = new TransientError(`no time was left to ${doing}`)
  const ended = Promise.withResolvers<never>()
  const end = () => ended.reject(late)
  if (signal.aborted) end()
  signal.addEventListener('abort', end)
  try {
    return await Promise.race([promise, ended.promise])
  } finally {
    signal.removeEventListener('abort', end)
  }
}

/** As the SDKs have it. */
interface AbortSignalLike {
  readonly aborted: boolean
  // biome-ignore lint/suspicious/noExplicitAny: whose event it is does not matter
  addEventListener(type: 'abort', listener: (event: any) => any): void
  // biome-ignore lint/suspicious/noExplicitAny: as above
  removeEventListener(type: 'abort', listener: (event: any) => any): void
}
