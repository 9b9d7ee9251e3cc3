import { inspect } from 'node:util'
import { AzureAuthorityHosts } from '@azure/identity'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createArmMeter } from '../../src/azure/arm-meter.ts'
import { createAzureMl } from '../../src/azure/azure-ml.ts'
import { createArmClients } from '../../src/azure/azure-ml-client.ts'
import { createCredential } from '../../src/azure/credential.ts'
import { createSecrets } from '../../src/azure/secrets.ts'
import { createServicePrincipals } from '../../src/azure/service-principals.ts'
import { CLOUD_NAMES, cloudOf } from '../../src/core/clouds.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import type { Workspace } from '../../src/core/rules/rule-set.ts'
import { openAzureMl } from '../../src/open-azure-ml.ts'
import { createDoubles, createEntra, type Exchange } from './azure-doubles.ts'
import { type KeyVault, startKeyVault } from './key-vault.ts'
import { type ManagedIdentity, startManagedIdentity } from './managed-identity.ts'

const TENANT = '10000000-0000-4000-8000-00000000000a'
const CLIENT = '20000000-0000-4000-8000-00000000000b'
const SECRET = 'client-secret~1'
const OURS: Workspace = { alias: 'ours', subscription: 'sub-1', resourceGroup: 'rg', name: 'ml-ours' }
const clock = { now: () => Date.now() }

let identity: ManagedIdentity
beforeAll(async () => {
  identity = await startManagedIdentity()
})
afterAll(() => identity.close())

