import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createRateLimits } from '../../src/access/rate-limits.ts'
import { knowsSecret } from '../../src/access/webhook-proof.ts'
import { MAX_PARAMETERS_LENGTH, toAuditParameters } from '../../src/core/access/audit-parameters.ts'

describe('the rate of a caller', () => {
  const rate = { perSecond: 2, burst: 3 }
  function limits() {
    let now = 1000
    const { take } = createRateLimits(() => now, { read: rate, change: rate, refused: rate })
    return { take, pass: (ms: number) => (now += ms) }
  }

  it('allows some calls at once, and then says when the next may come', () => {
    const { take, pass } = limits()
    expect([1, 2, 3].map(() => take('a', 'read'))).toEqual([undefined, undefined, undefined])
    expect(take('a', 'read')).toBe(500)
    pass(499)
    expect(take('a', 'read')).toBe(1)
    pass(1)
    expect(take('a', 'read')).toBeUndefined()
    expect(take('a', 'read')).toBe(500)
  })

  it('does not grow beyond what is allowed at once', () => {
    const { take, pass } = limits()
    pass(1_000_000)
    expect([1, 2, 3, 4].map(() => take('a', 'read'))).toEqual([undefined, undefined, undefined, 500])
  })

  it('is of one caller and one kind of call alone', () => {
    const { take } = limits()
    for (let time = 0; time < 4; time += 1) take('a', 'read')
    expect([take('b', 'read'), take('a', 'change')]).toEqual([undefined, undefined])
  })

  it('is remembered of the last ten thousand callers', () => {
    const { take } = limits()
    const drain = (caller: string) => {
      for (let time = 0; time < 3; time += 1) take(caller, 'read')
    }
    drain('early')
    drain('faithful')
    for (let caller = 0; caller < 5000; caller += 1) take(`a${caller}`, 'read')
    expect(take('faithful', 'read')).toBe(500)
    for (let caller = 0; caller < 9_999; caller += 1) take(`b${caller}`, 'read')
    expect(take('early', 'read')).toBeUndefined()
  })
})

describe('the proof of a webhook', () => {
  const secret = 'a secret of the webhook'
  const body = Buffer.from('{"ref":"refs/heads/main"}')
  const signed = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  const proves = (authorization: string | null, signature: string | null, sent = body) =>
    knowsSecret({ authorization, signature, body: sent }, secret)

  it('is the signature of the body, or the secret as password', () => {
    expect(proves(null, signed)).toBe(true)
    expect(proves(basic(`anybody:${secret}`), null)).toBe(true)
    expect(proves(basic('anybody:wrong'), signed)).toBe(true)
  })

  it('is nothing else', () => {
    expect(proves(null, null)).toBe(false)
    expect(proves(null, '')).toBe(false)
    expect(proves(null, signed.toUpperCase())).toBe(false)
    expect(proves(null, signed, Buffer.from('another'))).toBe(false)
    expect(proves(basic(secret.slice(0, -1)), null)).toBe(false)
    expect(proves(basic(`${secret}:`), null)).toBe(false)
    expect(proves(`Bearer ${secret}`, null)).toBe(false)
  })
})

describe('the parameters of a call, as they are kept', () => {
  const kept = (parameters: Record<string, unknown>) => toAuditParameters(parameters)

  it('are what they were', () => {
    const parameters = { name: 'sales-eu', body: { list: [1, null, { deep: true }], path: 'a/b.csv' } }
    expect(kept(parameters)).toEqual(parameters)
  })

  it.each([
    'code',
    'clientSecret',
    'access_token',
    'Password',
    'connectionString',
    'accountKey',
    'apiKey',
    'sig',
    'sasToken',
  ])('say nothing of %s, wherever it stands', name => {
    expect(JSON.stringify(kept({ body: [{ [name]: 'hidden' }], [name]: { deep: 'hidden' } }))).not.toContain(
      'hidden',
    )
  })

  it.each([
    'https://lake.blob.core.windows.net/c/x?sv=1&sig=hidden%2F&se=2',
    'AccountName=a;AccountKey=hidden==;EndpointSuffix=x',
    'Bearer hidden.hidden.hidden',
    'eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.hidden',
  ])('hold no secret that is part of a text: %s', text => {
    expect(JSON.stringify(kept({ url: text, list: [text] }))).not.toContain('hidden')
  })

  it('are bounded', () => {
    const { truncated } = kept({ list: Array.from({ length: 5000 }, (_, at) => `file-${at}`) })
    expect(String(truncated)).toHaveLength(MAX_PARAMETERS_LENGTH)
  })
})
