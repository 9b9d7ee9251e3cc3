import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Failure } from '../../src/app/failures/failure.ts'
import { ROUTES } from '../../src/functions/routes/routes.ts'
import { type Issuer, startIssuer } from '../access/issuer.ts'
import { type ApiWorld, OWNER, openApiWorld } from './api-world.ts'

const OPERATOR: JWTPayload = { roles: ['Lakemark.Operate'] }
const READER: JWTPayload = { roles: ['Lakemark.Read'] }
const OWNING: JWTPayload = { roles: [], oid: OWNER }

let issuer: Issuer
let api: ApiWorld

beforeAll(async () => {
  issuer = await startIssuer()
  api = await openApiWorld(issuer)
  await api.fail('open/one.csv', 'open/two.csv', 'owned/one.csv')
})
afterAll(async () => {
  await api?.close()
  await issuer?.close()
})

interface List {
  failures: Failure[]
  continuation: string | null
}

async function list(query = ''): Promise<List> {
  const response = await api.call('GET', `failures${query}`, { claims: READER })
  expect(response.status).toBe(200)
  const body: unknown = await response.json()
  const schema = ROUTES.find(({ name }) => name === 'failures')?.answers[200]?.schema
  expect(schema?.safeParse(body).error).toBeUndefined()
  return body as List
}

const ids = ({ failures }: List) => failures.map(({ id }) => id)

async function retry(body: unknown, claims = OPERATOR) {
  const response = await api.call('POST', 'failures/retry', { claims, body })
  const answer = (await response.json()) as Record<string, unknown>
  const schema = ROUTES.find(({ name }) => name === 'retryFailures')?.answers[202]?.schema
  if (response.status === 202) expect(schema?.safeParse(answer).error).toBeUndefined()
  return { status: response.status, ...answer }
}

const done = { status: 202, started: 0, cleared: 0, left: 0, notAllowed: 0, continuation: null }

describe('the list of failures', () => {
  it('shows each with its asset, version, workspace, file and reason', async () => {
    const { failures, continuation } = await list()
    expect([failures.length, continuation]).toEqual([6, null])
    expect(failures[1]).toMatchObject({
      kind: 'delivery',
      rule: 'open',
      asset: 'open-one',
      version: 1,
      workspace: 'ml-retail',
      file: 'contosolake/silver/open/one.csv',
      reason: 'the tags are not to our liking',
    })
  })

  it('is filtered and paged', async () => {
    expect(ids(await list('?rule=owned&workspace=ml-retail'))).toEqual(['delivery.owned-one.1.ml-retail'])
    expect(ids(await list('?kind=delivery&asset=open-two'))).toEqual([
      'delivery.open-two.1.ml-forecast',
      'delivery.open-two.1.ml-retail',
    ])
    expect(ids(await list('?workspace=ml-retail&q=TWO.csv'))).toEqual(['delivery.open-two.1.ml-retail'])
    expect(ids(await list('?kind=message'))).toEqual([])
    const first = await list('?limit=4')
    const rest = await list(`?limit=4&continuation=${first.continuation}`)
    expect([...ids(first), ...ids(rest)]).toHaveLength(6)
    expect(rest.continuation).toBeNull()
  })

  it('takes a hundred at a time where nothing is said, and a thousand at the most', () => {
    const query = ROUTES.find(({ name }) => name === 'failures')?.query
    expect(query?.safeParse({}).data).toMatchObject({ limit: 100 })
    expect(query?.safeParse({ limit: '1000' }).data).toMatchObject({ limit: 1000 })
  })

  it.each([
    ['kind=loss', 'kind: expected one of delivery, refusal, message, dead-letter'],
    ['rule=a%20b', 'rule: expected the name of a rule'],
    ['asset=', 'asset: expected the name of an asset'],
    ['workspace=*', 'workspace: expected the alias of a workspace'],
    ['colour=red', 'query: not known here: colour'],
    ['limit=0', 'limit: expected a whole number from 1 to 1000'],
    ['limit=1001', 'limit: expected a whole number from 1 to 1000'],
    ['limit=1.5', 'limit: expected a whole number from 1 to 1000'],
    [`continuation=${'a'.repeat(4097)}`, 'continuation: expected the value of an earlier answer'],
    [`q=${'a'.repeat(301)}`, expect.stringMatching(/^q: /)],
    ['continuation=zzz', 'continuation: not one that was given out for this filter; begin without it'],
  ])('says of %s what would be right', async (query, detail) => {
    const response = await api.call('GET', `failures?${query}`, { claims: READER })
    expect([response.status, ((await response.json()) as { detail: string }).detail]).toEqual([400, detail])
  })
})

