import { describe, expect, it } from 'vitest'
import { toWatched } from '../../infra/template/watched.ts'
import { parseRules } from '../../src/core/rules/parse-rules.ts'
import { loadRules } from '../../src/load-rules.ts'
import { DEAD_LETTER_CONTAINER, EVENT_QUEUE } from '../../src/storage-names.ts'
import { type Predicted, readInfra, readPrediction } from './prediction.ts'

const SUBSCRIPTIONS = 'Microsoft.EventGrid/systemTopics/eventSubscriptions'
const PREFIX = /^\/blobServices\/default\/containers\/([a-z0-9-]+)\/blobs\/$/

const main = readPrediction('main')
const hidden = readPrediction('samples/private')
const ofStorage = (prediction: typeof main) =>
  prediction.ofType(SUBSCRIPTIONS).filter(({ properties }) => properties.filter.advancedFilters !== undefined)

interface Template {
  resources: Record<string, { condition?: string; properties?: { template?: Template } }>
}

/** Containers by the topic that a subscription belongs to. */
function containersOf(subscriptions: readonly Predicted[]): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const { name, properties } of subscriptions) {
    const [topic = ''] = name.split('/')
    const values: string[] = properties.filter.advancedFilters.flatMap(
      (it: { values: string[] }) => it.values,
    )
    found[topic] = [...(found[topic] ?? []), ...values.map(value => PREFIX.exec(value)?.[1] ?? value)]
  }
  return found
}

describe('the subscriptions to storage events', () => {
  it('want the containers that the rules name, and no others', async () => {
    const { rules } = await loadRules('rules', undefined)
    const { lakes } = toWatched(rules)
    expect(Object.keys(lakes).length).toBeGreaterThan(0)
    expect(containersOf(ofStorage(main))).toEqual(
      Object.fromEntries(
        Object.entries(lakes).map(([account, containers]) => [`lakemark-${account}`, containers]),
      ),
    )
  })

  it('follow from a file that is written from the rules', async () => {
    const { rules } = await loadRules('rules', undefined)
    expect(JSON.parse(readInfra('watched.json'))).toEqual(toWatched(rules))
  })

  it('are as many as it takes, each with no more containers than Event Grid allows', () => {
    const subscriptions = ofStorage(hidden)
    const sizes = subscriptions.map(({ properties }) => properties.filter.advancedFilters[0].values.length)
    expect(sizes.sort()).toEqual([1, 2, 25])
    const { 'lakemark-fabrikamlake': containers } = containersOf(subscriptions)
    expect(new Set(containers).size).toBe(27)
  })

  it.each([
    ['the sample', main],
    ['the private sample', hidden],
  ])('in %s ask for the four events, and for a day of retries', (_, prediction) => {
    for (const { properties } of ofStorage(prediction)) {
      expect(properties.filter.includedEventTypes).toEqual([
        'Microsoft.Storage.BlobCreated',
        'Microsoft.Storage.BlobDeleted',
        'Microsoft.Storage.BlobRenamed',
        'Microsoft.Storage.DirectoryRenamed',
      ])
      const filter = properties.filter.advancedFilters[0]
      expect(filter).toMatchObject({ operatorType: 'StringBeginsWith', key: 'subject' })
      expect(properties.retryPolicy).toEqual({ maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 })
    }
  })

  it('deliver into the queue that the app listens to, for ever, where that is the way', () => {
    for (const { properties } of ofStorage(hidden)) {
      expect(properties.destination).toBeNull()
      expect(properties.deliveryWithResourceIdentity).toMatchObject({
        identity: { type: 'SystemAssigned' },
        destination: {
          endpointType: 'StorageQueue',
          properties: { queueName: EVENT_QUEUE, queueMessageTimeToLiveInSeconds: -1 },
        },
      })
    }
  })

  it('wait until there is a function to call', () => {
    const { resources } = JSON.parse(readInfra('main.json')) as Template
    const nested = (module: string) => resources[module]?.properties?.template?.resources
    expect(nested('lakeParts')?.subscriptions?.condition).toBe(
      "[or(parameters('isDeployed'), equals(parameters('delivery'), 'queue'))]",
    )
    expect(nested('secretEvents')?.newVersions?.condition).toBe("[parameters('isDeployed')]")
  })
})

describe('every subscription', () => {
  const all = [...main.ofType(SUBSCRIPTIONS), ...hidden.ofType(SUBSCRIPTIONS)]

  it('leaves what cannot be delivered in the container of dead letters, by identity', () => {
    expect(all.length).toBeGreaterThan(3)
    for (const { properties } of all) {
      expect(properties).not.toHaveProperty('deadLetterDestination')
      expect(properties.deadLetterWithResourceIdentity).toMatchObject({
        identity: { type: 'SystemAssigned' },
        deadLetterDestination: {
          endpointType: 'StorageBlob',
          properties: { blobContainerName: DEAD_LETTER_CONTAINER },
        },
      })
    }
  })

  it('belongs to a topic with an identity, where its source is', () => {
    for (const topic of [
      ...main.ofType('Microsoft.EventGrid/systemTopics'),
      ...hidden.ofType('Microsoft.EventGrid/systemTopics'),
    ]) {
      expect(topic.identity?.type).toBe('SystemAssigned')
    }
    // A topic that was there before is not touched.
    expect(
      hidden.ofType('Microsoft.EventGrid/systemTopics').map(({ name, location }) => [name, location]),
    ).toEqual([['lakemark-fabrikamlake', 'northeurope']])
  })
})

describe('what the template is told of the rules', () => {
  it('leaves out workspaces with a credential of their own, not those that only requests name', () => {
    const parsed = parseRules([
      {
        path: 'rules.yaml',
        text: `workspaces:
  ml-own: { subscription: 00000000-0000-0000-0000-000000000001, resourceGroup: rg }
  ml-other:
    subscription: 00000000-0000-0000-0000-000000000002
    resourceGroup: rg
    credential:
      servicePrincipal:
        tenant: 00000000-0000-0000-0000-00000000000e
        client: 00000000-0000-0000-0000-00000000000f
        secret: keyvault:https://team.vault.azure.net/secrets/other
  ml-idle: { subscription: 00000000-0000-0000-0000-000000000003, resourceGroup: rg }
rules:
  - { name: b, from: lakeb/two, match: "*.csv", asset: "b-{stem}", to: [ml-own, ml-other] }
  - { name: a, from: lakeb/one, match: "*.csv", asset: "a-{stem}", to: [ml-own] }
  - { name: c, from: lakea/one, match: "*.csv", asset: "c-{stem}", to: [ml-own] }
`,
      },
    ])
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    expect(toWatched(parsed.rules)).toEqual({
      lakes: { lakea: ['one'], lakeb: ['one', 'two'] },
      workspaces: [
        { subscription: '00000000-0000-0000-0000-000000000001', resourceGroup: 'rg', name: 'ml-own' },
        { subscription: '00000000-0000-0000-0000-000000000003', resourceGroup: 'rg', name: 'ml-idle' },
      ],
    })
  })
})
