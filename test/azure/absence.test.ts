import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AzureMl } from '../../src/app/ports.ts'
import { createArmMeter } from '../../src/azure/arm-meter.ts'
import { createAzureMl } from '../../src/azure/azure-ml.ts'
import { createArmClients } from '../../src/azure/azure-ml-client.ts'
import { createEmulatorCredential } from '../../src/azure/credential.ts'
import { createSecrets } from '../../src/azure/secrets.ts'
import type { DataVersionBody } from '../../src/core/asset/data-version.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { type Answer, type AnswerServer, startAnswerServer } from './answer-server.ts'
import { startKeyVault } from './key-vault.ts'

const WORKSPACE = { alias: 'ml-retail', subscription: '0', resourceGroup: 'rg', name: 'ml' }
const SILVER = { account: 'contosolake', container: 'silver', name: 'silver', kind: 'azure_blob' as const }
const VERSION: DataVersionBody = {
  type: 'uri_file',
  dataUri: 'azureml://datastores/silver/paths/a.csv',
  description: undefined,
  tags: {},
  properties: {},
}

const HTML = { 'content-type': 'text/html' }
/** As recorded of the service. */
const NOT_THERE: Answer = {
  status: 404,
  body: JSON.stringify({
    error: {
      code: 'UserError',
      message: 'The specified resource was not found.',
      details: [{ code: 'DataVersionNotFound', message: 'no', details: [] }],
      additionalInfo: [{ type: 'Correlation', info: { value: { operation: 'x', request: 'y' } } }],
    },
  }),
}

/** Of those that stand between us and Azure; each with what people are told of it. */
const OF_OTHERS: [string, Answer, string][] = [
  ['a page', { headers: HTML, body: '<html><h1>404 Not Found</h1></html>' }, 'the answer is not JSON'],
  ['a page that is said to be JSON', { body: '<html></html>' }, 'PARSE_ERROR: the answer is not JSON'],
  ['a text', { headers: { 'content-type': 'text/plain' }, body: 'default backend' }, 'is not JSON'],
  ['nothing', { body: '' }, 'the answer is not JSON'],
  ['nothing, of no type', { headers: { 'content-type': '' }, body: '' }, 'the answer is not JSON'],
  ['JSON of a gateway', { body: '{"statusCode":404,"message":"Resource not found"}' }, 'Resource not found'],
  ['JSON of a framework', { body: '{"status":404,"error":"Not Found","path":"/"}' }, 'as Azure does'],
  ['a code alone', { body: '{"code":"NotFound","message":"no route"}' }, 'NotFound: no route'],
  ['a code that is none', { body: '{"error":{"code":404,"message":"no"}}' }, 'as Azure does'],
  ['an empty code', { body: '{"error":{"code":"","message":"no"}}' }, 'as Azure does'],
  ['null', { body: 'null' }, 'as Azure does'],
  ['a list', { body: '[]' }, 'as Azure does'],
]

const CALLS: Record<string, (azureMl: AzureMl) => Promise<unknown>> = {
  ensureDatastore: azureMl => azureMl.ensureDatastore(WORKSPACE, SILVER),
  putVersion: azureMl => azureMl.putVersion(WORKSPACE, 'sales', 1, VERSION),
  getVersion: azureMl => azureMl.getVersion(WORKSPACE, 'sales', 1),
  listVersions: azureMl => azureMl.listVersions(WORKSPACE, 'sales', { limit: 10 }),
  archiveVersion: azureMl => azureMl.archiveVersion(WORKSPACE, 'sales', 1),
  highestVersion: azureMl => azureMl.highestVersion(WORKSPACE, 'sales'),
}

let server: AnswerServer
beforeAll(async () => {
  server = await startAnswerServer()
})
afterAll(() => server.close())
beforeEach(() => void server.take())

function open(): AzureMl {
  const clock = { now: () => Date.now() }
  const meter = createArmMeter(clock)
  const clientOf = createArmClients({ credential: createEmulatorCredential(), url: server.url, meter })
  return createAzureMl({ clientOf, clock })
}

describe.each(OF_OTHERS)('a 404 with %s', (_, answer, told) => {
  it.each(Object.keys(CALLS))('is trouble for %s, not absence, and nothing follows from it', async name => {
    server.answer(() => ({ ...answer, status: 404 }))
    const trouble = (await CALLS[name]?.(open()).catch(error => error)) as Error
    expect(trouble).toBeInstanceOf(TransientError)
    expect(trouble.message).toMatch(/^workspace ml-retail answered 404, not as Azure does: ?/)
    expect(trouble.message).toContain(told)
    expect(trouble.message).not.toMatch(/html|backend/)
    expect(server.take().asked).toHaveLength(1)
  })
})