describe('trying failures again', () => {
  it.each([
    [
      undefined,
      'body: expected the id of a failure, or any of rule, workspace, asset and kind, or "all": true',
    ],
    [{}, 'body: expected the id of a failure, or any of rule, workspace, asset and kind, or "all": true'],
    [{ all: false }, 'all: expected true'],
    [{ all: true, rule: 'open' }, expect.stringContaining('body: expected one way to say which')],
    [{ id: 'x', rule: 'open' }, expect.stringContaining('body: expected one way to say which')],
    [{ q: 'one' }, expect.stringContaining('not known here: q')],
  ])('refuses %j, and says what would be right', async (body, detail) => {
    expect(await retry(body)).toMatchObject({ status: 400, type: 'urn:lakemark:bad-request', detail })
  })

  it('is looked at no further for a caller who may try none', async () => {
    for (const body of [undefined, {}, { q: 'one' }, { rule: 'owned' }]) {
      expect(await retry(body, READER)).toMatchObject({
        status: 403,
        type: 'urn:lakemark:missing-role',
        detail: 'this needs the app role Lakemark.Operate, or a rule that names you among its operators',
      })
    }
    expect(await retry({}, OWNING)).toMatchObject({ status: 400 })
  })

  it('has no failure of an unknown id', async () => {
    for (const id of [
      'delivery.open-one.7.ml-retail',
      'delivery.none.1.x',
      'refusal.open.none',
      'nonsense',
    ]) {
      expect(await retry({ id })).toMatchObject({ status: 404, type: 'urn:lakemark:unknown-failure' })
    }
  })

  it('is for who may operate the rules of what would be tried again', async () => {
    const [open, owned] = ['delivery.open-one.1.ml-retail', 'delivery.owned-one.1.ml-retail']
    for (const body of [{ id: owned }, { rule: 'owned' }, { asset: 'owned-one' }]) {
      expect(await retry(body)).toMatchObject({ status: 403, type: 'urn:lakemark:not-operator' })
    }
    for (const body of [{ id: open }, { rule: 'open' }, { asset: 'open-one' }, { all: true }]) {
      expect(await retry(body, OWNING)).toMatchObject({ status: 403, type: 'urn:lakemark:missing-role' })
    }
    expect(await retry({ all: true }, READER)).toMatchObject({ status: 403 })
    expect(await list()).toHaveProperty('failures.length', 6)
  })

  it('makes all pending again but those of rules that others operate, and is written down', async () => {
    expect(await retry({ all: true })).toEqual({ ...done, started: 4, notAllowed: 2 })
    await api.world.drain()
    expect([await api.stateOf('open-one'), await api.stateOf('open-two')]).toEqual([
      'registered',
      'registered',
    ])
    expect(ids(await list())).toEqual(['delivery.owned-one.1.ml-forecast', 'delivery.owned-one.1.ml-retail'])
    expect((await api.audited())[0]).toMatchObject({
      route: 'retryFailures',
      parameters: { body: { all: true } },
      outcome: { status: 202 },
    })
  })

  it('lets the operators of a rule try theirs, without a role', async () => {
    expect(await retry({ rule: 'owned' }, OWNING)).toEqual({ ...done, started: 2 })
    await api.world.drain()
    expect(await list()).toEqual({ failures: [], continuation: null })
    await api.fail('owned/two.csv')
    expect(await retry({ id: 'delivery.owned-two.1.ml-retail' }, OWNING)).toEqual({ ...done, started: 1 })
    await api.fail('owned/three.csv')
    expect(await retry({ asset: 'owned-three' }, OWNING)).toEqual({ ...done, started: 2 })
  })
})
