import { SECOND } from '../../core/time.ts'

export type RequestKind = 'reads' | 'writes' | 'deletes'

export interface BucketSize {
  /** How many requests may come at once. */
  capacity: number
  perSecond: number
}

/** ARM's documented budget of one principal in one subscription and region. */
export const ARM_BUCKETS: Readonly<Record<RequestKind, BucketSize>> = {
  reads: { capacity: 250, perSecond: 25 },
  writes: { capacity: 200, perSecond: 10 },
  deletes: { capacity: 200, perSecond: 10 },
}

/** Where nothing is throttled, callers that heed what is left are told of so much more than ARM's budget. */
const OFF_FACTOR = 60
/** All principals of a subscription together have this many times the budget of one. */
const GLOBAL_FACTOR = 15

export interface Toll {
  /** How much is left, in ARM's `x-ms-ratelimit-remaining-*` headers. */
  headers: Record<string, string>
  /** Set where the bucket was empty: whole seconds, at least 1, until a token is there. */
  retryAfterSeconds: number | undefined
}

export interface Throttle {
  /** Takes a token from the buckets of the subscription. */
  take(subscription: string, kind: RequestKind): Toll
}

interface ThrottleOptions {
  /** `off`: the buckets are far larger than ARM's, and always full. */
  mode: 'off' | 'arm'
  buckets?: Partial<Record<RequestKind, BucketSize>> | undefined
  now(): number
}

/** In thousandths of a token, so that a millisecond adds a whole number. */
interface Bucket {
  level: number
  capacity: number
  perMs: number
  atMs: number
}

const TOKEN = 1000

/** Token buckets for each subscription and kind of request: the caller's, and the subscription-wide one. */
export function createThrottle({ mode, buckets, now }: ThrottleOptions): Throttle {
  const sizes = { ...ARM_BUCKETS, ...buckets }
  const levels = new Map<string, { own: Bucket; global: Bucket }>()
  const factor = mode === 'off' ? OFF_FACTOR : 1

  function pair(subscription: string, kind: RequestKind): { own: Bucket; global: Bucket } {
    const key = `${kind}/${subscription}`
    const existing = levels.get(key)
    if (existing !== undefined) return existing
    const made = {
      own: fullBucket(sizes[kind], factor, now()),
      global: fullBucket(sizes[kind], factor * GLOBAL_FACTOR, now()),
    }
    if (mode === 'arm') levels.set(key, made)
    return made
  }

  function take(subscription: string, kind: RequestKind): Toll {
    const { own, global } = pair(subscription, kind)
    const waitMs = Math.max(refill(own, now()), refill(global, now()))
    if (waitMs === 0) {
      own.level -= TOKEN
      global.level -= TOKEN
    }
    const headers = {
      [`x-ms-ratelimit-remaining-subscription-${kind}`]: remaining(own),
      [`x-ms-ratelimit-remaining-subscription-global-${kind}`]: remaining(global),
    }
    return { headers, retryAfterSeconds: waitMs === 0 ? undefined : Math.max(1, Math.ceil(waitMs / SECOND)) }
  }

  return { take }
}

function fullBucket({ capacity, perSecond }: BucketSize, factor: number, atMs: number): Bucket {
  const full = capacity * factor * TOKEN
  return { level: full, capacity: full, perMs: (perSecond * factor * TOKEN) / SECOND, atMs }
}

/** Adds what has come since the last time; returns how long until there is a token, 0 where there is one. */
function refill(bucket: Bucket, nowMs: number): number {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs)
  bucket.level = Math.min(bucket.capacity, bucket.level + elapsedMs * bucket.perMs)
  bucket.atMs = nowMs
  return bucket.level >= TOKEN ? 0 : (TOKEN - bucket.level) / bucket.perMs
}

function remaining(bucket: Bucket): string {
  return String(Math.floor(bucket.level / TOKEN))
}
