/** How often a caller may call, in this process. Each process allows as much again. */

/** `refused`: calls of which nobody knows who makes them, by address. */
export type RateClass = 'read' | 'change' | 'refused'

export interface Rate {
  perSecond: number
  /** So many at once after a pause. */
  burst: number
}

export const RATES: Readonly<Record<RateClass, Rate>> = {
  read: { perSecond: 20, burst: 200 },
  change: { perSecond: 1, burst: 60 },
  refused: { perSecond: 1, burst: 30 },
}

/** Callers that are remembered; of more, those who came first are forgotten. */
const MAX_CALLERS = 10_000

/** Of a call: a rate of one a second gives one of these each millisecond. */
const PARTS = 1000

interface Bucket {
  /** In parts of calls. */
  level: number
  at: number
}

export interface RateLimits {
  /** Takes one call. Undefined: it may go on; else in how many milliseconds the next may. */
  take(caller: string, kind: RateClass): number | undefined
}

export function createRateLimits(
  now: () => number,
  rates: Readonly<Record<RateClass, Rate>> = RATES,
): RateLimits {
  const buckets = new Map<string, Bucket>()

  function levelOf(key: string, { perSecond, burst }: Rate): number {
    const bucket = buckets.get(key)
    if (bucket === undefined) return burst * PARTS
    const elapsedMs = Math.max(0, now() - bucket.at)
    return Math.min(burst * PARTS, bucket.level + elapsedMs * perSecond)
  }

  return {
    take(caller, kind) {
      const key = `${kind} ${caller}`
      const rate = rates[kind]
      const level = levelOf(key, rate)
      if (level < PARTS) return Math.ceil((PARTS - level) / rate.perSecond)
      // At the end of the order, so that the first is who has not called for the longest time.
      buckets.delete(key)
      buckets.set(key, { level: level - PARTS, at: now() })
      const [oldest] = buckets.keys()
      if (buckets.size > MAX_CALLERS && oldest !== undefined) buckets.delete(oldest)
      return undefined
    },
  }
}
