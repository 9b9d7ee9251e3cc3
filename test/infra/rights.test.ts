import { AzureMachineLearningWorkspaces } from '@azure/arm-machinelearning'
import { describe, expect, it } from 'vitest'
import { readSources } from '../tidy/sources.ts'
import { type Predicted, readInfra, readPrediction, shortId } from './prediction.ts'

/** learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const ROLES: Readonly<Record<string, string>> = {
  '4633458b-17de-408a-b874-0445c86b69e6': 'Key Vault Secrets User',
  '3913510d-42f4-4e42-8a64-420c390055eb': 'Monitoring Metrics Publisher',
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe': 'Storage Blob Data Contributor',
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b': 'Storage Blob Data Owner',
  '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1': 'Storage Blob Data Reader',
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88': 'Storage Queue Data Contributor',
  'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a': 'Storage Queue Data Message Sender',
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': 'Storage Table Data Contributor',
}

/** Which action Azure asks for with which call: learn.microsoft.com/azure/role-based-access-control/permissions/ai-machine-learning */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  'dataContainers.get': ['data/read'],
  'dataVersions.get': ['data/versions/read'],
  'dataVersions.list': ['data/versions/read'],
  // The first version makes the asset.
  'dataVersions.createOrUpdate': ['data/versions/write', 'data/write'],
  'datastores.get': ['datastores/read'],
  'datastores.createOrUpdate': ['datastores/write'],
}

/** `who: role on what`, without what differs from one deployment to the next. */
function rightsOf(prediction: ReturnType<typeof readPrediction>): string[] {
  const custom = new Set(prediction.ofType('Microsoft.Authorization/roleDefinitions').map(({ name }) => name))
  const storage = prediction.only('Microsoft.Storage/storageAccounts').name
  const vault = prediction.only('Microsoft.KeyVault/vaults').name
  return prediction
    .ofType('Microsoft.Authorization/roleAssignments')
    .map(({ id, properties }: Predicted) => {
      const roleId = properties.roleDefinitionId.split('/').at(-1)
      const role = custom.has(roleId) ? 'registrar' : ROLES[roleId]
      const scope = id.slice(0, id.lastIndexOf('/providers/'))
      const [, who = ''] = /^\[reference\('([^']+)'/.exec(properties.principalId) ?? []
      expect(properties.principalType).toBe('ServicePrincipal')
      return `${shortId(who)}: ${role} on ${shortId(scope)}`
    })
    .map(line => line.replaceAll(storage, 'OWN').replaceAll(vault, 'OWNVAULT'))
    .sort()
}

