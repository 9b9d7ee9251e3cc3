import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ZodObject } from 'zod'
import { RATES } from '../../src/access/rate-limits.ts'
import { ROUTES } from '../../src/functions/routes/routes.ts'
import { type Issuer, startIssuer } from '../access/issuer.ts'
import { type ApiWorld, type CallOptions, OWNER, openApiWorld } from './api-world.ts'

type Json = Record<string, unknown>
interface Operation {
  responses: Record<string, { headers?: Json; content: Record<string, { schema: Json }> }>
  operationId: string
  parameters: { in: string; name: string; required: boolean; schema: Json }[]
}
interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: { Problem: Json } }
}

/** Of headers, those that say what to do next. */
const TOLD_HEADERS = ['location', 'retry-after', 'www-authenticate']
const admin = { roles: ['Lakemark.Admin'] }
const nobody = { roles: [] }

let issuer: Issuer
let api: ApiWorld
let document: Document
const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } })

beforeAll(async () => {
  issuer = await startIssuer()
  api = await openApiWorld(issuer)
  await api.fail('open/one.csv', 'owned/one.csv')
  document = (await (await api.call('GET', 'openapi.json', { claims: admin })).json()) as Document
})
afterAll(async () => {
  await api?.close()
  await issuer?.close()
})

/** Calls, and holds the answer to what the document says of it: status, type, headers, and no field that is not named. */
async function call(method: string, template: string, path: string, options: CallOptions = {}) {
  const response = await api.call(method, path, { claims: admin, ...options })
  const text = await response.text()
  const told = document.paths[`/${template}`]?.[method.toLowerCase()]?.responses[response.status]
  expect(told, `${response.status} ${text}`).toBeDefined()
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';')
  const schema = told?.content[type]?.schema
  expect(schema, type).toBeDefined()
  const headers = Object.keys(told?.headers ?? {}).map(name => name.toLowerCase())
  expect(TOLD_HEADERS.filter(name => response.headers.has(name)).sort()).toEqual(headers.sort())
  if (!type.includes('json')) return {}
  const body = JSON.parse(text) as Json
  const isProblem = type === 'application/problem+json'
  const check = ajv.compile(closed(isProblem ? problemSchema() : schema) as Json)
  check(body)
  expect(check.errors ?? []).toEqual([])
  return body
}

/** With the members that some problems have beside those of all: RFC 9457 allows them, and lets clients pass them by. */
function problemSchema(): Json {
  const { properties, ...rest } = document.components.schemas.Problem
  return { ...rest, properties: { ...(properties as Json), errors: {}, registration: {} } }
}

