import { describe, expect, it } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/time.ts'
import {
  giveUpReason,
  MAX_ATTEMPTS,
  RETRY_DELAYS_MS,
  retryDelayMs,
  TIME_TO_LIVE_MS,
  toOutcome,
} from '../../../src/emulators/event-grid/retry-rules.ts'

const rules = { retryDelaysMs: RETRY_DELAYS_MS, maxAttempts: MAX_ATTEMPTS, timeToLiveMs: TIME_TO_LIVE_MS }

describe('the retry rules', () => {
  it.each([
    [1, 10 * SECOND],
    [2, 30 * SECOND],
    [3, MINUTE],
    [7, HOUR],
    [10, 12 * HOUR],
    [29, 12 * HOUR],
  ])('wait after attempt %i for %i ms', (attempts, delayMs) => {
    expect(retryDelayMs(rules, attempts)).toBe(delayMs)
  })

  it.each([
    [200, 'delivered'],
    [202, 'delivered'],
    [204, 'delivered'],
    [205, 'failed'],
    [301, 'failed'],
    [400, 'refused'],
    [401, 'failed'],
    [403, 'refused'],
    [404, 'failed'],
    [413, 'refused'],
    [500, 'failed'],
  ])('take %i as %s', (status, kind) => {
    expect(toOutcome(status).kind).toBe(kind)
  })

  it('go on until 30 attempts or 24 hours', () => {
    const failed = toOutcome(500)

    expect(giveUpReason(rules, failed, { attempts: 29, publishedAt: 0 }, DAY - 1)).toBeUndefined()
    expect(giveUpReason(rules, failed, { attempts: 30, publishedAt: 0 }, 1)).toBe(
      'MaxDeliveryAttemptsExceeded',
    )
    expect(giveUpReason(rules, failed, { attempts: 2, publishedAt: 0 }, DAY)).toBe('TimeToLiveExceeded')
  })
})
