import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RegistrationView } from '../../src/app/register/view.ts'
import { type Issuer, startIssuer } from '../access/issuer.ts'
import { type ApiWorld, OWNER, openApiWorld } from './api-world.ts'

let issuer: Issuer
let api: ApiWorld

beforeAll(async () => {
  issuer = await startIssuer()
  api = await openApiWorld(issuer)
  for (const path of ['open/a.csv', 'open/b.csv', 'owned/c.csv', 'owned/sub/d.csv']) api.world.upload(path)
})
afterAll(async () => {
  await api?.close()
  await issuer?.close()
})

const admin: JWTPayload = { roles: ['Lakemark.Admin'] }
const operator: JWTPayload = { roles: ['Lakemark.Operate'] }
const reader: JWTPayload = { roles: ['Lakemark.Read'] }
const owner: JWTPayload = { roles: [], oid: OWNER }
const nobody: JWTPayload = { roles: [] }

const WORKSPACE = {
  workspace_name: 'ml-retail',
  subscription_id: '00000000-0000-0000-0000-000000000001',
  resource_group: 'rg-retail',
}
const DATASTORE = { adlsgen2_datastore_name: 'silver', account_name: 'contosolake', filesystem: 'silver' }

const bodyOf = (dataset_name: string, dataset_path: string) => ({
  workspace_definition: [WORKSPACE],
  datastore_definition: [DATASTORE],
  dataset_definition: [{ dataset_name, dataset_path }],
})
function post(body: unknown, claims: JWTPayload = admin, query = ''): Promise<Response> {
  // A change a second is what a caller may make, after the first sixty.
  api.pass(2000)
  return api.call('POST', `register${query}`, { claims, body })
}
const locationOf = (response: Response) =>
  new URL(response.headers.get('location') ?? '').pathname.replace('/api/', '')

interface Problem {
  type: string
  detail: string
  errors: { in: string; path: string; problem: string }[]
  registration: RegistrationView
}
const problemOf = async (response: Response) => (await response.json()) as Problem

/** As Data Factory's Web activity does: posts, and asks the Location until that is no longer 202. */
async function follow(started: Response, claims: JWTPayload = admin): Promise<Response> {
  const path = locationOf(started)
  for (let asked = 0; asked < 20; asked += 1) {
    await api.world.drain({ forMs: 60_000 })
    const answer = await api.call('GET', path, { claims })
    if (answer.status !== 202) return answer
  }
  throw new Error('it does not end')
}

describe('a pipeline that spoke to the ancestor', () => {
  it('posts what it always did, follows the Location, and is answered with the versions', async () => {
    const started = await post(bodyOf('data', 'open'))
    expect([started.status, started.headers.get('retry-after')]).toEqual([202, '5'])
    const ended = await follow(started)
    expect(ended.status).toBe(200)
    expect(await ended.json()).toMatchObject({
      state: 'done',
      assets: [{ asset: 'data', version: 1, files: 2, workspaces: { 'ml-retail': { state: 'registered' } } }],
    })
    expect(await api.world.registered('ml-retail', 'data')).toEqual({ 1: 'open' })
    const run = await api.call('GET', locationOf(started).replace('register', 'runs'), { claims: admin })
    expect([run.status, (await run.json()) as unknown]).toEqual([
      200,
      expect.objectContaining({ kind: 'register', state: 'done' }),
    ])
  })

  it('is answered with a problem where not all of it is registered, so that its activity fails', async () => {
    const ended = await follow(await post(bodyOf('nothing', 'nowhere/*.csv')))
    const { type, detail, registration } = await problemOf(ended)
    expect([ended.status, type, detail]).toEqual([
      422,
      'urn:lakemark:not-registered',
      'nothing lies at contosolake/silver/nowhere/*.csv: dataset nothing is not registered',
    ])
    expect(registration).toMatchObject({ state: 'failed', assets: [{ files: 0, version: null }] })
  })

  it('may only want to know what would be done', async () => {
    const ended = await follow(await post(bodyOf('dry', 'open'), admin, '?dryRun=true'))
    expect(await ended.json()).toMatchObject({ dryRun: true, assets: [{ new: 2, version: null }] })
    expect((await post(bodyOf('dry', 'open'), admin, '?dryRun=perhaps')).status).toBe(400)
  })
})

