/** Event Grid's rules for what is tried again, when, and when no more ("Event Grid message delivery and retry"). */
import { DAY, HOUR, MINUTE, SECOND } from '../../core/time.ts'

/** Before the second attempt, the third, …; the last one repeats. */
export const RETRY_DELAYS_MS: readonly number[] = [
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
]
export const MAX_ATTEMPTS = 30
export const TIME_TO_LIVE_MS = DAY
/** An endpoint that has not answered by then has failed. */
export const ANSWER_LIMIT_MS = 30 * SECOND

/** What became of one attempt. */
export interface Outcome {
  kind: 'delivered' | 'failed' | 'refused'
  /** `lastDeliveryOutcome` of a dead letter. */
  name: string
  /** Absent where there was no answer. */
  status?: number | undefined
}

const SUCCESSES = [200, 201, 202, 203, 204]

/**
 * Never tried again. For plain webhooks the documentation adds 401; for endpoints that are Azure resources,
 * such as a function, it does not.
 */
const REFUSALS = new Map([
  [400, 'BadRequest'],
  [403, 'Forbidden'],
  [413, 'RequestEntityTooLarge'],
])

const FAILURES = new Map([
  [401, 'Unauthorized'],
  [404, 'NotFound'],
  [408, 'TimedOut'],
  [429, 'Busy'],
  [503, 'Busy'],
])

export function toOutcome(status: number): Outcome {
  if (SUCCESSES.includes(status)) return { kind: 'delivered', name: 'Delivered', status }
  const refusal = REFUSALS.get(status)
  if (refusal !== undefined) return { kind: 'refused', name: refusal, status }
  return { kind: 'failed', name: FAILURES.get(status) ?? 'GenericError', status }
}

export interface RetryRules {
  retryDelaysMs: readonly number[]
  maxAttempts: number
  timeToLiveMs: number
}

export interface Attempts {
  /** How many there were. */
  attempts: number
  /** Milliseconds since 1970. */
  publishedAt: number
}

/** Why a failed event is given up, or undefined: it is tried again. */
export function giveUpReason(
  rules: RetryRules,
  outcome: Outcome,
  { attempts, publishedAt }: Attempts,
  now: number,
): string | undefined {
  if (outcome.kind === 'refused') return `UndeliverableDueToHttp${outcome.name}`
  if (attempts >= rules.maxAttempts) return 'MaxDeliveryAttemptsExceeded'
  return isExpired(rules, publishedAt, now) ? 'TimeToLiveExceeded' : undefined
}

function isExpired(rules: RetryRules, publishedAt: number, now: number): boolean {
  return now - publishedAt >= rules.timeToLiveMs
}

/** After so many attempts (at least one), how long to the next. */
export function retryDelayMs({ retryDelaysMs }: RetryRules, attempts: number): number {
  return retryDelaysMs[Math.min(attempts, retryDelaysMs.length) - 1] ?? 0
}
