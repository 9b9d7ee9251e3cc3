import { describe, expect, it } from 'vitest'
import { FINGERPRINT_FILE, fingerprintOfSources } from '../../infra/template/sources.ts'
import { DEAD_LETTER_CONTAINER, EVENT_QUEUE, OWN_CONTAINER, WORK_QUEUE } from '../../src/storage-names.ts'
import { readInfra, readPrediction } from './prediction.ts'

const main = readPrediction('main')
const hidden = readPrediction('samples/private')
/** learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules; of the first main.bicep says it. */
const LONGEST: Readonly<Record<string, number>> = { environmentName: 20, 'it.account': 24, 'it.name': 33 }

const both = [
  ['the sample', main],
  ['the private sample', hidden],
] as const

describe('the template', () => {
  it('was compiled from these Bicep files; where this fails, run npm run infra:build', async () => {
    expect(readInfra(FINGERPRINT_FILE)).toBe(await fingerprintOfSources())
  })

  it('asks Azure for no key, and depends on neither time nor chance', () => {
    const template = readInfra('main.json')
    expect(template.length).toBeGreaterThan(10_000)
    expect(template.match(/\b(list\w+|newGuid|utcNow)\s*\(/gi)).toBeNull()
  })

  it('names its deployments as long as Azure allows, and no two alike in one resource group', () => {
    const [main = '', lake = ''] = ['main.bicep', 'modules/lake.bicep'].map(path =>
      readInfra(path).replace(/\$\{([^}]+)\}/g, '<$1>'),
    )
    const deployment =
      /var deployment = '([^']+)'/.exec(lake)?.[1]?.replace('<account>', '<it.account>') ?? ''
    const names = [...`${main}${lake}`.matchAll(/^module \w+ '[^']+' = [\s\S]*?\bname: '([^']+)'/gm)].map(
      ([, name = '']) => name.replace('<deployment>', deployment),
    )
    expect(names.length).toBeGreaterThan(15)
    const longest = (name: string) => name.replace(/<([^>]+)>/g, (_, it) => 'x'.repeat(LONGEST[it] ?? 65))
    expect(names.filter(name => longest(name).length > 64)).toEqual([])
    // A vault, an account and a workspace may have one name.
    const alike = names.map(name => name.replace(/<it\.\w+>/, 'x'))
    expect(new Set(alike).size).toBe(names.length)
  })

  it('gives out nothing that is secret', () => {
    const { outputs } = JSON.parse(readInfra('main.json')) as { outputs: Record<string, { type: string }> }
    expect(Object.keys(outputs).sort()).toEqual([
      'LAKEMARK_FUNCTION_APP',
      'LAKEMARK_KEY_VAULT',
      'LAKEMARK_PRINCIPAL_ID',
      'LAKEMARK_URL',
    ])
  })

  it('gives names that a repeated deployment gives again', () => {
    const ids = main.all.map(({ id }) => id)
    expect(ids.filter(id => id.includes('['))).toEqual([])
    expect(new Set(ids.map(id => id.toLowerCase())).size).toBe(ids.length)
  })
})

describe.each(both)('the storage account of the app, in %s', (_, prediction) => {
  const account = prediction.only('Microsoft.Storage/storageAccounts')

  it('lets in identities alone, over TLS 1.2', () => {
    expect(account.properties).toMatchObject({
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      allowCrossTenantReplication: false,
      minimumTlsVersion: 'TLS1_2',
      supportsHttpsTrafficOnly: true,
    })
  })

  it('has the containers and queues that the code and the subscriptions name', () => {
    const names = (type: string) =>
      prediction.ofType(type).map(({ name }) => name.slice(name.lastIndexOf('/') + 1))
    const containers = names('Microsoft.Storage/storageAccounts/blobServices/containers')
    expect(containers.sort()).toEqual(['app-package', OWN_CONTAINER, DEAD_LETTER_CONTAINER].sort())
    const queues = names('Microsoft.Storage/storageAccounts/queueServices/queues')
    const expected = [WORK_QUEUE, EVENT_QUEUE].flatMap(queue => [queue, `${queue}-poison`])
    expect(queues.sort()).toEqual(expected.sort())
    for (const { properties } of prediction.ofType(
      'Microsoft.Storage/storageAccounts/blobServices/containers',
    )) {
      expect(properties.publicAccess).toBe('None')
    }
  })
})

describe.each(both)('the function app, in %s', (_, prediction) => {
  const app = prediction.only('Microsoft.Web/sites')

  it('acts as one identity, over TLS, and knows no password', () => {
    expect(app.identity?.type).toBe('UserAssigned')
    expect(app.properties.httpsOnly).toBe(true)
    expect(app.properties.siteConfig).toMatchObject({ minTlsVersion: '1.2', scmMinTlsVersion: '1.2' })
    const policies = prediction.ofType('Microsoft.Web/sites/basicPublishingCredentialsPolicies')
    expect(policies.map(({ properties }) => properties.allow)).toEqual([false])
  })

  it('runs on Flex Consumption, on a Node that the package is made for', () => {
    expect(app.properties.functionAppConfig.runtime).toEqual({ name: 'node', version: '24' })
    expect(app.properties.functionAppConfig.deployment.storage).toMatchObject({
      type: 'blobContainer',
      authentication: { type: 'UserAssignedIdentity' },
    })
  })
})

describe.each(both)('what belongs to the app, in %s', (_, prediction) => {
  it('has a vault that goes by roles and cannot be purged', () => {
    expect(prediction.only('Microsoft.KeyVault/vaults').properties).toMatchObject({
      enableRbacAuthorization: true,
      enablePurgeProtection: true,
    })
  })

  it('takes telemetry from identities alone', () => {
    expect(prediction.only('Microsoft.Insights/components').properties.DisableLocalAuth).toBe(true)
  })
})

describe('behind private endpoints', () => {
  it('nothing has a public address', () => {
    for (const type of [
      'Microsoft.Storage/storageAccounts',
      'Microsoft.KeyVault/vaults',
      'Microsoft.Web/sites',
    ]) {
      expect(hidden.only(type).properties.publicNetworkAccess).toBe('Disabled')
    }
    expect(hidden.only('Microsoft.Storage/storageAccounts').properties.networkAcls).toEqual({
      bypass: 'AzureServices',
      defaultAction: 'Deny',
    })
  })

  it('each service that the app uses has a way in, with a name', () => {
    const ways = hidden
      .ofType('Microsoft.Network/privateEndpoints')
      .map(({ properties }) => properties.privateLinkServiceConnections[0].properties.groupIds[0])
    expect(ways.sort()).toEqual(['blob', 'queue', 'sites', 'table', 'vault'])
    expect(hidden.ofType('Microsoft.Network/privateEndpoints/privateDnsZoneGroups')).toHaveLength(ways.length)
  })

  it('is not what one gets without asking', () => {
    expect(main.ofType('Microsoft.Network/privateEndpoints')).toEqual([])
  })
})
