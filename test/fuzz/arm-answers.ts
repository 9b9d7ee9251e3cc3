import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { AzureMl } from '../../src/app/ports.ts'
import { createArmMeter } from '../../src/azure/arm-meter.ts'
import { createAzureMl } from '../../src/azure/azure-ml.ts'
import { createArmClients } from '../../src/azure/azure-ml-client.ts'
import { canonicalDataUri } from '../../src/core/asset/data-uri.ts'
import type { DataVersionBody } from '../../src/core/asset/data-version.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { hostileText, hostileValue, type Json, toJsonText } from './hostile.ts'
import { type HostileServer, type RawAnswer, startHostileServer } from './hostile-server.ts'
import { mutated } from './mutate.ts'
import { defineSuite, property } from './suite.ts'

const WORKSPACE = { alias: 'ml-retail', subscription: '0', resourceGroup: 'rg', name: 'ml' }
const DATASTORE = { account: 'contosolake', container: 'silver', name: 'silver', kind: 'azure_blob' as const }
const VERSION: DataVersionBody = {
  type: 'uri_file',
  dataUri: 'azureml://datastores/silver/paths/a.csv',
  description: undefined,
  tags: { team: 'retail' },
  properties: { 'lakemark.fingerprint': 'f' },
}
/** Limits of time go this many times as fast as in production. */
const HASTE = 100
/** No call asks more often than this, whatever it is answered. */
const MAX_REQUESTS = 60
/** A limit of time, made shorter, with what a machine that is busy adds. */
const CALL_LIMIT_MS = 5000

const SAMPLES: Json[] = [
  {
    id: 'x',
    name: '1',
    type: 'Microsoft.MachineLearningServices/workspaces/data/versions',
    properties: {
      dataType: 'uri_file',
      dataUri: VERSION.dataUri,
      tags: { a: 'b' },
      properties: {},
      isArchived: false,
    },
    systemData: { createdAt: '2026-01-15T12:00:00Z' },
  },
  {
    value: [{ name: '1', properties: { dataType: 'uri_file', dataUri: 'x' } }, { name: '7' }],
    nextLink: null,
  },
  {
    name: 'silver',
    properties: { datastoreType: 'AzureBlob', accountName: 'contosolake', containerName: 'silver' },
  },
  {
    error: {
      code: 'UserError',
      message: 'no',
      details: [{ code: 'NotFound' }],
      additionalInfo: [{ type: 'x' }],
    },
  },
]

const body = fc.oneof(
  { weight: 6, arbitrary: mutated(SAMPLES).map(toJsonText) },
  { weight: 1, arbitrary: fc.constantFrom(...SAMPLES).map(toJsonText) },
  { weight: 1, arbitrary: hostileValue.map(toJsonText) },
  { weight: 1, arbitrary: hostileText() },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '',
      ' ',
      '<html>Sign in</html>',
      '{',
      '{"properties":',
      'null',
      '[]',
      ' '.repeat(3e6),
    ),
  },
)
const header: fc.Arbitrary<[string, string]> = fc.oneof(
  fc
    .constantFrom('0', '-1', '1e9', 'soon', '', 'Wed, 21 Oct 2037 07:28:00 GMT')
    .map(v => ['Retry-After', v] as [string, string]),
  fc
    .constantFrom('/', '//other.invalid/', ':', 'http://[', '', '?', '#')
    .map(v => ['Location', v] as [string, string]),
  fc.constantFrom('gzip', 'br', 'nonsense').map(v => ['Content-Encoding', v] as [string, string]),
  fc
    .constantFrom('x-ms-ratelimit-remaining-subscription-writes', 'Azure-AsyncOperation')
    .map(n => [n, 'x'] as [string, string]),
)
const contentType = fc.constantFrom(
  'application/json',
  'application/json',
  'text/html',
  'application/xml',
  '',
  'x',
)
const answer: fc.Arbitrary<RawAnswer> = fc
  .record({
    status: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(200, 201) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(202, 204, 301, 302, 304, 307, 400, 401, 403, 404, 409, 418, 429, 500, 503),
      },
      { weight: 1, arbitrary: fc.integer({ min: 200, max: 999 }) },
    ),
    headers: fc.array(header, { maxLength: 2 }),
    contentType,
    body,
    way: fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom('length' as const, 'chunks' as const, 'informed' as const) },
      {
        weight: 3,
        arbitrary: fc.constantFrom('cut short' as const, 'chunks cut short' as const, 'reset' as const),
      },
      { weight: 1, arbitrary: fc.constantFrom('drip' as const, 'silence' as const) },
      { weight: 1, arbitrary: fc.constantFrom('flood' as const, 'bomb' as const) },
    ),
  })
  .map(({ contentType, headers, ...rest }) => ({
    ...rest,
    headers: [...headers, ['Content-Type', contentType]],
  }))

const CALLS = {
  ensureDatastore: azureMl => azureMl.ensureDatastore(WORKSPACE, DATASTORE),
  putVersion: azureMl => azureMl.putVersion(WORKSPACE, 'sales', 1, VERSION),
  getVersion: azureMl => azureMl.getVersion(WORKSPACE, 'sales', 1),
  listVersions: azureMl => azureMl.listVersions(WORKSPACE, 'sales', { limit: 10 }),
  archiveVersion: azureMl => azureMl.archiveVersion(WORKSPACE, 'sales', 1),
  highestVersion: azureMl => azureMl.highestVersion(WORKSPACE, 'sales'),
} satisfies { [name in keyof AzureMl]: (azureMl: AzureMl) => Promise<unknown> }
const operation = fc.constantFrom(...(Object.keys(CALLS) as (keyof AzureMl)[]))

