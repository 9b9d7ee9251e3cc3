import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { createDefaultHttpClient } from '@azure/core-rest-pipeline'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AzureMl } from '../../src/app/ports.ts'
import { MAX_ANSWER_BYTES, MAX_PAGE_BYTES } from '../../src/azure/answer-size.ts'
import { createArmMeter } from '../../src/azure/arm-meter.ts'
import { createAzureMl } from '../../src/azure/azure-ml.ts'
import { createArmClients } from '../../src/azure/azure-ml-client.ts'
import { createCredential, createEmulatorCredential } from '../../src/azure/credential.ts'
import { createSecrets } from '../../src/azure/secrets.ts'
import { createServicePrincipals } from '../../src/azure/service-principals.ts'
import { PUBLIC_CLOUD } from '../../src/core/clouds.ts'
import { TransientError } from '../../src/core/errors.ts'
import { HOUR } from '../../src/core/time.ts'
import { until } from '../e2e/process.ts'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'
import { type Answer, type AnswerServer, startAnswerServer } from './answer-server.ts'

const WORKSPACE = { alias: 'ml-retail', subscription: '0', resourceGroup: 'rg', name: 'ml' }
const SILVER = { account: 'contosolake', container: 'silver', name: 'silver', kind: 'azure_blob' as const }
const PROPERTIES = { dataType: 'uri_file', dataUri: 'azureml://datastores/silver/paths/a.csv' }
const VERSION = {
  type: 'uri_file' as const,
  dataUri: PROPERTIES.dataUri,
  description: undefined,
  tags: {},
  properties: {},
}
/** What lies in the buffers of both sides when the connection is given up. */
const IN_BUFFERS = 16 * 1024 * 1024

const spaces = (bytes: number) => Buffer.alloc(bytes, ' ')
const CHUNK = spaces(64 * 1024)
/** 64 kB that become 64 MiB. */
const BOMB = gzipSync(spaces(2 * MAX_PAGE_BYTES))
const ENDLESS: Answer = { body: CHUNK, endless: true }
const HUGE: [string, Answer][] = [
  ['endless', ENDLESS],
  ['of a terabyte, as it says', { ...ENDLESS, headers: { 'content-length': String(10 ** 12) } }],
  ['endless, with status 404', { ...ENDLESS, status: 404, headers: { 'content-type': 'text/html' } }],
  ['endless, with status 503', { ...ENDLESS, status: 503 }],
  ['small, and huge when unpacked', { body: BOMB, headers: { 'content-encoding': 'gzip' } }],
  ['endless, and none that can be unpacked', { ...ENDLESS, headers: { 'content-encoding': 'br' } }],
]

const CALLS: [string, number, (azureMl: AzureMl) => Promise<unknown>][] = [
  ['ensureDatastore', 4, azureMl => azureMl.ensureDatastore(WORKSPACE, SILVER)],
  ['putVersion', 4, azureMl => azureMl.putVersion(WORKSPACE, 'data', 1, VERSION)],
  ['getVersion', 4, azureMl => azureMl.getVersion(WORKSPACE, 'data', 1)],
  ['archiveVersion', 4, azureMl => azureMl.archiveVersion(WORKSPACE, 'data', 1)],
  ['highestVersion', 4, azureMl => azureMl.highestVersion(WORKSPACE, 'data')],
  ['listVersions', 32, azureMl => azureMl.listVersions(WORKSPACE, 'data', { limit: 100 })],
]

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

let server: AnswerServer
beforeAll(async () => {
  server = await startAnswerServer()
})
afterAll(() => server.close())
beforeEach(() => void server.take())
afterEach(() => until('all connections to be given up', async () => server.open() === 0))

const clock = { now: () => Date.now() }

function openAzureMl(): AzureMl {
  const meter = createArmMeter(clock)
  const clientOf = createArmClients({ credential: createEmulatorCredential(), url: server.url, meter })
  return createAzureMl({ clientOf, clock })
}