describe.each(CLOUD_NAMES)('in %s', name => {
  const cloud = cloudOf(name)
  const arm = new URL(cloud.arm).host
  const vaultHost = `team.${cloud.vaultSuffix}`
  const reference = `keyvault:https://${vaultHost}/secrets/partner`
  const principal = { kind: 'servicePrincipal', tenant: TENANT, client: CLIENT, secret: reference } as const
  const partner: Workspace = { ...OURS, alias: 'partner', credential: principal }
  const empty = ({ method, body }: Exchange) =>
    method === 'PUT'
      ? { status: 201, body: JSON.parse(body) }
      : { status: 404, body: { error: { code: 'UserError', message: 'not there' } } }

  /** The real clients, with Azure's hosts doubled. */
  async function open(clientId?: string) {
    const vault: KeyVault = await startKeyVault(`https://${cloud.vaultSuffix}`)
    vault.put(`${vaultHost}/partner`, `${SECRET}\n`)
    const entra = createEntra(cloud.authority)
    entra.clients.set(CLIENT, { tenant: TENANT, secret: SECRET })
    const { sent, httpClient } = createDoubles({
      [arm]: empty,
      [vaultHost]: vault.address,
      [entra.host]: entra.answer,
      // Where the SDK goes instead in China, as it knows the clouds too.
      [new URL(cloud.issuer).host]: entra.answer,
    })
    const credential = createCredential(clientId, cloud)
    // The vault's double knows one token alone.
    const secrets = createSecrets({ credential: vault.credential, cloud, httpClient })
    const credentialOf = createServicePrincipals({ secrets, cloud, httpClient })
    const clientOf = createArmClients({
      credential,
      credentialOf,
      cloud,
      url: undefined,
      meter: createArmMeter(clock),
      httpClient,
    })
    return {
      vault,
      entra,
      azureMl: createAzureMl({ clientOf, clock, cloud, secrets }),
      toArm: () => toHost(sent, arm),
      sent,
    }
  }

  const toHost = (sent: Exchange[], host: string) => sent.filter(({ url }) => new URL(url).host === host)

  it('the managed identity gets its token from App Service, for ARM of this cloud', async () => {
    const { azureMl, toArm, vault } = await open()
    await azureMl.getVersion(OURS, 'sales', 1)
    expect(identity.requests.at(-1)).toMatchObject({ resource: cloud.arm, header: 'secret-of-the-sandbox' })
    expect(toArm().map(({ authorization }) => authorization)).toEqual([
      `Bearer ${identity.tokenFor(cloud.arm)}`,
    ])
    expect(vault.requests).toEqual([])
    await vault.close()
  })

  it('a workspace with a service principal is spoken to by that one alone', async () => {
    const { azureMl, toArm, vault, sent } = await open()
    const before = identity.requests.length
    await azureMl.getVersion(partner, 'sales', 1)
    await azureMl.getVersion(partner, 'sales', 2)
    expect(toArm().map(({ authorization }) => authorization)).toEqual([
      `Bearer token-${CLIENT}-1-for-${cloud.arm}/.default`,
      `Bearer token-${CLIENT}-1-for-${cloud.arm}/.default`,
    ])
    expect(identity.requests.length).toBe(before)
    expect(sent.filter(({ url }) => url.includes(`/${TENANT}/oauth2/v2.0/token`)).length).toBe(1)
    await vault.close()
  })

  it('the token for the rules goes to no workspace, whatever the rules say', async () => {
    const { sent, httpClient } = createDoubles({ [arm]: empty })
    const meter = createArmMeter(clock)
    const settings = { azureMlUrl: undefined, clientId: undefined, cloud, rulesToken: reference }
    const { ensureDatastore } = openAzureMl({ ...settings, clock, meter, httpClient })
    const gold = { account: 'contosolake', container: 'gold', name: 'gold', kind: 'azure_blob' } as const
    const stolen = { ...gold, credential: { kind: 'sas', secret: reference } } as const
    await expect(ensureDatastore(OURS, stolen)).rejects.toThrow('goes nowhere else')
    await expect(ensureDatastore(partner, gold)).rejects.toThrow('goes nowhere else')
    expect(sent.filter(({ method }) => method === 'PUT')).toEqual([])
  })

  it('datastores point to its storage, and name who signs in where', async () => {
    const { azureMl, vault, sent } = await open()
    const gold = { account: 'contosolake', container: 'gold', name: 'gold', kind: 'azure_blob' } as const
    await azureMl.ensureDatastore(OURS, { ...gold, credential: principal })
    const [put] = sent.filter(({ method }) => method === 'PUT')
    const id = `https://${vaultHost}/secrets/partner/${'1'.padStart(32, '0')}`
    expect(JSON.parse(put?.body ?? '{}')).toMatchObject({
      properties: {
        endpoint: cloud.storageSuffix,
        tags: { 'lakemark.secret': id },
        credentials: { authorityUrl: cloud.authority, tenantId: TENANT, clientId: CLIENT },
      },
    })
    await vault.close()
  })

  it('a secret that is refused is read anew, and what is in the way holds no secret', async () => {
    const { azureMl, vault, entra, toArm } = await open()
    entra.clients.set(CLIENT, { tenant: TENANT, secret: 'another' })
    const refused = await azureMl.getVersion(partner, 'sales', 1).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(TransientError)
    expect(String(refused)).toContain(
      'was refused by Entra ID (AADSTS7000215); put a valid secret into keyvault:',
    )
    expect(inspect(refused, { depth: 20, showHidden: true })).not.toContain(SECRET)
    expect(toArm()).toEqual([])

    vault.put(`${vaultHost}/partner`, 'another')
    await azureMl.getVersion(partner, 'sales', 1)
    expect(toArm()[0]?.authorization).toMatch(/^Bearer token-/)
    await vault.close()
  })

  it('a secret that is missing fails for good, with what to do', async () => {
    const { azureMl, vault } = await open()
    vault.remove(`${vaultHost}/partner`)
    const missing = await azureMl.getVersion(partner, 'sales', 1).catch((error: unknown) => error)
    expect(missing).toBeInstanceOf(PermanentError)
    expect(String(missing)).toContain(`secret partner of ${vaultHost} does not exist (404 SecretNotFound)`)
    await vault.close()
  })
})

describe('the managed identity', () => {
  it('is the user-assigned one where its client id is set', async () => {
    const token = await createCredential(CLIENT, cloudOf('AzureCloud')).getToken(
      'https://vault.azure.net/.default',
    )
    expect(identity.requests.at(-1)).toMatchObject({ resource: 'https://vault.azure.net', clientId: CLIENT })
    expect(token?.token).toBe(identity.tokenFor('https://vault.azure.net'))
  })

  it('that cannot be had now makes a delivery wait', async () => {
    identity.answer(400)
    const { httpClient, sent } = createDoubles({})
    const clientOf = createArmClients({
      credential: createCredential('30000000-0000-4000-8000-00000000000c', cloudOf('AzureCloud')),
      url: undefined,
      meter: createArmMeter(clock),
      httpClient,
    })
    const trouble = createAzureMl({ clientOf, clock }).getVersion(OURS, 'sales', 1)
    await expect(trouble).rejects.toBeInstanceOf(TransientError)
    expect(sent).toEqual([])
    identity.answer(undefined)
  })

  it('signs in where the SDK says that each cloud does', () => {
    expect(CLOUD_NAMES.map(name => cloudOf(name).authority)).toEqual([
      AzureAuthorityHosts.AzurePublicCloud,
      AzureAuthorityHosts.AzureGovernment,
      AzureAuthorityHosts.AzureChina,
    ])
  })
})
