import { describe, expect, it } from 'vitest'
import type { Reply } from './bench.ts'
import { FORECAST, RETAIL, senderFor, startEmulator, version } from './bench.ts'

const START_MS = Date.UTC(2026, 0, 1)

const writesLeft = (reply: Reply) => reply.headers.get('x-ms-ratelimit-remaining-subscription-writes')
const readsLeft = (reply: Reply) => reply.headers.get('x-ms-ratelimit-remaining-subscription-reads')

function manualClock() {
  let nowMs = START_MS
  return {
    now: () => nowMs,
    advance: (ms: number) => {
      nowMs += ms
    },
  }
}

describe('throttling', () => {
  it('holds the budget of ARM: 200 writes at once, then 10 a second', async () => {
    const clock = manualClock()
    const send = senderFor(await startEmulator({ throttle: 'arm', now: clock.now }))
    const write = () => send('PUT', '/data/sales/versions/1', version('a.csv'))

    const burst = []
    for (let number = 0; number < 200; number += 1) burst.push(await write())
    const refused = await write()
    clock.advance(250)
    const later = [await write(), await write(), await write()]

    expect(burst.every(reply => reply.status < 300)).toBe(true)
    expect(burst.map(writesLeft)).toEqual(burst.map((_, index) => String(199 - index)))
    expect(burst[0]?.headers.get('x-ms-ratelimit-remaining-subscription-global-writes')).toBe('2999')
    expect(refused).toMatchObject({ status: 429, body: { error: { code: 'SubscriptionRequestsThrottled' } } })
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(writesLeft(refused)).toBe('0')
    expect(later.map(reply => reply.status)).toEqual([200, 200, 429])
  })

  it('lets the caller in again after Retry-After, and not before the token is there', async () => {
    const clock = manualClock()
    const buckets = { writes: { capacity: 1, perSecond: 0.4 } }
    const send = senderFor(await startEmulator({ throttle: 'arm', buckets, now: clock.now }))
    const write = () => send('PUT', '/data/sales/versions/1', version('a.csv'))
    await write()

    const refused = await write()
    clock.advance(2499)
    const early = await write()
    clock.advance(1)
    const onTime = await write()

    expect(refused.headers.get('retry-after')).toBe('3')
    expect(early.status).toBe(429)
    expect(onTime.status).toBe(200)
  })

  it('does nothing for a refused request', async () => {
    const buckets = { writes: { capacity: 1, perSecond: 1 } }
    const send = senderFor(await startEmulator({ throttle: 'arm', buckets, now: () => START_MS }))
    await send('PUT', '/data/sales/versions/1', version('a.csv'))

    const refused = await send('PUT', '/data/sales/versions/2', version('b.csv'))
    const read = await send('GET', '/data/sales/versions/2')

    expect(refused.status).toBe(429)
    expect(read.status).toBe(404)
  })

  it('counts each subscription by itself, and reads apart from writes', async () => {
    const buckets = { writes: { capacity: 1, perSecond: 1 }, reads: { capacity: 5, perSecond: 1 } }
    const emulator = await startEmulator({ throttle: 'arm', buckets, now: () => START_MS })
    const retail = senderFor(emulator, RETAIL)
    const forecast = senderFor(emulator, FORECAST)
    await retail('PUT', '/data/sales/versions/1', version('a.csv'))

    const again = await retail('PUT', '/data/sales/versions/1', version('a.csv'))
    const read = await retail('GET', '/data/sales/versions/1')
    const other = await forecast('PUT', '/data/sales/versions/1', version('a.csv'))

    expect(again.status).toBe(429)
    expect([read.status, readsLeft(read), writesLeft(read)]).toEqual([200, '4', null])
    expect([other.status, writesLeft(other)]).toEqual([201, '0'])
  })

  it('counts requests that fail, and shares the budget among the workspaces of a subscription', async () => {
    const sibling = { ...RETAIL, name: 'ml-sibling' }
    const emulator = await startEmulator({
      throttle: 'arm',
      workspaces: [RETAIL, sibling],
      now: () => START_MS,
    })

    const missing = await senderFor(emulator)('GET', '/data/none')
    const elsewhere = await senderFor(emulator, sibling)('GET', '')

    expect([missing.status, readsLeft(missing)]).toEqual([404, '249'])
    expect([elsewhere.status, readsLeft(elsewhere)]).toEqual([200, '248'])
  })

  it('never runs dry when it is off, and still sends the headers', async () => {
    const buckets = { writes: { capacity: 200, perSecond: 0 } }
    const send = senderFor(await startEmulator({ buckets, now: () => START_MS }))

    const replies = []
    for (let number = 0; number < 205; number += 1) {
      replies.push(await send('PUT', '/data/sales/versions/1', version('a.csv')))
    }

    expect(new Set(replies.map(reply => reply.status))).toEqual(new Set([200, 201]))
    expect(new Set(replies.map(writesLeft))).toEqual(new Set(['11999']))
  })
})