describe('an answer of Azure ML that is too large', () => {
  // Every call, and each way of being too large for an answer about one thing and for a page.
  const cases = HUGE.flatMap(([what, answer], index) =>
    CALLS.filter(([name]) => index === 0 || /^(?:get|list)/.test(name)).map(
      call => [what, ...call, answer] as const,
    ),
  )

  it.each(cases)(
    'being %s, ends %s at %i MiB with a reason, and is believed nowhere',
    async (_, _name, mebibytes, call, answer) => {
      server.answer(() => answer)
      const trouble = (await call(openAzureMl()).catch(error => error)) as Error
      expect(trouble).toBeInstanceOf(TransientError)
      expect(trouble.message).toBe(
        `workspace ml-retail gave no usable answer: AnswerTooLarge: it has more than ${mebibytes} MiB`,
      )
      const { asked, sentBytes } = server.take()
      expect(asked).toHaveLength(1)
      expect(sentBytes).toBeLessThan(mebibytes * 1024 * 1024 + IN_BUFFERS)
    },
  )
})

describe('an answer of Azure ML', () => {
  const padded = (body: unknown, bytes: number) => JSON.stringify(body).padEnd(bytes)
  const page = (body: unknown, bytes: number) => () => ({ body: padded(body, bytes) })

  it('may be as large as the limit, and not a byte larger', async () => {
    const azureMl = openAzureMl()
    const get = () => azureMl.getVersion(WORKSPACE, 'data', 1)
    const list = () => azureMl.listVersions(WORKSPACE, 'data', { limit: 100 })
    const value = [{ name: '7', properties: PROPERTIES }]
    server.answer(page({ properties: PROPERTIES }, MAX_ANSWER_BYTES))
    expect(await get()).toMatchObject({ dataUri: PROPERTIES.dataUri })
    server.answer(page({ properties: PROPERTIES }, MAX_ANSWER_BYTES + 1))
    await expect(get()).rejects.toThrow('AnswerTooLarge')
    server.answer(page({ value }, MAX_PAGE_BYTES))
    expect((await list()).items).toMatchObject([{ number: 7 }])
    server.answer(page({ value }, MAX_PAGE_BYTES + 1))
    await expect(list()).rejects.toThrow('AnswerTooLarge')
  })

  it('may be a page of the largest versions that Lakemark writes, with every character escaped', async () => {
    const text = '\\u4e2d'.repeat(1000)
    const properties = Array.from({ length: 25 }, (_, index) => `"p${index}":"${text}"`).join(',')
    const version = (index: number) =>
      `{"name":"${index + 1}","properties":{"dataType":"uri_file","dataUri":"azureml://x","properties":{${properties}}}}`
    const body = `{"value":[${Array.from({ length: 100 }, (_, index) => version(index)).join(',')}]}`
    server.answer(() => ({ body }))
    const { items } = await openAzureMl().listVersions(WORKSPACE, 'data', { limit: 100 })
    expect(items).toHaveLength(100)
    expect(2 * body.length).toBeLessThan(MAX_PAGE_BYTES)
  })

  it('that leads to a huge next page ends the count of versions', async () => {
    const next = `${server.url}/somewhere?skip=1`
    server.answer(({ path }) => {
      if (path.endsWith('/versions'))
        return { body: JSON.stringify({ value: [{ name: '3' }], nextLink: next }) }
      return path === '/somewhere' ? ENDLESS : { body: JSON.stringify({ properties: {} }) }
    })
    await expect(openAzureMl().highestVersion(WORKSPACE, 'data')).rejects.toThrow('it has more than 32 MiB')
    expect(server.take().asked.map(({ path }) => path.split('/').at(-1))).toEqual([
      'data',
      'versions',
      'somewhere',
    ])
  })

  it.each(HUGE.filter(([name]) => ['endless', 'small, and huge when unpacked'].includes(name)))(
    'takes no more memory than the limit, also when many are %s',
    async (_, answer) => {
      server.answer(() => answer)
      const azureMl = openAzureMl()
      const calls = 10
      collectGarbage()
      const before = process.memoryUsage().arrayBuffers
      let peak = 0
      const watching = setInterval(() => {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)
      }, 5)
      const all = Array.from({ length: calls }, () => azureMl.getVersion(WORKSPACE, 'data', 1))
      const outcomes = await Promise.allSettled(all)
      clearInterval(watching)
      expect(outcomes.map(({ status }) => status)).toEqual(Array(calls).fill('rejected'))
      expect(peak).toBeGreaterThan(0)
      // Nothing that was received has to be freed for this.
      expect(peak).toBeLessThan(calls * 2 * MAX_ANSWER_BYTES)
    },
  )
})

