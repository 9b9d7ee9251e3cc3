import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createArmMeter } from '../../src/azure/arm-meter.ts'
import { createAzureMl } from '../../src/azure/azure-ml.ts'
import { createArmClients } from '../../src/azure/azure-ml-client.ts'
import { createSecrets } from '../../src/azure/secrets.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import type { Datastore, DatastoreCredential, Workspace } from '../../src/core/rules/rule-set.ts'
import { HOUR, MINUTE } from '../../src/core/time.ts'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { type Answer, createDoubles } from './azure-doubles.ts'
import { type KeyVault, startKeyVault } from './key-vault.ts'

const ARM = 'management.azure.com'
const VAULT = 'team.vault.azure.net'
const NAME = `${VAULT}/gold`
const REFERENCE = `keyvault:https://${NAME.replace('/', '/secrets/')}`
const WORKSPACE: Workspace = {
  alias: 'ml',
  subscription: '00000000-0000-0000-0000-000000000001',
  resourceGroup: 'rg',
  name: 'ml-one',
}
const PRINCIPAL = {
  kind: 'servicePrincipal',
  tenant: '10000000-0000-4000-8000-00000000000a',
  client: '20000000-0000-4000-8000-00000000000b',
  secret: REFERENCE,
} as const
const SAS = { kind: 'sas', secret: REFERENCE } as const

const gold = (credential?: DatastoreCredential): Datastore => ({
  account: 'contosolake',
  container: 'gold',
  name: 'gold',
  kind: 'azure_blob',
  credential,
})

let now: number
let vault: KeyVault
let emulator: AzureMlEmulator
beforeEach(async () => {
  now = 1_800_000_000_000
  vault = await startKeyVault()
  emulator = await startAzureMlEmulator({ port: 0, workspaces: [WORKSPACE] })
})
afterEach(async () => {
  await Promise.all([vault.close(), emulator.close()])
})

/** One process: the real client of Azure ML and that of Key Vault, with what they know. */
function open({ arm, onPut = () => undefined }: { arm?: () => Answer; onPut?: () => void } = {}) {
  const { sent, httpClient } = createDoubles({ [ARM]: arm ?? emulator.url })
  const clock = { now: () => now }
  const clientOf = createArmClients({
    credential: vault.credential,
    url: undefined,
    meter: createArmMeter(clock),
    httpClient: {
      async sendRequest(request) {
        const response = await httpClient.sendRequest(request)
        if (request.method === 'PUT') onPut()
        return response
      },
    },
  })
  const secrets = createSecrets({ ...vault, now: clock.now })
  const { ensureDatastore } = createAzureMl({ clientOf, clock, secrets })
  const bodies = () =>
    sent.flatMap(({ method, body }) => (method === 'PUT' ? JSON.parse(body).properties : []))
  return {
    ensure: (datastore: Datastore, since?: number) =>
      ensureDatastore(WORKSPACE, datastore, since === undefined ? {} : { since }),
    sent,
    bodies,
  }
}

