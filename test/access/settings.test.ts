import { describe, expect, it } from 'vitest'
import { ConfigError, type Environment, readConfig } from '../../src/config.ts'

const TENANT = '1111abcd-1111-4111-8111-11111111beef'
const ENTRA = {
  LAKEMARK_AUTH: 'entra',
  LAKEMARK_AUTH_TENANT: TENANT,
  LAKEMARK_AUTH_AUDIENCE: 'api://lakemark',
}

const problemOf = (environment: Environment): string => {
  try {
    readConfig(environment)
    return 'none'
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}

describe('the settings of who may call', () => {
  it('let everybody call where nothing is set and this machine is the host', () => {
    expect(readConfig({})).toMatchObject({ auth: { kind: 'none' }, isBehindAzure: false })
  })

  it.each([
    [{ WEBSITE_INSTANCE_ID: 'abc' }],
    [{ WEBSITE_SITE_NAME: 'lakemark' }],
    [{ FUNCTIONS_WORKER_RUNTIME: 'node' }],
    [{ WEBSITE_INSTANCE_ID: 'abc', LAKEMARK_AUTH: 'none' }],
    [{ WEBSITE_INSTANCE_ID: 'abc', LAKEMARK_AUTH: '' }],
  ])('refuse that with %j', environment => {
    expect(problemOf(environment)).toMatch(/LAKEMARK_AUTH: none would let everybody call.*set entra/)
  })

  it('name tenant, audiences and authority for Entra ID', () => {
    const environment = {
      ...ENTRA,
      LAKEMARK_AUTH_TENANT: TENANT.toUpperCase(),
      LAKEMARK_AUTH_AUDIENCE: `${TENANT}, api://lakemark`,
    }
    expect(readConfig({ ...environment, WEBSITE_INSTANCE_ID: 'abc' })).toMatchObject({
      auth: {
        kind: 'entra',
        tenant: TENANT,
        audiences: [TENANT, 'api://lakemark'],
        authority: 'https://login.microsoftonline.com',
      },
      isBehindAzure: true,
    })
    const sovereign = { ...environment, LAKEMARK_AUTH_AUTHORITY: 'https://login.microsoftonline.us/' }
    expect(readConfig(sovereign).auth).toMatchObject({ authority: 'https://login.microsoftonline.us' })
  })

  it.each<[Environment, RegExp]>([
    [{ LAKEMARK_AUTH: 'easy' }, /LAKEMARK_AUTH: expected none or entra/],
    [{ LAKEMARK_AUTH: 'entra' }, /entra needs LAKEMARK_AUTH_TENANT/],
    [{ ...ENTRA, LAKEMARK_AUTH_AUDIENCE: '' }, /entra needs/],
    [{ ...ENTRA, LAKEMARK_AUTH_AUDIENCE: 'a,,b' }, /AUDIENCE: expected the client id/],
    [{ ...ENTRA, LAKEMARK_AUTH_TENANT: 'common' }, /TENANT: expected the tenant's id/],
    [
      { ...ENTRA, LAKEMARK_AUTH_AUTHORITY: 'http://login.contoso.com' },
      /AUTHORITY: expected an https address/,
    ],
    [{ ...ENTRA, LAKEMARK_AUTH_AUTHORITY: `https://login.contoso.com/${TENANT}` }, /AUTHORITY/],
    [{ ...ENTRA, LAKEMARK_AUTH: undefined }, /tenant or audience is set; set entra as well/],
  ])('are wrong as %j', (environment, problem) => {
    expect(problemOf(environment)).toMatch(problem)
  })
})
