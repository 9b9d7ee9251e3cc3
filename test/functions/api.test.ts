import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { RATES } from '../../src/access/rate-limits.ts'
import { TransientError } from '../../src/core/errors.ts'
import { SECOND } from '../../src/core/time.ts'
import { fromError, json, type ProblemError } from '../../src/functions/http/answers.ts'
import { createAuthentication } from '../../src/functions/http/authentication.ts'
import { parseInput } from '../../src/functions/http/input.ts'
import { toOpenApi } from '../../src/functions/http/openapi.ts'
import { defineRoute } from '../../src/functions/http/route.ts'
import { ROUTES } from '../../src/functions/routes/routes.ts'
import { CALLING_APP, type Issuer, SOMEBODY, startIssuer } from '../access/issuer.ts'
import { type ApiWorld, OWNER, openApiWorld, WEBHOOK_SECRET } from './api-world.ts'

let issuer: Issuer
let api: ApiWorld

beforeAll(async () => {
  issuer = await startIssuer()
  api = await openApiWorld(issuer)
  await api.fail('open/one.csv', 'open/two.csv')
})
afterAll(async () => {
  await api?.close()
  await issuer?.close()
})

const admin = { roles: ['Lakemark.Admin'] }
const read = async (response: Response) => (await response.json()) as Record<string, unknown>
const get = (path: string) => api.call('GET', path, { claims: admin })

interface Operation {
  operationId: string
  security: Record<string, unknown>[]
  'x-required-role'?: string
  responses: Record<string, unknown>
}
interface Document {
  paths: Record<string, Record<string, Operation>>
}

describe('the document of the API', () => {
  it('is valid OpenAPI 3.1', async () => {
    const document = await read(await get('openapi.json'))
    expect(document.openapi).toMatch(/^3\.1\./)
    const { valid, errors } = await new Validator().validate(document)
    expect(errors ?? []).toEqual([])
    expect(valid).toBe(true)
    const broken = { ...document, paths: { '/x': { get: { responses: 7 } } } }
    expect((await new Validator().validate(broken)).valid).toBe(false)
  })

  it('holds every route that the host answers, under its address and name, and nothing else', async () => {
    const { paths } = (await read(await get('openapi.json'))) as unknown as Document
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { operationId }]) => `${method} ${path} ${operationId}`),
    )
    const answered = ROUTES.map(({ method, path, name }) => `${method.toLowerCase()} /${path} ${name}`)
    expect(described.sort()).toEqual(answered.sort())
  })

  it('says of every operation who may call it, and what it answers', () => {
    const { paths } = toOpenApi(ROUTES) as unknown as Document
    for (const operation of Object.values(paths).flatMap(Object.values) as Operation[]) {
      const { access } = ROUTES.find(({ name }) => name === operation.operationId) ?? {}
      expect(operation['x-required-role'] ?? 'public').toBe(access)
      expect(operation.security.length === 0).toBe(access === 'public')
      expect(Object.keys(operation.responses)).toEqual(
        expect.arrayContaining([
          '400',
          '411',
          '413',
          '429',
          '500',
          '503',
          ...(access === 'public' ? [] : ['401', '403']),
        ]),
      )
    }
  })

  it.each([
    ['health', 'health'],
    ['live', 'health/live'],
    ['assets', 'assets'],
    ['asset', 'assets/open-one'],
    ['version', 'assets/open-one/versions/1'],
    ['files', 'files?url=contosolake/silver/open/one.csv'],
    ['failures', 'failures'],
    ['explain', 'explain?account=contosolake&container=silver&path=open/one.csv'],
    ['rules', 'rules?include=files'],
    ['audit', 'audit'],
    ['openapi', 'openapi.json'],
  ])('describes what %s really answers', async (name, path) => {
    const response = await get(path)
    expect(response.status).toBe(200)
    const schema = ROUTES.find(route => route.name === name)?.answers[200]?.schema
    expect(schema?.safeParse(await response.json()).error).toBeUndefined()
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})

describe('trouble that may pass', () => {
  it.each([
    [
      'ENOTFOUND: getaddrinfo ENOTFOUND contosoledger.table.core.windows.net',
      'ENOTFOUND: getaddrinfo ENOTFOUND …',
    ],
    ['connect ECONNREFUSED 10.0.0.4:443', 'connect ECONNREFUSED …'],
    ['https://team.vault.azure.net/secrets/x did not answer', 'https://…/secrets/x did not answer'],
    ['sales/v1.2/a.b.csv is busy', 'sales/v1.2/a.b.csv is busy'],
  ])('is told without the address where it was met: %s', (reason, told) => {
    const { status, body } = fromError(new TransientError(reason, { retryAfterMs: 1200 })) ?? { body: '' }
    expect([status, JSON.parse(body).detail]).toEqual([503, told])
  })
})