describe('the rights', () => {
  it('are these and no others, each where it is needed', () => {
    const app = 'userAssignedIdentities/id-lakemark-sample'
    expect(rightsOf(readPrediction('main'))).toEqual(
      [
        `${app}: Storage Blob Data Owner on storageAccounts/OWN`,
        `${app}: Storage Queue Data Contributor on storageAccounts/OWN`,
        `${app}: Storage Table Data Contributor on storageAccounts/OWN`,
        `${app}: Key Vault Secrets User on vaults/OWNVAULT`,
        `${app}: Monitoring Metrics Publisher on components/appi-lakemark-sample`,
        `${app}: Storage Blob Data Reader on storageAccounts/devstoreaccount1/blobServices/default/containers/silver`,
        `${app}: registrar on workspaces/ml-retail`,
        `${app}: registrar on workspaces/forecast-prod`,
        'systemTopics/lakemark-devstoreaccount1: Storage Blob Data Contributor on storageAccounts/OWN/blobServices/default/containers/dead-letters',
        'systemTopics/lakemark-OWNVAULT: Storage Blob Data Contributor on storageAccounts/OWN/blobServices/default/containers/dead-letters',
      ].sort(),
    )
  })

  it('of a topic that delivers to the queue go to that queue', () => {
    const rights = rightsOf(readPrediction('samples/private')).filter(line =>
      line.startsWith('systemTopics/'),
    )
    const place = 'storageAccounts/OWN'
    expect(rights).toEqual(
      ['contosolake-events', 'lakemark-fabrikamlake'].flatMap(topic => [
        `systemTopics/${topic}: Storage Blob Data Contributor on ${place}/blobServices/default/containers/dead-letters`,
        `systemTopics/${topic}: Storage Queue Data Message Sender on ${place}/queueServices/default/queues/lakemark-events`,
      ]),
    )
  })

  it('of the app reach a vault beside the own one, each container of each lake, and workspaces elsewhere', () => {
    const app = 'userAssignedIdentities/id-lakemark-private'
    const rights = rightsOf(readPrediction('samples/private')).filter(line => line.startsWith(`${app}: `))
    const areas = Array.from(
      { length: 27 },
      (_, at) => `fabrikamlake/blobServices/default/containers/area-${at + 1}`,
    )
    expect(rights).toEqual(
      [
        `${app}: Storage Blob Data Owner on storageAccounts/OWN`,
        `${app}: Storage Queue Data Contributor on storageAccounts/OWN`,
        `${app}: Storage Table Data Contributor on storageAccounts/OWN`,
        `${app}: Key Vault Secrets User on vaults/OWNVAULT`,
        `${app}: Key Vault Secrets User on vaults/kv-lake`,
        `${app}: Monitoring Metrics Publisher on components/appi-lakemark-private`,
        ...['contosolake/blobServices/default/containers/silver', ...areas].map(
          container => `${app}: Storage Blob Data Reader on storageAccounts/${container}`,
        ),
        `${app}: registrar on workspaces/ml-one`,
        `${app}: registrar on workspaces/ml-two`,
      ].sort(),
    )
  })
})

describe('the role on workspaces', () => {
  const definitions = readPrediction('main').ofType('Microsoft.Authorization/roleDefinitions')
  const used = callsOfTheCode()

  it('is there once in each subscription, and can be given in that one only', () => {
    const scopes = definitions.flatMap(({ properties }) => properties.assignableScopes)
    expect(scopes.sort()).toEqual([
      '/subscriptions/00000000-0000-0000-0000-000000000001',
      '/subscriptions/00000000-0000-0000-0000-000000000002',
    ])
    const names = definitions.map(({ properties }) => properties.roleName)
    expect(new Set(names).size).toBe(names.length)
  })

  it('allows what the code calls, and nothing else', () => {
    expect(used.filter(call => ACTIONS[call] === undefined)).toEqual([])
    const needed = [...new Set(used.flatMap(call => ACTIONS[call] ?? []))]
    for (const { properties } of definitions) {
      const [permission] = properties.permissions
      expect([...permission.actions].sort()).toEqual(
        needed.map(action => `Microsoft.MachineLearningServices/workspaces/${action}`).sort(),
      )
      expect(permission).toMatchObject({ notActions: [], dataActions: [], notDataActions: [] })
    }
  })

  it('is given by no other name for what it must not do', () => {
    expect(used.length).toBeGreaterThan(4)
    expect(readInfra('main.json')).not.toMatch(/listsecrets|\/\*|workspaces\/delete/i)
  })
})

/** `dataVersions.get` and so on: whatever group of operations of the client the adapters touch. */
function callsOfTheCode(): string[] {
  const credential = { getToken: async () => null }
  const client = new AzureMachineLearningWorkspaces(credential, '00000000-0000-0000-0000-000000000000')
  const groups = Object.keys(client).filter(key => !key.startsWith('_') && key !== 'pipeline')
  const call = new RegExp(`\\b(${groups.join('|')})\\s*\\.(\\w+)\\(`, 'g')
  const calls = readSources('src/azure')
    .filter(({ path }) => path.includes('/azure-ml'))
    .flatMap(({ text }) => [...text.matchAll(call)].map(([, group, name]) => `${group}.${name}`))
  return [...new Set(calls)].sort()
}