interface ArmWorld {
  arm: HostileServer
  /** Another host, which nothing of ours has any business with. */
  foreign: HostileServer
  azureMl(): AzureMl
}

export const armAnswers = defineSuite<ArmWorld>({
  title: 'whatever Azure Resource Manager answers',
  open,
  async close({ arm, foreign }) {
    await arm.close()
    await foreign.close()
  },
  properties: [
    property(
      'a call ends in time, with a result that the answer bears out or with an error of ours that says why',
      fc.tuple(operation, answer),
      async ({ arm, azureMl }, [name, told]) => {
        arm.answer(told)
        await endsWell(name, azureMl(), told)
        assert.ok(arm.take().length <= MAX_REQUESTS)
      },
      { limitMs: CALL_LIMIT_MS },
    ),
    property(
      'no request goes to another host, by a link or a redirect, and links do not lead in circles',
      fc.tuple(
        fc.constantFrom(
          'same page',
          'foreign',
          'foreign without scheme',
          'garbage',
          'redirect',
          'foreign redirect',
        ),
        operation,
        fc.boolean(),
      ),
      async ({ arm, foreign, azureMl }, [kind, name, isEmpty]) => {
        arm.answer(leading(kind, arm.url, foreign.url, isEmpty))
        await endsWell(name, azureMl(), undefined)
        assert.deepEqual(foreign.take(), [], 'another host was asked')
        const asked = arm.take().length
        assert.ok(asked <= MAX_REQUESTS, `${asked} requests for one call`)
      },
      { limitMs: CALL_LIMIT_MS },
    ),
  ],
})

async function open(): Promise<ArmWorld> {
  const [arm, foreign] = [await startHostileServer(), await startHostileServer()]
  const clock = { now: () => Date.now() }
  const credential = {
    getToken: async () => ({ token: 'secret', expiresOnTimestamp: Date.now() + 3_600_000 }),
  }
  return {
    arm,
    foreign,
    azureMl: () =>
      createAzureMl({
        clientOf: createArmClients({ credential, url: arm.url, meter: createArmMeter(clock) }),
        clock,
      }),
  }
}

async function endsWell(name: keyof AzureMl, azureMl: AzureMl, told: RawAnswer | undefined): Promise<void> {
  let result: unknown
  try {
    result = await inHaste<unknown>(() => CALLS[name](azureMl))
  } catch (error) {
    assert.ok(
      error instanceof TransientError || error instanceof PermanentError,
      `not an error of ours: ${shown(error)}`,
    )
    assert.match(error.message, /ml-retail/, 'it does not say which workspace')
    assert.ok(error.message.length > 'workspace ml-retail '.length)
    return
  }
  if (told !== undefined)
    assert.ok(!['flood', 'bomb'].includes(told.way), 'an answer without end was believed')
  if (name === 'putVersion') {
    assert.ok(result === 'registered' || result === 'taken')
    if (told !== undefined) assert.ok(saysSo(told.body, result), `${result} was not answered`)
  }
  if (name === 'highestVersion') assert.ok(Number.isSafeInteger(result) && Number(result) >= 0)
  if (name === 'getVersion' && result !== undefined) {
    assert.equal(typeof (result as { dataUri: unknown }).dataUri, 'string')
  }
  if (told === undefined) return
  const isNone = name === 'getVersion' ? result === undefined : isEmpty(name, result)
  if (isNone) assert.ok(saysNone(told), 'what has no such thing was none of Azure’s answers')
}

async function inHaste<T>(call: () => Promise<T>): Promise<T> {
  const timeout = AbortSignal.timeout
  AbortSignal.timeout = ms => timeout.call(AbortSignal, Math.ceil(ms / HASTE))
  try {
    return await call()
  } finally {
    AbortSignal.timeout = timeout
  }
}

function isEmpty(name: keyof AzureMl, result: unknown): boolean {
  return name === 'listVersions' && (result as { items: unknown[] }).items.length === 0
}

/** Whether the answer says that there is nothing: an error of Azure's with status 404, or a list. */
function saysNone({ status, body }: RawAnswer): boolean {
  const { error, value } = JSON.parse(body)
  return status === 404 ? typeof error?.code === 'string' : Array.isArray(value)
}

/** Whether the answer speaks of a version, with our data or (taken) with other data. */
function saysSo(text: string, result: string): boolean {
  const { properties } = JSON.parse(text)
  const isSame = canonicalDataUri(properties.dataUri) === canonicalDataUri(VERSION.dataUri)
  return (
    typeof properties.dataUri === 'string' &&
    (result === 'taken' || isSame || properties.properties !== undefined)
  )
}

function leading(kind: string, own: string, other: string, isEmpty: boolean): RawAnswer {
  const json = { status: 200, headers: [['Content-Type', 'application/json']], way: 'length' } as const
  const value = isEmpty ? [] : [{ name: '3', properties: { dataType: 'uri_file', dataUri: 'x' } }]
  const page = (nextLink: string): RawAnswer => ({
    ...json,
    headers: [['Content-Type', 'application/json']],
    body: JSON.stringify({ value, nextLink, properties: { dataUri: 'x', dataType: 'uri_file' } }),
  })
  const redirect = (to: string): RawAnswer => ({
    status: 307,
    headers: [['Location', to]],
    body: '',
    way: 'length',
  })
  switch (kind) {
    case 'same page':
      return page(`${own}/next?page=2`)
    case 'foreign':
      return page(`${other}/next`)
    case 'foreign without scheme':
      return page(`${other.replace('http:', '')}/next`)
    case 'garbage':
      return page('http://[')
    case 'redirect':
      return redirect(`${own}/again`)
    default:
      return redirect(`${other}/`)
  }
}

function shown(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.slice(0, 300)}` : String(error)
}