describe('what is sent', () => {
  it.each([
    ['assets?limit=0', /^limit: expected a whole number from 1 to 1000$/],
    ['assets?limit=1001', /^limit/],
    ['assets?q=a*b', /^q: expected part of a name/],
    ['assets?state=lost', /^state: expected pending, registered, failed or gathering$/],
    ['assets?rule=', /^rule: expected the name of a rule$/],
    ['files?url=a&all=1', /not known here: all/],
    ['assets?limit=', /^limit/],
    ['assets?limits=1', /^query: not known here: limits$/],
    ['assets?continuation=%00', /^continuation: expected the value of an earlier answer$/],
    ['assets/open-one?all=1', /not known here: all/],
    ['rules?include=secrets', /^include: expected files$/],
    ['audit?from=yesterday', /^from: expected a time such as/],
  ])('is refused as %s, with its reason', async (path, detail) => {
    const response = await get(path)
    expect([response.status, await read(response)]).toEqual([
      400,
      expect.objectContaining({
        type: 'urn:lakemark:bad-request',
        detail: expect.stringMatching(detail),
        errors: [expect.objectContaining({ in: 'query' })],
      }),
    ])
  })

  it('may hold a function key, which is not looked at', async () => {
    expect((await get('assets?code=abc&clientId=default')).status).toBe(200)
  })

  it('has a limit as a body', async () => {
    const body = new Uint8Array(64 * 1024 + 1)
    expect(await postBody({ body })).toEqual([413, 'urn:lakemark:too-large'])
  })

  it('is refused as a body in chunks, which the host of Azure does not hand on', async () => {
    const body = new Blob(['{"rule":"open"}']).stream()
    expect(await postBody({ body, duplex: 'half' })).toEqual([411, 'urn:lakemark:length-required'])
  })

  async function postBody(init: object) {
    const response = await fetch(`${api.host.url}/api/resync`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await issuer.sign(admin)}`, 'Content-Type': 'application/json' },
      ...init,
    })
    return [response.status, (await read(response)).type]
  }

  describe('as a body', () => {
    const route = defineRoute({
      name: 'sample',
      method: 'POST',
      path: 'sample/{id}',
      summary: 'A sample',
      access: 'Lakemark.Operate',
      changes: true,
      body: z.strictObject({
        dryRun: z.boolean().optional(),
        since: z.iso.date('expected a date').optional(),
      }),
      answers: { 200: { description: 'Fine' } },
      handle: async () => json(200, {}),
    })
    const parse = (text: string, type = 'application/json') =>
      parseInput(
        route,
        {
          params: { id: 'a', other: 'b' },
          query: new URLSearchParams(),
          headers: new Headers({ 'content-type': type }),
        } as never,
        Buffer.from(text, 'latin1'),
      )
    const problemOf = (text: string, type?: string) => {
      try {
        return parse(text, type)
      } catch (error) {
        const { status, body } = (error as ProblemError).answer
        return [status, JSON.parse(body).detail]
      }
    }

    it('is what its schema makes of it; none counts as empty', () => {
      expect(parse('{"dryRun":true}', 'application/json; charset=utf-8')).toEqual({
        params: { id: 'a' },
        query: {},
        body: { dryRun: true },
      })
      expect(parse('', '').body).toEqual({})
    })

    it.each([
      ['{"dryRun":1}', /^dryRun: /],
      ['{"since":"x"}', /^since: expected a date$/],
      ['{"dry":true}', /^body: not known here: dry$/],
      ['[]', /^body: /],
      ['{', /expected JSON in UTF-8/],
      ['"\xff"', /expected JSON in UTF-8/],
    ])('is refused as %s', (text, detail) => {
      expect(problemOf(text)).toEqual([400, expect.stringMatching(detail)])
    })

    it('is refused in another type, as a web page may send it anywhere', () => {
      expect(problemOf('{}', 'text/plain')).toEqual([415, 'expected Content-Type: application/json'])
    })

    it('stands in the document', () => {
      const { paths } = toOpenApi([route]) as { paths: Record<string, Record<string, unknown>> }
      expect(paths['/sample/{id}']?.post).toMatchObject({
        parameters: [{ name: 'id', in: 'path' }],
        requestBody: {
          content: { 'application/json': { schema: { properties: { dryRun: { type: 'boolean' } } } } },
        },
        responses: { 415: {} },
      })
    })
  })
})

describe('a call that changes something', () => {
  const retry = (asset: string, claims: Record<string, unknown>, headers: Record<string, string> = {}) =>
    api.call('POST', `assets/${asset}/retry`, { claims, headers, address: '203.0.113.9' })

  it('is written down: who, what, when, from where, and what became of it', async () => {
    const before = Date.now()
    const claims = { ...admin, scp: 'user_impersonation', name: 'Zoë' }
    expect((await retry('open-one', claims, { 'x-ms-client-request-id': 'abcdef01-2345' })).status).toBe(202)
    const [entry] = await api.audited()
    expect(entry).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      at: expect.any(Number),
      caller: { kind: 'user', id: SOMEBODY, app: CALLING_APP, name: 'Zoë' },
      route: 'retryAsset',
      parameters: { name: 'open-one' },
      address: '203.0.113.9',
      correlation: 'abcdef01-2345',
      outcome: { status: 202, problem: undefined, at: expect.any(Number) },
    })
    expect(entry?.at).toBeGreaterThanOrEqual(before)

    const { calls } = (await read(await get('audit?limit=1'))) as { calls: Record<string, unknown>[] }
    expect(calls).toEqual([
      expect.objectContaining({
        id: entry?.id,
        at: new Date(Number(entry?.at)).toISOString(),
        route: 'retryAsset',
      }),
    ])
  })

  it('is written down when it is refused or fails, with its problem, by the id of the answer', async () => {
    const answers = [
      await read(await retry('open-one', { roles: ['Lakemark.Read'] })),
      await read(await retry('none', admin)),
    ]
    const [failed, refused] = await api.audited()
    expect(refused?.outcome).toMatchObject({ status: 403, problem: 'urn:lakemark:missing-role' })
    expect(failed?.outcome).toMatchObject({ status: 404, problem: 'urn:lakemark:unknown-asset' })
    expect(answers.map(({ instance }) => instance)).toEqual(
      [refused, failed].map(entry => `urn:uuid:${entry?.id}`),
    )
  })

  it('is written down of a webhook, and of nobody who is not known', async () => {
    const before = (await api.audited()).length
    const basic = (secret: string) => ({ headers: { Authorization: `Basic ${btoa(`x:${secret}`)}` } })
    await api.call('POST', 'rules/refresh', basic(WEBHOOK_SECRET))
    await api.call('POST', 'rules/refresh', basic('wrong'))
    await api.call('POST', 'assets/open-one/retry')
    const entries = await api.audited()
    expect(entries.length - before).toBe(1)
    expect(entries[0]).toMatchObject({
      route: 'refreshRules',
      caller: { kind: 'webhook' },
      outcome: { status: 200 },
    })
  })

  it('is not done where it cannot be written down', async () => {
    expect(await api.stateOf('open-two')).toBe('failed')
    const before = (await api.audited()).length
    api.failOn.begin = true
    const response = await retry('open-two', admin)
    api.failOn.begin = false
    expect([response.status, response.headers.get('retry-after'), (await read(response)).type]).toEqual([
      503,
      '2',
      'urn:lakemark:unavailable',
    ])
    await api.world.drain()
    expect(await api.stateOf('open-two')).toBe('failed')
    expect((await api.audited()).length).toBe(before)
    expect(
      api.lines.filter(line => line.includes('could not write the audit trail: the table is away')),
    ).toEqual([expect.stringContaining('retryAsset')])
  })

  it('is answered as it went where only its outcome cannot be written: it stands there as begun', async () => {
    api.failOn.end = true
    const response = await retry('open-two', admin)
    api.failOn.end = false
    expect(response.status).toBe(202)
    await api.world.drain()
    expect(await api.stateOf('open-two')).toBe('registered')
    expect((await api.audited())[0]).toMatchObject({ parameters: { name: 'open-two' }, outcome: undefined })
    expect(api.lines.filter(line => line.includes('outcome of a call is missing'))).toHaveLength(1)
  })
})

describe('a caller who calls too often', () => {
  it('is told when the next call may come, alone, and is taken again then', async () => {
    const often = { roles: ['Lakemark.Admin'], oid: OWNER }
    const token = await issuer.sign(often)
    const call = () => api.call('POST', 'assets/none/retry', { token })
    const { burst, perSecond } = RATES.change
    // All that is allowed at once, and what is allowed anew while that goes on.
    let response = await call()
    let calls = 1
    for (; response.status === 404 && calls < 3 * burst; calls += 1) response = await call()
    expect(calls).toBeGreaterThan(burst)
    expect([response.status, response.headers.get('retry-after'), (await read(response)).type]).toEqual([
      429,
      String(1 / perSecond),
      'urn:lakemark:too-many-requests',
    ])
    expect((await api.call('GET', 'health', { token })).status).toBe(200)
    expect((await api.call('POST', 'assets/none/retry', { claims: admin })).status).toBe(404)
    api.pass(SECOND / perSecond)
    expect((await call()).status).toBe(404)
  })

  it('is known by the address where it is not known otherwise, and keeps nobody from calling who is', async () => {
    const { burst } = RATES.refused
    const strange = () => api.call('GET', 'assets', { address: '192.0.2.1' })
    const statuses: number[] = []
    for (let call = 0; call < 3 * burst && !statuses.includes(429); call += 1) {
      statuses.push((await strange()).status)
    }
    expect(new Set(statuses)).toEqual(new Set([401, 429]))
    expect((await api.call('GET', 'assets', { claims: admin, address: '192.0.2.1' })).status).toBe(200)
    expect((await api.call('GET', 'assets')).status).toBe(401)
  })
})

describe('trouble', () => {
  it('is not the token that is wrong where the keys cannot be had', async () => {
    const other = await startIssuer()
    const apart = await openApiWorld(other)
    try {
      const token = await other.sign(admin)
      other.setDown(true)
      const response = await apart.call('GET', 'assets', { token })
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
      other.setDown(false)
      expect((await apart.call('GET', 'assets', { token })).status).toBe(200)
    } finally {
      await apart.close()
      await other.close()
    }
  })

  it('that may pass stands in the log by route, problem and reason, without secrets; what is refused does not', async () => {
    const { status } = api.world.lakemark
    const { asset } = status
    status.asset = async () => {
      throw new TransientError(
        'the ledger is away: https://a.example/?sv=1&sig=canary-1f AccountKey=canary-2f==',
      )
    }
    const before = api.lines.length
    const response = await get('assets/open-one')
    status.asset = asset
    expect(response.status).toBe(503)
    const told = (await read(response)) as { detail: string; instance: string }
    const lines = api.lines.slice(before).map(line => JSON.parse(line) as Record<string, unknown>)
    const warned = lines.filter(({ level }) => level === 'warn' || level === 'warning')
    expect(warned).toHaveLength(1)
    const line = JSON.stringify(warned)
    expect(line).toContain('a call could not be answered')
    expect(line).toContain('the ledger is away')
    expect(line).toContain('unavailable')
    expect(line).toMatch(/route\W+asset\b/)
    expect(`${line}${told.detail}`).not.toMatch(/canary|\.ts\b|Bearer/)

    const quiet = api.lines.length
    expect((await get('assets/none')).status).toBe(404)
    expect((await get('assets?limit=x')).status).toBe(400)
    expect((await api.call('GET', 'assets')).status).toBe(401)
    expect(api.lines.slice(quiet).filter(it => it.includes('could not be answered'))).toEqual([])
  })

  it('of our own making stands in the log, and not in the answer', async () => {
    const { status } = api.world.lakemark
    const { asset } = status
    status.asset = async () => {
      throw new RangeError('a defect with AccountKey=abcdef==')
    }
    const response = await get('assets/open-one')
    status.asset = asset
    const body = await response.text()
    expect([response.status, response.headers.get('content-type')]).toEqual([500, 'application/problem+json'])
    expect(body).not.toMatch(/defect with|\.ts|abcdef/)
    const [line = ''] = api.lines.filter(it => it.includes('a defect with'))
    expect(line).toMatch(/asset failed: RangeError.*api\.test\.ts/)
    expect(line).not.toContain('abcdef')
  })

  it('is a host that others reach, where nobody is asked who they are', async () => {
    const authenticate = createAuthentication({
      auth: { kind: 'none' },
      webhookSecret: undefined,
      now: Date.now,
    })
    const [route] = ROUTES.filter(({ name }) => name === 'assets')
    const at = async (url: string) =>
      route && authenticate(route, { url, headers: new Headers() } as never, Buffer.alloc(0))
    expect(await at('http://127.0.0.1:7071/api/assets')).toHaveProperty('caller')
    expect(await at('http://[::1]:7071/api/assets')).toHaveProperty('caller')
    for (const url of ['https://lakemark.azurewebsites.net/api/assets', 'http://127.0.0.1.example.com/']) {
      expect(await at(url)).toMatchObject({ refused: { status: 403, problem: 'not-local' } })
    }
  })
})