describe('a 404 of Azure ML', () => {
  it('says that there is no such thing', async () => {
    server.answer(() => NOT_THERE)
    const azureMl = open()
    expect(await azureMl.getVersion(WORKSPACE, 'sales', 1)).toBeUndefined()
    expect(await azureMl.highestVersion(WORKSPACE, 'sales')).toBe(0)
    expect(await azureMl.listVersions(WORKSPACE, 'sales', { limit: 10 })).toEqual({ items: [] })
    await expect(azureMl.archiveVersion(WORKSPACE, 'sales', 1)).rejects.toThrow(PermanentError)
  })

  it('has a datastore created', async () => {
    const properties = { datastoreType: 'AzureBlob', accountName: 'contosolake', containerName: 'silver' }
    server.answer(({ method }) =>
      method === 'PUT' ? { status: 201, body: JSON.stringify({ properties }) } : NOT_THERE,
    )
    expect(await open().ensureDatastore(WORKSPACE, SILVER)).toBe('written')
    expect(server.take().asked.map(({ method }) => method)).toEqual(['GET', 'PUT'])
  })
})

describe('a refusal', () => {
  it.each([
    [
      'by Azure ML is for good',
      '{"error":{"code":"UserError","message":"not to our liking"}}',
      PermanentError,
    ],
    ['by something in between may pass', '<html>Request blocked</html>', TransientError],
  ])('%s', async (_, body, kind) => {
    server.answer(({ method }) => (method === 'PUT' ? { status: 400, body } : NOT_THERE))
    await expect(open().putVersion(WORKSPACE, 'sales', 1, VERSION)).rejects.toThrow(kind)
  })

  it('by something in between is no word on whose the number is', async () => {
    server.answer(({ method }) =>
      method === 'PUT' ? { status: 409, body: '' } : { status: 404, headers: HTML, body: '<html></html>' },
    )
    const put = open().putVersion(WORKSPACE, 'sales', 1, VERSION)
    await expect(put).rejects.toThrow('workspace ml-retail answered 404, not as Azure does')
  })
})

describe('an answer with status 200', () => {
  const of = { body: '{"properties":{}}' }

  it.each([
    ['a page', { headers: HTML, body: '<html>Sign in</html>' }],
    ['nothing', { body: '' }],
    ['null', { body: 'null' }],
    ['an object without a list', { body: '{"message":"welcome"}' }],
    ['no list where there should be one', { body: '{"value":null}' }],
    ['a text where there should be a list', { body: '{"value":" "}' }],
    ['a list of nothing', { body: '{"value":[null]}' }],
    ['a list without more', { body: '[]' }],
  ])('that holds %s is no empty list of versions', async (_, answer) => {
    server.answer(({ path }) => (path.endsWith('/versions') ? answer : of))
    const { listVersions, highestVersion } = open()
    const told = 'workspace ml-retail gave no usable answer: '
    for (const call of [
      listVersions(WORKSPACE, 'sales', { limit: 10 }),
      highestVersion(WORKSPACE, 'sales'),
    ]) {
      const trouble = await call.catch(error => error)
      expect(trouble).toBeInstanceOf(TransientError)
      expect(trouble.message).toContain(told)
    }
  })

  it.each([
    '""',
    '0',
    'false',
    'null',
    '[]',
    '"x"',
    '{"properties":{"dataUri":"azureml://x","dataType":{}}}',
  ])('that is %s is no version and no datastore', async body => {
    server.answer(() => ({ body }))
    for (const call of [CALLS.putVersion, CALLS.getVersion, CALLS.ensureDatastore]) {
      await expect(call?.(open())).rejects.toThrow(
        /gave no usable answer: it is no (data version|datastore)$/,
      )
    }
  })

  it('may hold an empty list', async () => {
    server.answer(({ path }) => (path.endsWith('/versions') ? { body: '{"value":[]}' } : of))
    expect(await open().listVersions(WORKSPACE, 'sales', { limit: 10 })).toEqual({ items: [] })
    expect(await open().highestVersion(WORKSPACE, 'sales')).toBe(0)
  })
})

describe('a secret', () => {
  const reference = 'keyvault:https://team.vault.azure.net/secrets/partner'

  it.each([
    [404, '<html></html>', TransientError, '404 PARSE_ERROR'],
    [404, '{"message":"no route"}', TransientError, 'could not be read (404)'],
    [404, '', TransientError, 'could not be read (an empty answer)'],
    [403, '<html>Blocked</html>', TransientError, '403 PARSE_ERROR'],
    [400, 'null', TransientError, 'could not be read (an empty answer)'],
    [200, '', TransientError, 'could not be read (an empty answer)'],
    [404, '{"error":{"code":"SecretNotFound","message":"no"}}', PermanentError, 'does not exist'],
    [403, '{"error":{"code":"Forbidden","message":"no"}}', PermanentError, 'may not be read'],
  ])(
    'is not there, or not for us, only where Key Vault itself says so: %i %s',
    async (status, body, kind, told) => {
      const vault = await startKeyVault()
      try {
        vault.answer({ status, body })
        const trouble = await createSecrets(vault)
          .read(reference)
          .catch(error => error)
        expect(trouble).toBeInstanceOf(kind)
        expect(trouble.message).toContain(told)
      } finally {
        await vault.close()
      }
    },
  )
})
