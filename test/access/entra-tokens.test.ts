import { createHmac, createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEntraTokens, type EntraOptions } from '../../src/access/entra-tokens.ts'
import { TransientError } from '../../src/core/errors.ts'
import { MINUTE } from '../../src/core/time.ts'
import {
  APP_ID_URI,
  CALLING_APP,
  CLIENT_ID,
  type Issuer,
  newKey,
  OTHER_TENANT,
  SOMEBODY,
  startIssuer,
  TENANT,
} from './issuer.ts'

describe('an access token of Entra ID', () => {
  let issuer: Issuer

  beforeAll(async () => {
    issuer = await startIssuer()
  })
  afterAll(() => issuer?.close())

  const verifier = (options: EntraOptions = {}) =>
    createEntraTokens(
      { tenant: TENANT, audiences: [CLIENT_ID, APP_ID_URI], authority: issuer.authority },
      options,
    )
  const nowS = () => Math.floor(Date.now() / 1000)
  const guids = (count: number) =>
    Array.from({ length: count }, (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`)

  it('comes from a server that is the issuer, by its own document', async () => {
    expect(await issuer.discovery()).toMatchObject({ issuer: `${issuer.authority}/${TENANT}/v2.0` })
  })

  it('tells who calls, with which roles: an app for itself', async () => {
    expect(await verifier()(await issuer.token())).toEqual({
      caller: {
        kind: 'app',
        id: SOMEBODY,
        app: CALLING_APP,
        name: undefined,
        roles: ['Lakemark.Read'],
        groups: [],
      },
    })
  })

  it('tells who calls: a user through an app, in version 1, with groups and ids in capitals', async () => {
    const [group = ''] = guids(1)
    const token = await issuer.token({
      iss: `https://sts.windows.net/${TENANT}/`,
      aud: APP_ID_URI,
      ver: '1.0',
      azp: undefined,
      appid: CALLING_APP,
      oid: SOMEBODY.toUpperCase(),
      scp: 'user_impersonation',
      name: 'Zoë',
      roles: ['Lakemark.Operate', 'Other.Role', 7],
      groups: [group.toUpperCase(), 'no id'],
    })
    expect(await verifier()(token)).toEqual({
      caller: {
        kind: 'user',
        id: SOMEBODY,
        app: CALLING_APP,
        name: 'Zoë',
        roles: ['Lakemark.Operate'],
        groups: [group],
      },
    })
  })

  it('tells a user also where no scope was asked for, and no more of a name than fits a line', async () => {
    const token = await issuer.token({ idtyp: 'user', name: undefined, preferred_username: 'z'.repeat(300) })
    expect(await verifier()(token)).toMatchObject({ caller: { kind: 'user', name: 'z'.repeat(200) } })
  })

  it('gives no role where it has none, or where roles are no list', async () => {
    for (const roles of [undefined, [], 'Lakemark.Admin', { 0: 'Lakemark.Admin' }, ['lakemark.admin']]) {
      expect(await verifier()(await issuer.token({ roles }))).toMatchObject({ caller: { roles: [] } })
    }
  })

  it.each([
    { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph' } } },
    { hasgroups: true },
  ])('says that groups are not known where they are too many: %j', async claims => {
    expect(await verifier()(await issuer.token(claims))).toMatchObject({ caller: { groups: 'overage' } })
  })

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['another audience', { aud: 'api://another' }, /audience/],
    ['no audience', { aud: undefined }, /audience/],
    ['another issuer', { iss: `https://login.example.com/${TENANT}/v2.0` }, /issuer/],
    [
      "another tenant's issuer",
      { iss: `https://sts.windows.net/${OTHER_TENANT}/`, tid: OTHER_TENANT },
      /issuer/,
    ],
    ['another tenant', { tid: OTHER_TENANT }, /tenant/],
    ['no tenant', { tid: undefined }, /tid/],
    ['a time that is over', { exp: nowS() - 90 }, /expired/],
    ['no end', { exp: undefined }, /exp/],
    ['a time that is to come', { nbf: nowS() + 90 }, /not valid yet/],
    ['no beginning', { nbf: undefined }, /not valid yet/],
    ['no object id', { oid: undefined }, /oid/],
    ['an object id that is none', { oid: 'root' }, /no access token/],
    ['no app: an ID token', { azp: undefined }, /no access token/],
  ])('is refused with %s, though the issuer has signed it', async (_, claims, reason) => {
    expect(await verifier()(await issuer.sign(claims))).toEqual({ refusal: expect.stringMatching(reason) })
  })

  it('is taken a little before its time and a little after it', async () => {
    const verify = verifier()
    expect(await verify(await issuer.sign({ exp: nowS() - 30 }))).toHaveProperty('caller')
    expect(await verify(await issuer.sign({ nbf: nowS() + 30 }))).toHaveProperty('caller')
  })

  it('is taken as long as the clock that is handed in says', async () => {
    const token = await issuer.token()
    expect(await verifier({ now: () => Date.now() + 62 * MINUTE })(token)).toEqual({
      refusal: 'the token has expired',
    })
  })

  it('is refused when nobody has signed it', async () => {
    const [, payload] = (await issuer.token()).split('.')
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
    for (const token of [`${none}.${payload}.`, `${none}.${payload}.x`, `${none}.${payload}`]) {
      expect(await verifier()(token)).toHaveProperty('refusal')
    }
  })

  it('is refused when it is signed with the public key as if that were a secret', async () => {
    const { d: _, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...shown } = issuer.key()
    const pem = createPublicKey({ key: shown as never, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    })
    const [, payload] = (await issuer.token({ roles: ['Lakemark.Admin'] })).split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: shown.kid })).toString('base64url')
    for (const secret of [pem, JSON.stringify(shown), String(shown.n)]) {
      const signature = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')
      expect(await verifier()(`${header}.${payload}.${signature}`)).toEqual({
        refusal: 'the token is not signed with RS256',
      })
    }
  })

  it('is refused when it is signed with another algorithm of the same key', async () => {
    const { alg: _, ...key } = issuer.key()
    const token = await issuer.sign({}, { key, alg: 'PS256' })
    expect(await verifier()(token)).toEqual({ refusal: 'the token is not signed with RS256' })
  })

  it("is refused when a stranger has signed it, under a name of its own or under the issuer's", async () => {
    const stranger = await newKey()
    const unknown = await issuer.sign({}, { key: stranger })
    expect(await verifier()(unknown)).toEqual({ refusal: 'the token is signed with a key that is not known' })
    const disguised = await issuer.sign({}, { key: { ...stranger, kid: issuer.key().kid } })
    expect(await verifier()(disguised)).toEqual({ refusal: 'the signature is wrong' })
  })

  it('is refused when one claim was changed after it was signed', async () => {
    const [header, payload = '', signature] = (await issuer.token()).split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const changed = JSON.stringify({ ...claims, roles: ['Lakemark.Admin'] })
    const token = [header, Buffer.from(changed).toString('base64url'), signature].join('.')
    expect(await verifier()(token)).toEqual({ refusal: 'the signature is wrong' })
  })

  it.each(['', 'x', '..', 'a.b.c', 'null', '{}', 'e30.e30.e30', 'x'.repeat(20_000)])(
    'is refused when it is none: %.20s',
    async text => {
      expect(await verifier()(text)).toHaveProperty('refusal')
    },
  )

  it('is taken with a key that was not known before, once the issuer shows it; the old key is not', async () => {
    const verify = verifier({ cooldownMs: 0 })
    const before = await issuer.token()
    expect(await verify(before)).toHaveProperty('caller')
    await issuer.rotate()
    expect(await verify(await issuer.token())).toHaveProperty('caller')
    expect(await verify(before)).toEqual({ refusal: 'the token is signed with a key that is not known' })
  })

  it('makes the keys be fetched once, however many tokens come, and strange ones among them', async () => {
    const verify = verifier()
    const strange = await issuer.sign({}, { key: await newKey() })
    const good = await issuer.token()
    const before = issuer.fetches()
    await Promise.all(Array.from({ length: 20 }, () => verify(good)))
    for (let time = 0; time < 20; time += 1) expect(await verify(strange)).toHaveProperty('refusal')
    expect(issuer.fetches() - before).toBe(1)
  })

  it('is not refused while the keys cannot be had: that is passing trouble', async () => {
    const verify = verifier()
    const token = await issuer.token()
    issuer.setDown(true)
    try {
      await expect(verify(token)).rejects.toBeInstanceOf(TransientError)
    } finally {
      issuer.setDown(false)
    }
    expect(await verify(token)).toHaveProperty('caller')
  })
})