describe('a body that is not as it should be', () => {
  it('is told all that is wrong with it, and where', async () => {
    const response = await post({
      workspace_definition: [{ ...WORKSPACE, subscription_id: 'mine' }],
      datastore_definition: [{ ...DATASTORE, account_name: 'https://contosolake.dfs.core.windows.net' }],
      dataset_definition: [
        { dataset_name: 'sales', dataset_path: 'sales' },
        { dataset_name: 'my sales', dataset_path: 'sales/{region}/*.csv' },
        { dataset_path: 7 },
      ],
    })
    expect(response.status).toBe(400)
    const { errors } = await problemOf(response)
    expect(errors.map(({ path, problem }) => `${path}: ${problem}`)).toEqual([
      'workspace_definition[0].subscription_id: expected the id of a subscription, such as 00000000-0000-0000-0000-000000000001',
      'datastore_definition[0].account_name: expected the name of a storage account, not its address',
      expect.stringMatching(/^dataset_definition\[1\]\.dataset_name: .*did you mean my-sales\?$/),
      expect.stringMatching(/^dataset_definition\[1\]\.dataset_path: \{region\} captures nothing here/),
      'dataset_definition[2].dataset_name: expected the name of a dataset',
      'dataset_definition[2].dataset_path: expected a path in the filesystem',
    ])
  })

  it('is compared with the rules once each part of it is well-formed', async () => {
    const response = await post({
      workspace_definition: [{ ...WORKSPACE, workspace_name: 'ml-retial' }],
      datastore_definition: [{ ...DATASTORE, filesystem: 'sliver' }],
      dataset_definition: [{ dataset_name: 'sales', dataset_path: 'sales' }],
    })
    expect([response.status, (await problemOf(response)).detail]).toEqual([
      400,
      'workspace_definition[0].workspace_name: the rules know no workspace ml-retial; did you mean ml-retail?; datastore_definition[0].filesystem: no rule watches contosolake/sliver; did you mean contosolake/silver?',
    ])
  })

  it('may hold no secret: it is told which key, and nobody is told the secret', async () => {
    const secret = 'Pq8Q~planted.secret-0123456789abcdef'
    const response = await post({
      ...bodyOf('sales', 'open'),
      client_secret: secret,
      datastore_definition: [
        { ...DATASTORE, account_key: secret, tenant_id: secret, sas_token: `?sig=${secret}` },
      ],
      dataset_definition: [
        {
          dataset_name: 'sales',
          dataset_path: `https://x.dfs.core.windows.net/a?sig=${secret}`,
          note: secret,
        },
      ],
    })
    const text = await response.text()
    expect(response.status).toBe(400)
    const { errors } = JSON.parse(text) as Problem
    expect(errors.map(({ path, problem }) => [path, problem])).toEqual([
      [
        'datastore_definition[0]',
        expect.stringMatching(
          /^not known here: account_key \(Lakemark acts as its own identity and takes no secret; .*\), tenant_id \(Lakemark acts as its own identity; .*\), sas_token \(.*takes no secret/,
        ),
      ],
      ['dataset_definition[0].dataset_path', expect.stringContaining('is an address')],
      ['dataset_definition[0]', 'not known here: note'],
      ['', expect.stringMatching(/^not known here: client_secret \(.*takes no secret/)],
    ])
    const all = text + api.lines.join('') + JSON.stringify(await api.audited())
    expect(all).not.toContain('planted')
  })

  const one = bodyOf('x', 'open')
  it.each([
    ['nothing', {}, /workspace_definition: expected a list.*datastore_definition.*dataset_definition/],
    ['null', null, /expected object/],
    ['a list', [one], /expected object/],
    ['text', 'register', /expected object/],
    [
      'definitions that are no lists',
      { ...one, dataset_definition: one.dataset_definition[0] },
      /expected a list/,
    ],
    ['no datasets', { ...one, dataset_definition: [] }, /dataset_definition: expected a list of 1 to 200/],
    ['null in a list', { ...one, dataset_definition: [null] }, /dataset_definition\[0\]/],
    [
      'too many',
      { ...one, workspace_definition: Array.from({ length: 101 }, () => WORKSPACE) },
      /a list of 1 to 100 workspaces/,
    ],
    ['a path up', bodyOf('x', '../other'), /the segment "\.\."/],
    ['a name that is a path', bodyOf('../x', 'open'), /did you mean x\?|expected 1 to 255/],
    ['a wildcard too many', bodyOf('x', `${'{a,b}'.repeat(7)}`), /more than 100 alternatives/],
    ['a wildcard that costs too much', bodyOf('x', 'sales/!(a*!(a*!(a*)b)b)b'), /million steps/],
    ['a path that is not even looked at', bodyOf('x', '*'.repeat(2001)), /of at most 2000 characters/],
    [
      'too many datasets',
      { ...one, dataset_definition: Array.from({ length: 201 }, () => one.dataset_definition[0]) },
      /a list of 1 to 200 datasets/,
    ],
    ['a long path', bodyOf('x', 'x'.repeat(1025)), /longer than 1024/],
    ['prototypes', JSON.parse('{"__proto__": {"a": 1}, "constructor": 1}'), /not known here|expected a list/],
  ])('is refused: %s', async (_, body, detail) => {
    const response = await post(body)
    expect([response.status, (await problemOf(response)).detail]).toEqual([
      400,
      expect.stringMatching(detail),
    ])
  })

  it('may be too long', async () => {
    const datasets = Array.from({ length: 200 }, (_, at) => ({
      dataset_name: `d${at}`,
      dataset_path: 'x'.repeat(1000),
    }))
    expect((await post({ ...one, dataset_definition: datasets })).status).toBe(413)
  })
})

describe('who may register', () => {
  const statusOf = async (claims: JWTPayload, name: string, path: string) => {
    const response = await post(bodyOf(name, path), claims, '?dryRun=true')
    return response.status === 202 ? 202 : `${response.status} ${(await problemOf(response)).type}`
  }
  const NOT_OPERATOR = '403 urn:lakemark:not-operator'
  const NO_ROLE = '403 urn:lakemark:missing-role'

  it.each<[string, string, string, unknown, unknown]>([
    // what, name, path, with the role, as the rule's operator without a role
    ['what no operators keep', 'mine', 'open/*.csv', 202, NO_ROLE],
    ['what a rule with operators matches', 'mine', 'owned/*.csv', NOT_OPERATOR, 202],
    ['a part of it', 'mine', 'owned/c*.csv', NOT_OPERATOR, 202],
    ['one of its files', 'mine', 'owned/c.csv', NOT_OPERATOR, 202],
    ['a folder with more in it', 'mine', 'owned', NOT_OPERATOR, NO_ROLE],
    ['a folder beside its files', 'mine', 'owned/sub', 202, NO_ROLE],
    ['everything', 'mine', '/', NOT_OPERATOR, NO_ROLE],
    ['a glob that meets it', 'mine', '*/*.csv', NOT_OPERATOR, NO_ROLE],
    ['files whose folder holds it', 'mine', '*.txt', NOT_OPERATOR, NO_ROLE],
    ['a name that its rule makes', 'owned-x', 'open/*.csv', NOT_OPERATOR, NO_ROLE],
    ['its files under a name of another rule', 'open-x', 'owned/*.csv', NOT_OPERATOR, NO_ROLE],
  ])('%s', async (_, name, path, withRole, asOwner) => {
    // A name that rules make otherwise is a problem of the request, for whoever may ask.
    expect(await statusOf(operator, name, path)).toEqual(withRole)
    expect(await statusOf(owner, name, path)).toEqual(asOwner)
    for (const claims of [reader, nobody]) {
      expect(await statusOf(claims, name, path)).toMatch(/^403 urn:lakemark:(missing-role|not-operator)$/)
    }
    if (name === 'mine') expect(await statusOf(admin, name, path)).toBe(202)
  })

  it('lets the operator try again what of theirs a workspace has refused, by any way to name it', async () => {
    expect((await post(bodyOf('failing', 'owned/c*.csv'), owner)).status).toBe(202)
    // The workspaces refuse everything while the run goes on.
    await api.fail('open/unrelated.csv')
    const retry = async (body: object, claims: JWTPayload) => {
      const response = await api.call('POST', 'failures/retry', { claims, body })
      const { started, notAllowed } = (await response.json()) as Record<string, number>
      return [response.status, started, notAllowed]
    }
    const both = { asset: 'failing', rule: 'register:failing' }
    expect(await retry(both, operator)).toEqual([403, undefined, undefined])
    expect(await retry({ rule: 'register:failing' }, operator)).toEqual([202, 0, 1])
    expect(await retry({ asset: 'failing' }, owner)).toEqual([202, 1, 0])
    await api.fail('open/unrelated.csv')
    expect(await retry(both, owner)).toEqual([202, 1, 0])
    await api.fail('open/unrelated.csv')
    expect(await retry({ id: 'delivery.failing.1.ml-retail' }, owner)).toEqual([202, 1, 0])
  })

  it('costs the ledger and the lake nothing where the caller may ask for none of it', async () => {
    const asked = [vi.spyOn(api.world.ledger, 'readWork'), vi.spyOn(api.world.lake, 'head')]
    const datasets = Array.from({ length: 200 }, (_, at) => ({
      dataset_name: `mine${at}`,
      dataset_path: `owned/${at}`,
    }))
    for (const claims of [reader, nobody]) {
      const response = await post({ ...bodyOf('mine', '/'), dataset_definition: datasets }, claims)
      expect(response.status).toBe(403)
    }
    expect(asked.map(({ mock }) => mock.calls.length)).toEqual([0, 0])
    expect((await post(bodyOf('mine', 'owned/*.csv'), owner, '?dryRun=true')).status).toBe(202)
    expect(asked[0]?.mock.calls.length).toBeGreaterThan(0)
    for (const { mockRestore } of asked) mockRestore()
  })

  it('tells an operator whose groups are unknown that it cannot be told', async () => {
    const claims = { roles: [], _claim_names: { groups: 'src1' } }
    const response = await post(bodyOf('mine', 'owned/*.csv'), claims)
    expect([response.status, (await problemOf(response)).type]).toEqual([403, 'urn:lakemark:groups-unknown'])
  })

  it('lets the operator follow what they have begun, and cancel and retry it, and nobody else without a role', async () => {
    const started = await post(bodyOf('kept', 'owned/*.csv'), owner)
    expect(started.status).toBe(202)
    const ended = await follow(started, owner)
    expect([ended.status, ((await ended.json()) as RegistrationView).state]).toEqual([200, 'done'])
    const path = locationOf(started)
    expect((await api.call('GET', path, { claims: nobody })).status).toBe(403)
    expect((await api.call('GET', path, { claims: reader })).status).toBe(200)
    const cancel = (claims: JWTPayload) =>
      api.call('DELETE', path.replace('register', 'runs'), { claims }).then(({ status }) => status)
    expect([await cancel(owner), await cancel(operator), await cancel(admin)]).toEqual([200, 403, 200])
    const retry = (claims: JWTPayload) =>
      api.call('POST', 'assets/kept/retry', { claims }).then(({ status }) => status)
    expect([await retry(owner), await retry(operator), await retry(nobody), await retry(admin)]).toEqual([
      202, 403, 403, 202,
    ])
    expect(await statusOf(operator, 'kept', 'open/*.csv')).toBe(NOT_OPERATOR)
  })

  it('keeps what was registered with the role from those who have only a rule', async () => {
    await follow(await post(bodyOf('shared', 'open/*.csv'), operator))
    expect(await statusOf(owner, 'shared', 'owned/*.csv')).toBe(NO_ROLE)
  })

  it('writes down who asked for what', async () => {
    await post(bodyOf('audited', 'open'), operator)
    const [entry] = (await api.audited()).filter(({ route }) => route === 'register')
    expect(entry).toMatchObject({ parameters: { body: bodyOf('audited', 'open') }, outcome: { status: 202 } })
  })
})

describe('a registration', () => {
  it('that there is none of is not found, whatever it is called', async () => {
    const resync = await api.call('POST', 'resync', { claims: admin, body: { rule: 'open', dryRun: true } })
    const { id } = (await resync.json()) as { id: string }
    for (const name of ['none', '..%2fruns', id]) {
      expect((await api.call('GET', `register/${name}`, { claims: admin })).status).toBe(404)
    }
  })
})
