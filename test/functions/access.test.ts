import { HttpRequest } from '@azure/functions'
import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROLES } from '../../src/core/access/caller.ts'
import { createAuthentication } from '../../src/functions/http/authentication.ts'
import { ROUTES } from '../../src/functions/routes/routes.ts'
import { type Issuer, startIssuer } from '../access/issuer.ts'
import { type ApiWorld, OWNER, openApiWorld, WEBHOOK_SECRET } from './api-world.ts'

/**
 * What each route asks of its caller, said a second time: a route that is not listed, or whose definition says
 * something else, fails. `operates`: operators of the rules concerned may call it without a role.
 */
const EXPECTED: Record<string, string> = {
  live: 'public',
  health: 'Lakemark.Read',
  metrics: 'Lakemark.Read',
  assets: 'Lakemark.Read',
  asset: 'Lakemark.Read',
  version: 'Lakemark.Read',
  files: 'Lakemark.Read',
  retryAsset: 'Lakemark.Operate, operates, changes',
  retryFailures: 'Lakemark.Operate, operates, changes',
  failures: 'Lakemark.Read',
  explain: 'Lakemark.Read',
  rules: 'Lakemark.Read',
  refreshRules: 'Lakemark.Operate, webhook, changes',
  resync: 'Lakemark.Operate, operates, changes',
  runs: 'Lakemark.Read',
  run: 'Lakemark.Read',
  runFindings: 'Lakemark.Read',
  cancelRun: 'Lakemark.Operate, operates, changes',
  register: 'Lakemark.Operate, operates, changes',
  registration: 'Lakemark.Read, operates',
  audit: 'Lakemark.Admin',
  openapi: 'Lakemark.Read',
}

/** What a route is sent, so that no rule's operators keep it to themselves. */
const BODIES: Record<string, unknown> = {
  resync: { rule: 'open', dryRun: true },
  retryFailures: { rule: 'open' },
  register: {
    workspace_definition: [
      {
        workspace_name: 'ml-retail',
        subscription_id: '00000000-0000-0000-0000-000000000001',
        resource_group: 'rg-retail',
      },
    ],
    datastore_definition: [
      { adlsgen2_datastore_name: 'silver', account_name: 'contosolake', filesystem: 'silver' },
    ],
    dataset_definition: [{ dataset_name: 'registered', dataset_path: 'open/*.csv' }],
  },
}

const roleClaims = (role: string, at: number): JWTPayload => ({
  roles: [role],
  oid: `0000000${at}-0000-4000-8000-000000000000`,
})
/** Who calls, with which claims; undefined: without a token. */
const CALLERS: Record<string, JWTPayload | undefined> = {
  nobody: undefined,
  'somebody without a role': { roles: undefined },
  'somebody with a role of another app': { roles: ['Owner', 'Lakemark.Everything'] },
  ...Object.fromEntries(ROLES.map((role, at) => [role, roleClaims(role, at)])),
  'the operator of a rule': { roles: [], oid: OWNER },
}

let issuer: Issuer
let api: ApiWorld

beforeAll(async () => {
  issuer = await startIssuer()
  api = await openApiWorld(issuer)
  await api.fail('open/one.csv', 'owned/one.csv')
})
afterAll(async () => {
  await api?.close()
  await issuer?.close()
})

const read = async (response: Response) => (await response.json()) as Record<string, unknown>

describe('the routes', () => {
  it('each say who may call them, and what is said here', () => {
    const said = ROUTES.map(({ name, access, operates, proof, changes }) => [
      name,
      [access, operates && 'operates', proof, changes && 'changes'].filter(Boolean).join(', '),
    ])
    expect(Object.fromEntries(said)).toEqual(EXPECTED)
  })

  it('are all that the host answers', () => {
    const registered = api.host.functions().filter(({ type }) => type === 'httpTrigger')
    expect(registered.map(({ name }) => name).sort()).toEqual(ROUTES.map(({ name }) => name).sort())
  })

  it('that change anything are none that a GET reaches', () => {
    expect(ROUTES.filter(({ method, changes }) => (method === 'GET') === changes)).toEqual([])
  })
})

describe.each(ROUTES.map(route => [route.name, route] as const))('the route %s', (name, route) => {
  const allowedTo = (caller: string): boolean => {
    const [access = ''] = (EXPECTED[name] ?? '').split(', ')
    if (access === 'public') return true
    return ROLES.indexOf(caller as never) >= ROLES.indexOf(access as never) && ROLES.includes(caller as never)
  }
  const path = route.path.replace('{name}', 'open-one').replace('{number}', '1')

  it.each(Object.entries(CALLERS))('lets in %s, or not, as it says', async (caller, claims) => {
    const response = await api.call(route.method, path, { claims, body: BODIES[name] })
    const body = await response.text()
    if (allowedTo(caller)) {
      expect([401, 403, 500], body).not.toContain(response.status)
      return
    }
    expect(response.status, body).toBe(caller === 'nobody' ? 401 : 403)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(JSON.parse(body)).toMatchObject({
      type: caller === 'nobody' ? 'urn:lakemark:unauthenticated' : 'urn:lakemark:missing-role',
      status: response.status,
      instance: expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/),
    })
    if (caller !== 'nobody') expect(body).toContain(EXPECTED[name]?.split(', ')[0])
  })

  it('lets nobody in for a token that is not right, whatever it says', async () => {
    if (route.access === 'public') return
    const now = Math.floor(Date.now() / 1000)
    const admin = { roles: ['Lakemark.Admin'] }
    const wrong = [{ aud: 'another' }, { exp: now - 3600 }, { nbf: now + 3600 }, { tid: OWNER }, { iss: 'x' }]
    for (const claims of wrong) {
      const response = await api.call(route.method, path, { claims: { ...admin, ...claims } })
      expect([response.status, (await read(response)).type]).toEqual([401, 'urn:lakemark:unauthenticated'])
      expect(response.headers.get('www-authenticate')).toMatch(
        /^Bearer realm="lakemark", authorization_uri="[^"]+", resource_id="[^"]+", error="invalid_token", error_description="[^"]+"$/,
      )
    }
  })

  it('does not believe headers that Easy Auth would add', async () => {
    if (route.access === 'public') return
    const principal = btoa(JSON.stringify({ claims: [{ typ: 'roles', val: 'Lakemark.Admin' }] }))
    const headers = {
      'X-MS-CLIENT-PRINCIPAL': principal,
      'X-MS-CLIENT-PRINCIPAL-ID': OWNER,
      'X-MS-CLIENT-PRINCIPAL-IDP': 'aad',
      'X-MS-TOKEN-AAD-ACCESS-TOKEN': await issuer.sign({ roles: ['Lakemark.Admin'] }),
      'X-Functions-Key': 'a key',
    }
    expect((await api.call(route.method, path, { headers })).status).toBe(401)
  })
})

