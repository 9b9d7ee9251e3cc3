import { CompactSign, importJWK, type JWK, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createEntraTokens } from '../../src/access/entra-tokens.ts'
import { MINUTE } from '../../src/core/time.ts'
import { CLIENT_ID, type Issuer, newKey, startIssuer, TENANT } from './issuer.ts'

describe('a token, by the keys that its issuer shows', () => {
  let issuer: Issuer

  beforeAll(async () => {
    issuer = await startIssuer()
  })
  afterAll(() => issuer?.close())
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  const verifier = (authority = issuer.authority, now = Date.now) =>
    createEntraTokens({ tenant: TENANT, audiences: [CLIENT_ID], authority }, { now })
  /** Whatever address is asked, these keys are there. */
  const show = (...keys: JWK[]) => vi.stubGlobal('fetch', async () => Response.json({ keys }))
  const shown = ({ kty, n, e, kid, alg }: JWK): JWK => ({ kty, n, e, kid, alg }) as JWK

  it.each([
    ['https://login.microsoftonline.com', 'sts.windows.net', 'sts.chinacloudapi.cn'],
    ['https://login.microsoftonline.us', 'sts.windows.net', 'sts.chinacloudapi.cn'],
    ['https://login.partner.microsoftonline.cn', 'sts.chinacloudapi.cn', 'sts.windows.net'],
    ['https://login.chinacloudapi.cn', 'sts.chinacloudapi.cn', 'sts.windows.net'],
    ['https://login.chinacloudapi.cn.example.org', 'sts.windows.net', 'sts.chinacloudapi.cn'],
  ])('is in version 1 from the issuer of its cloud: %s', async (authority, own, other) => {
    show(shown(issuer.key()))
    const from = (host: string) => issuer.sign({ iss: `https://${host}/${TENANT}/` })
    expect(await verifier(authority)(await from(own))).toHaveProperty('caller')
    expect(await verifier(authority)(await from(other))).toEqual({
      refusal: 'the token comes from another issuer',
    })
  })

  it('is refused some minutes after its key was withdrawn, though nobody asked for another', async () => {
    const began = Date.now()
    const verify = verifier(issuer.authority, () => began)
    const token = await issuer.sign()
    vi.useFakeTimers({ toFake: ['Date'], now: began })
    expect(await verify(token)).toHaveProperty('caller')
    await issuer.rotate()
    vi.setSystemTime(began + 9 * MINUTE)
    expect(await verify(token)).toHaveProperty('caller')
    vi.setSystemTime(began + 11 * MINUTE)
    expect(await verify(token)).toEqual({ refusal: 'the token is signed with a key that is not known' })
  })

  it('is refused where it names no key and several may have signed it', async () => {
    const [one, two] = [issuer.key(), await newKey()]
    const withoutName = (key: JWK) => ({ ...shown(key), kid: undefined })
    show(withoutName(one), withoutName(two))
    const token = await new SignJWT({ aud: CLIENT_ID })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(await importJWK(one, 'RS256'))
    expect(await verifier()(token)).toEqual({ refusal: 'this is no access token' })
  })

  it('is refused where it asks for what is not understood, or holds no claims', async () => {
    const key = await importJWK(issuer.key(), 'RS256')
    const header = { alg: 'RS256', kid: issuer.key().kid }
    const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
    const list = await new CompactSign(text(['claims'])).setProtectedHeader(header).sign(key)
    const [, payload, signature] = (await issuer.sign()).split('.')
    const asking = { ...header, crit: ['exactly-so'], 'exactly-so': true }
    const critical = `${Buffer.from(JSON.stringify(asking)).toString('base64url')}.${payload}.${signature}`
    for (const token of [list, critical]) {
      expect(await verifier()(token)).toEqual({ refusal: 'this is no access token' })
    }
  })

  it('is not even looked at where it is longer than any that Entra ID gives out', async () => {
    const fetched = issuer.fetches()
    const token = await issuer.sign({ padding: 'x'.repeat(20_000) })
    expect(await verifier()(token)).toEqual({ refusal: 'the token is too long' })
    expect(issuer.fetches()).toBe(fetched)
  })
})