async function call(method: string, body?: object): Promise<Record<string, unknown>> {
  const { subscription, resourceGroup, name } = WORKSPACE
  const group = `subscriptions/${subscription}/resourceGroups/${resourceGroup}`
  const path = `${group}/providers/Microsoft.MachineLearningServices/workspaces/${name}/datastores/gold`
  const response = await fetch(`${emulator.url}/${path}?api-version=2022-10-01`, {
    method,
    headers: { authorization: 'Bearer test', 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return ((await response.json()) as { properties: Record<string, unknown> }).properties
}

const read = () => call('GET')

const tagOf = (version: string) => ({ 'lakemark.secret': `https://${VAULT}/secrets/gold/${version}` })

describe('the credential of a datastore', () => {
  it.each<[DatastoreCredential, object, object]>([
    [SAS, { credentialsType: 'Sas' }, { secretsType: 'Sas', sasToken: 'v1' }],
    [
      { kind: 'accountKey', secret: REFERENCE },
      { credentialsType: 'AccountKey' },
      { secretsType: 'AccountKey', key: 'v1' },
    ],
    [
      PRINCIPAL,
      {
        credentialsType: 'ServicePrincipal',
        tenantId: PRINCIPAL.tenant,
        clientId: PRINCIPAL.client,
        authorityUrl: 'https://login.microsoftonline.com',
      },
      { secretsType: 'ServicePrincipal', clientSecret: 'v1' },
    ],
  ])(
    'is sent as ARM takes it, and told by the version of its secret: %j',
    async (credential, shown, secrets) => {
      const version = vault.put(NAME, 'v1\n')
      const { ensure, bodies } = open()
      expect(await ensure(gold(credential))).toBe('written')
      expect(bodies()).toMatchObject([
        { containerName: 'gold', endpoint: 'core.windows.net', credentials: { ...shown, secrets } },
      ])
      expect(await read()).toMatchObject({ credentials: shown, tags: tagOf(version) })

      expect(await open().ensure(gold(credential))).toBe('kept')
    },
  )

  it('is written anew with a new version of its secret, when it is looked at again', async () => {
    vault.put(NAME, 'v1')
    const { ensure, sent, bodies } = open()
    await ensure(gold(SAS))
    const second = vault.put(NAME, 'v2')
    const before = sent.length

    now += HOUR - 1
    await ensure(gold(SAS))
    expect(sent.length).toBe(before)

    expect(await ensure(gold(SAS), now)).toBe('written')
    expect(bodies().map(({ credentials }) => credentials.secrets.sasToken)).toEqual(['v1', 'v2'])
    expect(await read()).toMatchObject({ tags: tagOf(second) })

    vault.put(NAME, 'v3')
    now += HOUR
    expect(await ensure(gold(SAS))).toBe('written')
  })

  it('leaves what people have written beside it', async () => {
    vault.put(NAME, 'v1')
    const { ensure, bodies } = open()
    await ensure(gold())
    const made = { ...bodies()[0], description: 'the good one', tags: { team: 'retail' } }
    await call('PUT', { properties: made })
    const version = vault.put(NAME, 'v2')
    expect(await ensure(gold(SAS), now)).toBe('written')
    const withOurs = { description: 'the good one', tags: { team: 'retail', ...tagOf(version) } }
    expect(await read()).toMatchObject({ ...withOurs, credentials: { credentialsType: 'Sas' } })

    expect(await ensure(gold(), now)).toBe('written')
    expect(await read()).toMatchObject({
      description: 'the good one',
      tags: { team: 'retail' },
      credentials: { credentialsType: 'None' },
    })
    expect((await read())['tags']).not.toHaveProperty('lakemark.secret')
  })

  it('that somebody else has given a datastore stays where the rules name none', async () => {
    const { ensure, bodies } = open({
      arm: () => ({
        status: 200,
        body: {
          properties: {
            datastoreType: 'AzureBlob',
            accountName: 'contosolake',
            containerName: 'gold',
            credentials: { credentialsType: 'AccountKey' },
            tags: null,
          },
        },
      }),
    })
    expect(await ensure(gold())).toBe('kept')
    expect(bodies()).toEqual([])
  })

  it('is never put back by a process that remembers the older secret', async () => {
    vault.put(NAME, 'v1')
    const slow = open()
    await slow.ensure(gold(SAS))
    const second = vault.put(NAME, 'v2')
    expect(await open().ensure(gold(SAS))).toBe('written')

    // Its own memory of the datastore is over, that of the secret is not.
    now += HOUR
    vault.put(NAME, 'v2')
    now += MINUTE
    const third = vault.put(NAME, 'v3')
    await open().ensure(gold(SAS))
    await slow.ensure(gold(SAS))
    expect(await read()).toMatchObject({ tags: tagOf(third) })
    expect(second).not.toBe(third)
    expect(slow.bodies().map(({ credentials }) => credentials.secrets.sasToken)).toEqual(['v1'])
  })

  it('is the newest one also where that comes while it is being written', async () => {
    vault.put(NAME, 'v1')
    let newest = ''
    const { ensure, bodies } = open({
      onPut: () => {
        now += 1
        if (newest === '') newest = vault.put(NAME, 'v2')
      },
    })
    expect(await ensure(gold(SAS))).toBe('written')
    expect(await read()).toMatchObject({ tags: tagOf(newest) })
    expect(bodies().length).toBe(2)
  })

  it('is written anew where its principal is another', async () => {
    vault.put(NAME, 'v1')
    const { ensure } = open()
    await ensure(gold(PRINCIPAL))
    const other = { ...PRINCIPAL, client: '30000000-0000-4000-8000-00000000000c' }
    expect(await ensure(gold(other))).toBe('written')
    expect(await read()).toMatchObject({ credentials: { clientId: other.client } })
  })

  it('is not written, and waits, while the vault does not answer', async () => {
    vault.answer({ status: 503, body: '{}' })
    const { ensure, bodies } = open()
    await expect(ensure(gold(SAS))).rejects.toBeInstanceOf(TransientError)
    expect(bodies()).toEqual([])
  })

  it('fails for good where the secret is missing, with what to do', async () => {
    const { ensure, bodies } = open()
    await expect(ensure(gold(SAS))).rejects.toThrow('does not exist (404 SecretNotFound); create it')
    await expect(ensure(gold(SAS))).rejects.toBeInstanceOf(PermanentError)
    expect(bodies()).toEqual([])
  })

  it.each([400, 500])('stands in no error, whatever an answer of %s repeats', async status => {
    const secret = 'sv=1&sig=a/b"c+d%3D'
    vault.put(NAME, secret)
    let calls = 0
    const { ensure } = open({
      arm: () => {
        calls += 1
        const message = `cannot use ${secret} or ${encodeURIComponent(secret)} or ${JSON.stringify(secret)}`
        return calls === 1
          ? { status: 404, body: { error: { code: 'UserError', message: 'not there' } } }
          : { status, body: { error: { code: 'BadSecret', message } } }
      },
    })
    const trouble = await ensure(gold(SAS)).catch((error: unknown) => error)
    expect(trouble).toBeInstanceOf(status === 400 ? PermanentError : TransientError)
    expect(String(trouble)).toContain('BadSecret: cannot use … or … or')
    const everything = inspect(trouble, { depth: 20, showHidden: true })
    expect(everything).not.toContain('sig=a')
    expect(everything).not.toContain('sig%3Da')
  })
})