describe('a workspace whose answers are endless', () => {
  it('holds up itself alone, says why, is asked ever more seldom, and goes on when it is well again', async () => {
    let isIll = true
    server.answer(({ method, path }) => {
      if (isIll && path.includes('rg-retail')) return ENDLESS
      if (method === 'PUT' && path.includes('/datastores/')) return { status: 201, body: stored('AzureBlob') }
      if (method === 'PUT') return { status: 201, body: JSON.stringify({ properties: PROPERTIES }) }
      return { status: 404, body: '{"error":{"code":"UserError","message":"not there"}}' }
    })
    const world = createMemoryWorld(FILES_RULE, () => ({ azureMl: openAzureMl() }))
    await world.deliver(world.upload('files/orders.csv'))
    await world.drain({ forMs: HOUR })

    const { workspaces } = (await world.lakemark.status.asset('orders')) ?? {}
    expect(workspaces?.['ml-forecast']).toMatchObject({ state: 'registered' })
    expect(workspaces?.['ml-retail']).toMatchObject({
      state: 'pending',
      reason: expect.stringContaining('AnswerTooLarge: it has more than 4 MiB'),
    })
    const { asked } = server.take()
    expect(asked.filter(({ path }) => path.includes('rg-retail')).length).toBeLessThan(20)

    isIll = false
    await world.drain({ forMs: HOUR })
    expect((await world.lakemark.status.asset('orders'))?.workspaces['ml-retail']).toMatchObject({
      state: 'registered',
    })
  })

  const stored = (datastoreType: string) =>
    JSON.stringify({
      properties: { datastoreType, accountName: 'contosolake', containerName: 'silver' },
    })
})

describe('an endless answer of those that give secrets and tokens', () => {
  /** The SDKs insist on https: what they would send there comes to the server on loopback. */
  const transport = createDefaultHttpClient()
  const httpClient: typeof transport = {
    sendRequest(request) {
      const { pathname, search } = new URL(request.url)
      request.url = `${server.url}${pathname}${search}`
      request.allowInsecureConnection = true
      return transport.sendRequest(request)
    },
  }
  const reference = 'keyvault:https://team.vault.azure.net/secrets/partner'
  const principal = {
    kind: 'servicePrincipal',
    tenant: '10000000-0000-4000-8000-00000000000a',
    client: 'x',
    secret: reference,
  } as const
  const scope = 'https://management.azure.com/.default'

  beforeEach(() => server.answer(() => ENDLESS))

  it('ends the reading of a secret, which may be read later', async () => {
    const secrets = createSecrets({ credential: createEmulatorCredential(), httpClient })
    const trouble = (await secrets.read(reference).catch(error => error)) as Error
    expect(trouble).toBeInstanceOf(TransientError)
    expect(trouble.message).toBe('secret partner of team.vault.azure.net could not be read (AnswerTooLarge)')
    expect(server.take().sentBytes).toBeLessThan(MAX_ANSWER_BYTES + IN_BUFFERS)
  })

  it('ends the sign-in of a service principal, which may succeed later', async () => {
    const secrets = { read: async () => ({ value: 'secret', id: 'x' }) }
    const credential = createServicePrincipals({ secrets, cloud: PUBLIC_CLOUD, httpClient })(principal)
    await expect(credential.getToken(scope)).rejects.toThrow(TransientError)
    const { asked, sentBytes } = server.take()
    expect(asked.length).toBeGreaterThan(0)
    expect(sentBytes).toBeLessThanOrEqual(asked.length * (MAX_ANSWER_BYTES + IN_BUFFERS))
  })

  it('ends the sign-in of a managed identity', async () => {
    process.env.IDENTITY_ENDPOINT = `${server.url}/msi/token`
    process.env.IDENTITY_HEADER = 'secret-of-the-sandbox'
    try {
      const { getToken } = createCredential('client', PUBLIC_CLOUD)
      await expect(getToken(scope)).rejects.toMatchObject({ name: 'CredentialUnavailableError' })
    } finally {
      delete process.env.IDENTITY_ENDPOINT
      delete process.env.IDENTITY_HEADER
    }
    const { asked, sentBytes } = server.take()
    expect(asked.length).toBeGreaterThan(0)
    expect(sentBytes).toBeLessThanOrEqual(asked.length * (MAX_ANSWER_BYTES + IN_BUFFERS))
  })
})