/** A schema whose objects hold what it names, and nothing else. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  const isOpen = inner['properties'] !== undefined && inner['additionalProperties'] === undefined
  // Of parts that hold together each would close out the others.
  const parts = (inner['allOf'] as Json[] | undefined)?.map(({ additionalProperties: _, ...part }) => part)
  if (parts !== undefined) return { ...inner, allOf: parts, unevaluatedProperties: false }
  return isOpen ? { ...inner, additionalProperties: false } : inner
}

const request = (dataset_path: string) => ({
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
  dataset_definition: [{ dataset_name: 'mine', dataset_path }],
})

describe('what is really answered stands in the document', () => {
  it.each<[string, string, string, CallOptions?]>([
    ['GET', 'health/live', 'health/live'],
    ['GET', 'health', 'health'],
    ['GET', 'metrics', 'metrics'],
    ['GET', 'assets', 'assets'],
    ['GET', 'assets', 'assets?limit=x'],
    ['GET', 'assets', 'assets', { claims: undefined }],
    ['GET', 'assets', 'assets', { claims: nobody }],
    ['GET', 'assets/{name}', 'assets/open-one'],
    ['GET', 'assets/{name}', 'assets/none'],
    ['GET', 'assets/{name}/versions/{number}', 'assets/open-one/versions/1'],
    ['GET', 'assets/{name}/versions/{number}', 'assets/open-one/versions/9'],
    ['GET', 'files', 'files?url=contosolake/silver/open/one.csv'],
    ['GET', 'files', 'files?url=contosolake/gold/one.csv'],
    ['GET', 'files', 'files'],
    ['GET', 'explain', 'explain?url=contosolake/silver/open/one.csv'],
    ['GET', 'explain', 'explain?url=contosolake/gold/one.csv'],
    ['GET', 'failures', 'failures'],
    ['POST', 'failures/retry', 'failures/retry', { body: {} }],
    ['POST', 'failures/retry', 'failures/retry', { body: { id: 'nonsense' } }],
    ['POST', 'failures/retry', 'failures/retry', { body: { all: true } }],
    ['POST', 'assets/{name}/retry', 'assets/open-one/retry'],
    ['POST', 'assets/{name}/retry', 'assets/open-one/retry', { claims: nobody }],
    ['POST', 'assets/{name}/retry', 'assets/none/retry'],
    ['GET', 'rules', 'rules?include=files'],
    ['POST', 'rules/refresh', 'rules/refresh'],
    ['POST', 'rules/refresh', 'rules/refresh', { claims: undefined }],
    ['POST', 'resync', 'resync', { body: { rule: 'none' } }],
    ['GET', 'runs', 'runs'],
    ['GET', 'runs/{id}', 'runs/none'],
    ['GET', 'runs/{id}/findings', 'runs/none/findings'],
    ['DELETE', 'runs/{id}', 'runs/none'],
    ['POST', 'register', 'register', { body: request('../up') }],
    ['GET', 'register/{id}', 'register/none'],
    ['GET', 'audit', 'audit'],
    ['GET', 'openapi.json', 'openapi.json'],
  ])('%s %s: %s', async (method, template, path, options) => {
    await call(method, template, path, options)
  })

  it('of a run of re-sync, from its start to its end', async () => {
    const headers = { 'Idempotency-Key': 'mine' }
    const { id } = await call('POST', 'resync', 'resync', { body: { verify: true }, headers })
    await call('POST', 'resync', 'resync', { body: { verify: false }, headers })
    await call('GET', 'runs/{id}', `runs/${id}`)
    await api.world.drain({ forMs: 600_000 })
    expect(await call('GET', 'runs/{id}', `runs/${id}`)).toMatchObject({ state: 'done' })
    await call('GET', 'runs/{id}/findings', `runs/${id}/findings`)
    await call('DELETE', 'runs/{id}', `runs/${id}`)
  })

  it.each([
    ['open', { state: 'done' }],
    ['nowhere', { type: 'urn:lakemark:not-registered' }],
  ])('of a registration of %s, from its start to its end', async (path, ended) => {
    const { id } = await call('POST', 'register', 'register', { body: request(path) })
    await call('GET', 'register/{id}', `register/${id}`)
    await api.world.drain({ forMs: 600_000 })
    expect(await call('GET', 'register/{id}', `register/${id}`)).toMatchObject(ended)
  })

  it('of trouble that passes, with when to come again', async () => {
    api.failOn.begin = true
    const away = await call('POST', 'assets/{name}/retry', 'assets/open-one/retry')
    api.failOn.begin = false
    expect(away).toMatchObject({ type: 'urn:lakemark:unavailable' })
    const often: CallOptions = { claims: { ...admin, oid: OWNER } }
    let answered: Json = {}
    for (let calls = 0; calls < 3 * RATES.change.burst && answered.status !== 429; calls += 1) {
      answered = await call('POST', 'assets/{name}/retry', 'assets/none/retry', often)
    }
    expect(answered).toMatchObject({ type: 'urn:lakemark:too-many-requests' })
  })

  it('of problems, all whose members are always there', () => {
    expect(document.components.schemas.Problem.required).toEqual([
      'type',
      'title',
      'status',
      'detail',
      'instance',
    ])
  })

  it('of parameters, each that a route takes, and whether it has to be given', () => {
    const told = (operationId: string) =>
      Object.values(document.paths)
        .flatMap(operations => Object.values(operations))
        .filter(operation => operation.operationId === operationId)
        .flatMap(({ parameters }) => parameters.filter(it => it.in === 'query'))
    for (const { name, query } of ROUTES) {
      const taken = query instanceof ZodObject ? Object.keys(query.shape) : []
      expect([name, told(name).map(it => it.name)]).toEqual([name, taken])
    }
    expect(told('failures').map(({ name, required }) => [name, required])).toEqual([
      ['limit', false],
      ['continuation', false],
      ['kind', false],
      ['rule', false],
      ['workspace', false],
      ['asset', false],
      ['q', false],
    ])
    expect(told('failures')[0]?.schema).toMatchObject({ minimum: 1, maximum: 1000, default: 100 })
  })

  it('of headers that are looked at too', () => {
    const keyed = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.values(operations).flatMap(({ parameters }) =>
        parameters.filter(it => it.in === 'header').map(({ name }) => `${path} ${name}`),
      ),
    )
    expect(keyed).toEqual(['/resync Idempotency-Key', '/register Idempotency-Key'])
  })
})
