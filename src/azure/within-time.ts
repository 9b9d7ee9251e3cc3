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