describe('the operator of a rule', () => {
  const retry = (asset: string, claims: JWTPayload) => api.call('POST', `assets/${asset}/retry`, { claims })
  const owner: JWTPayload = { roles: [], oid: OWNER }

  it('operates it without a role, and no other', async () => {
    expect(await api.stateOf('owned-one')).toBe('failed')
    const response = await retry('owned-one', owner)
    expect([response.status, await read(response)]).toEqual([202, { asset: 'owned-one', versions: 1 }])
    await api.world.drain()
    expect(await api.stateOf('owned-one')).toBe('registered')

    const other = await retry('open-one', owner)
    expect([other.status, (await read(other)).detail]).toEqual([
      403,
      'rule open: this needs the app role Lakemark.Operate',
    ])
  })

  it('is not told of assets that there are none', async () => {
    expect((await retry('none', owner)).status).toBe(403)
    expect((await retry('none', { roles: ['Lakemark.Operate'] })).status).toBe(404)
  })

  it('keeps it from others who have the role, but not from administrators', async () => {
    const response = await retry('owned-one', { roles: ['Lakemark.Operate'] })
    expect([response.status, (await read(response)).type]).toEqual([403, 'urn:lakemark:not-operator'])
    expect((await retry('owned-one', { roles: ['Lakemark.Admin'] })).status).toBe(202)
  })

  it('is told when their groups are too many for a token', async () => {
    const response = await retry('owned-one', { roles: [], _claim_names: { groups: 'src1' } })
    const { type, detail } = await read(response)
    expect([response.status, type, detail]).toEqual([
      403,
      'urn:lakemark:groups-unknown',
      expect.stringContaining('too many'),
    ])
  })

  it('may try again what their rule made, however many versions there are', async () => {
    await api.fail('owned/old.csv')
    for (let version = 2; version <= 51; version += 1) {
      await api.world.deliver(api.world.upload('owned/old.csv'))
      await api.world.drain()
    }
    expect((await retry('owned-old', owner)).status).toBe(202)
    expect((await retry('owned-old', { ...owner, roles: ['Lakemark.Operate'] })).status).toBe(202)
  })
})

describe('the push webhook', () => {
  const basic = (secret: string) => ({ headers: { Authorization: `Basic ${btoa(`x:${secret}`)}` } })

  it('proves itself by its secret, for that route alone', async () => {
    expect((await api.call('POST', 'rules/refresh', basic(WEBHOOK_SECRET))).status).toBe(200)
    const wrong = await api.call('POST', 'rules/refresh', basic('another secret'))
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="lakemark"'])
    expect((await api.call('GET', 'rules', basic(WEBHOOK_SECRET))).status).toBe(401)
  })

  it('is not what somebody without a token is taken for: they are told which token is wanted', async () => {
    const response = await api.call('POST', 'rules/refresh')
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^Bearer realm="lakemark", .*resource_id="[^"]+"/),
    ])
  })

  it('does not prove itself by the name of a secret that could not be read', async () => {
    const webhookSecret = '@Microsoft.KeyVault(SecretUri=https://team.vault.azure.net/secrets/webhook)'
    const authenticate = createAuthentication({ auth: { kind: 'none' }, webhookSecret, now: Date.now })
    const route = ROUTES.find(({ proof }) => proof === 'webhook')
    const url = 'http://127.0.0.1/api/rules/refresh'
    const request = new HttpRequest({ url, method: 'POST', ...basic(webhookSecret) })
    if (route === undefined) throw new Error('no route takes the proof of a webhook')
    const outcome = await authenticate(route, request, Buffer.from('{}'))
    expect(outcome).toMatchObject({ refused: { status: 503 } })
  })
})

describe('without tokens', () => {
  it('everybody on this machine may call, and the webhook still needs its secret', async () => {
    const local = await openApiWorld(issuer, { kind: 'none' })
    try {
      expect((await local.call('GET', 'audit')).status).toBe(200)
      expect((await local.call('POST', 'assets/none/retry')).status).toBe(404)
      expect((await local.call('POST', 'rules/refresh')).status).toBe(401)
    } finally {
      await local.close()
    }
  })
})
