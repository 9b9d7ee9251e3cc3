import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { APP_ID_URI, CLIENT_ID, type Issuer, startIssuer, TENANT } from '../access/issuer.ts'
import { startStub } from '../cli/stub-service.ts'
import { type ApiWorld, openApiWorld } from '../functions/api-world.ts'
import { createHome, type Finished, runCommand } from './process.ts'

/**
 * The service asks callers for tokens of a real OIDC issuer. DefaultAzureCredential speaks to Entra ID over https
 * alone, so that the issuer's tokens come to it the other way that it knows: from the endpoint of a managed identity,
 * which is plain http on the same machine, in Azure as here.
 */
let issuer: Issuer
let api: ApiWorld
let identity: Awaited<ReturnType<typeof startStub>>
let home: string
let remove: () => Promise<void>
let claims: JWTPayload
let token: string

beforeAll(async () => {
  ;({ home, remove } = await createHome())
  issuer = await startIssuer()
  api = await openApiWorld(issuer, {
    kind: 'entra',
    tenant: TENANT,
    audiences: [CLIENT_ID, APP_ID_URI],
    authority: issuer.authority,
  })
  await api.fail('open/one.csv', 'owned/one.csv')
  identity = await startStub(() => ({
    status: 200,
    body: {
      access_token: token,
      expires_on: String(Math.floor(Date.now() / 1000) + 3600),
      token_type: 'Bearer',
    },
  }))
})
afterAll(async () => {
  await identity?.[Symbol.asyncDispose]()
  await api?.close()
  await issuer?.close()
  await remove()
})

async function run(...args: string[]): Promise<Finished> {
  token = await issuer.token(claims)
  return runCommand(home, [...args, '--url', api.host.url], {
    IDENTITY_ENDPOINT: identity.url,
    IDENTITY_HEADER: 'a secret of the machine',
  })
}

describe('a service that asks who calls', () => {
  it('is told by the token of whoever is logged in, for the audience given', async () => {
    claims = { roles: ['Lakemark.Read'] }
    identity.asked.length = 0
    const { code, stdout, stderr } = await run('status', '--audience', APP_ID_URI)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/open-one +uri_file +1 +ml-\S+: failed/)
    const [asked] = identity.asked
    expect(new URL(asked?.url ?? '', identity.url).searchParams.get('resource')).toBe(APP_ID_URI)
  })

  it('makes the command say for whom the token is to be, and sends none before that is said', async () => {
    identity.asked.length = 0
    const { code, stdout, stderr } = await run('status')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^expected an access token/)
    expect(stderr).toContain(`--audience ${APP_ID_URI}, or set LAKEMARK_AUDIENCE`)
    expect(identity.asked).toEqual([])
  })

  it('makes the command say which role is missing', async () => {
    claims = { roles: ['Lakemark.Read'] }
    const { code, stderr } = await run('retry', 'open-one', '--audience', APP_ID_URI)
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /this needs the app role Lakemark\.Operate, or a rule that names you.*\nAsk those who keep the app registration/,
    )
    const audit = await run('audit', '--audience', APP_ID_URI)
    expect(audit.stderr).toContain('the app role Lakemark.Admin')
  })

  it('makes the command say what is wrong with a token, and how to log in', async () => {
    claims = { aud: 'api://another' }
    const { code, stderr } = await run('status', '--audience', 'api://another')
    expect(code).toBe(1)
    expect(stderr).toContain('the token is for another audience')
    expect(stderr).toContain(`the service names ${APP_ID_URI}: --audience ${APP_ID_URI}`)
  })

  it('lets whoever may do something do it, and writes down who that was', async () => {
    claims = { roles: ['Lakemark.Admin'], name: 'Ada' }
    const again = await run('retry', '--rule', 'open', '--audience', APP_ID_URI)
    expect(again).toMatchObject({ code: 0, stderr: '' })
    const { stdout } = await run('audit', '--audience', APP_ID_URI)
    expect(stdout).toMatch(/\S+Z +Ada \(app\) .* 202 +retryFailures .*"rule":"open"/)
  })

  it('never sees the token in what the command prints', async () => {
    claims = { roles: [] }
    const { code, stdout, stderr } = await run('status', '--audience', APP_ID_URI)
    expect(code).toBe(1)
    expect(stdout + stderr).not.toContain(token.slice(0, 20))
    expect(stdout + stderr).not.toContain(token.slice(-20))
  })

  it('is asked with the token for its rules too, when a plan is made against them', async () => {
    claims = { roles: [] }
    token = await issuer.token(claims)
    const against = ['--against', api.host.url, '--audience', APP_ID_URI]
    const { code, stderr } = await runCommand(home, ['plan', ...against], {
      IDENTITY_ENDPOINT: identity.url,
      IDENTITY_HEADER: 'a secret of the machine',
    })
    expect([code, stderr]).toEqual([1, expect.stringContaining('this needs the app role Lakemark.Read')])
  })

  it('makes the command say how to log in where nobody is', async () => {
    const { code, stderr } = await runCommand(
      home,
      ['status', '--url', api.host.url, '--audience', APP_ID_URI],
      { PATH: '/nowhere' },
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/^no access token for api:\/\/lakemark: .*\nLog in with: az login --scope/)
  })
})
