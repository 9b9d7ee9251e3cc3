import { describe, expect, it } from 'vitest'
import { LOOK_EVERY_MS } from '../../src/app/rotation/rotation.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { HOUR, MINUTE } from '../../src/core/time.ts'
import { createMemoryAzureMl } from '../../src/memory/azure-ml.ts'
import { createLakemark } from '../../src/wiring.ts'
import { createMemoryWorld } from '../support/memory-world.ts'

const GOLD = 'https://team.vault.azure.net/secrets/gold'
const RULES = `
rules:
  - { name: gold, from: contosolake/gold, match: "{name}.csv", asset: "{name}", to: [retail] }
  - { name: open, from: contosolake/open, match: "{name}.csv", asset: "open-{name}", to: [retail] }
datastores:
  contosolake/gold: { credential: { sas: "keyvault:${GOLD}" } }
`
const PINNED = `${GOLD}/${'0a'.repeat(16)}`

/** Lakemark over memory, a vault whose secret has versions, and workspaces that may be in trouble. */
function open(rules = RULES) {
  const versions = new Map<string, number>()
  const trouble = new Map<string, Error>()
  const written: string[] = []
  const asked: string[] = []
  const world = createMemoryWorld(rules, () => {
    const azureMl = createMemoryAzureMl(async reference => {
      const problem = trouble.get('vault')
      if (problem !== undefined) throw problem
      return String(versions.get(reference) ?? 1)
    })
    return {
      azureMl: {
        ...azureMl,
        async ensureDatastore(workspace, datastore, options) {
          asked.push(workspace.alias)
          const problem = trouble.get(workspace.alias)
          if (problem !== undefined) throw problem
          const outcome = await azureMl.ensureDatastore(workspace, datastore, options)
          if (outcome === 'written') written.push(`${workspace.alias} ${datastore.container}`)
          return outcome
        },
      },
    }
  })
  return {
    ...world,
    ...world.lakemark.rotation,
    asked,
    trouble,
    written,
    taken: () => written.splice(0).sort(),
    rotate: () => versions.set(`keyvault:${GOLD}`, (versions.get(`keyvault:${GOLD}`) ?? 1) + 1),
    counts: () => world.counters.all(),
  }
}

const EVERYWHERE = ['ml-forecast gold', 'ml-retail gold']

function secretEvent(id: string, type = 'Microsoft.KeyVault.SecretNewVersionCreated') {
  return { eventType: type, subject: 'gold', data: { Id: id, VaultName: 'team', ObjectName: 'gold' } }
}

describe('a secret that gets a new version', () => {
  it('reaches the datastores that use it in every workspace with the next sweep', async () => {
    const world = open()
    await world.sweep()
    expect(world.taken()).toEqual(EVERYWHERE)

    world.rotate()
    world.pass(MINUTE)
    await world.sweep()
    expect(world.taken()).toEqual([])

    await world.takeInSecretEvents([secretEvent(`${GOLD}/${'0b'.repeat(16)}`)])
    await world.sweep()
    expect(world.taken()).toEqual(EVERYWHERE)
    expect(world.counts()).toMatchObject({ 'secrets:events': 1, 'datastores:written': 4 })
  })

  it('reaches them within the hour where the event was lost', async () => {
    const world = open()
    await world.sweep()
    world.taken()
    world.rotate()

    world.pass(LOOK_EVERY_MS - 1)
    await world.sweep()
    expect(world.taken()).toEqual([])
    world.pass(1)
    await world.sweep()
    expect(world.taken()).toEqual(EVERYWHERE)
  })

  it('is noted durably: another process does what the one that took the event in does not', async () => {
    const world = open()
    await world.sweep()
    world.taken()
    world.rotate()
    await world.takeInSecretEvents([secretEvent(GOLD)])

    await createLakemark(world).rotation.sweep()
    expect(world.taken()).toEqual(EVERYWHERE)
    await world.sweep()
    expect(world.taken()).toEqual([])
  })

  it('is looked after again where the event comes while a look is under way', async () => {
    const world = open()
    await world.sweep()
    world.taken()
    world.pass(HOUR)
    const { ensureDatastore } = world.azureMl
    let once = true
    world.azureMl.ensureDatastore = async (...call) => {
      const outcome = await ensureDatastore(...call)
      if (once) {
        once = false
        world.rotate()
        await world.takeInSecretEvents([secretEvent(GOLD)])
      }
      return outcome
    }
    const { rotation } = createLakemark(world)
    await rotation.sweep()
    await rotation.sweep()
    expect(world.taken()).toEqual(EVERYWHERE)
  })

  it.each([
    ['another secret', secretEvent('https://team.vault.azure.net/secrets/silver')],
    ['another vault', secretEvent('https://other.vault.azure.net/secrets/gold')],
    ['a host that is no vault', secretEvent('https://team.vault.azure.net.example.org/secrets/gold')],
    ['something else', secretEvent(GOLD, 'Microsoft.KeyVault.SecretNearExpiry')],
    ['nothing', {}],
    ['text', 'rubbish'],
    ['no data', { eventType: 'Microsoft.KeyVault.SecretNewVersionCreated', data: null }],
  ])('is left alone where the event is of %s', async (_, event) => {
    const world = open()
    await world.sweep()
    world.taken()
    world.rotate()
    await world.takeInSecretEvents([event])
    world.pass(MINUTE)
    await world.sweep()
    expect(world.taken()).toEqual([])
  })

  it('is told by a CloudEvent as well, whatever the case of its letters', async () => {
    const world = open()
    await world.sweep()
    world.rotate()
    world.taken()
    const data = { id: ` ${GOLD.replace('gold', 'GOLD')}/${'0b'.repeat(16)}` }
    await world.takeInSecretEvents([{ type: 'Microsoft.KeyVault.SecretNewVersionCreated', data }])
    await world.sweep()
    expect(world.taken()).toEqual(EVERYWHERE)
  })

  it('changes nothing where the rules name a version', async () => {
    const world = open(RULES.replace(GOLD, PINNED))
    await world.sweep()
    const before = world.asked.length
    await world.takeInSecretEvents([secretEvent(PINNED)])
    world.pass(MINUTE)
    await world.sweep()
    expect(world.asked.length).toBe(before)
  })
})

describe('trouble with one workspace', () => {
  it('delays that one alone, with growing patience, and is shown until it is over', async () => {
    const world = open()
    world.trouble.set('ml-retail', new TransientError('ml-retail is asleep'))
    await world.sweep()
    expect(world.taken()).toEqual(['ml-forecast gold'])
    expect(await world.troubles()).toMatchObject([
      { workspace: 'ml-retail', container: 'contosolake/gold', reason: 'ml-retail is asleep' },
    ])

    const asked = () => world.asked.filter(alias => alias === 'ml-retail').length
    const seen: number[] = []
    for (let minute = 0; minute < 16; minute += 1) {
      world.pass(MINUTE)
      await world.sweep()
      seen.push(asked())
    }
    expect(seen).toEqual([2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5])

    world.trouble.clear()
    world.pass(HOUR)
    await world.sweep()
    expect(world.taken()).toContain('ml-retail gold')
    expect(await world.troubles()).toEqual([])
  })

  it('that will not pass by itself waits for the hour, or for the secret to change', async () => {
    const world = open()
    world.trouble.set('vault', new PermanentError('secret gold does not exist; create it'))
    await world.sweep()
    expect((await world.troubles()).map(({ workspace }) => workspace)).toEqual(
      ['ml-retail', 'ml-forecast'].sort(),
    )
    expect(world.counts()).toMatchObject({ 'datastores:failed': 2 })

    world.trouble.clear()
    world.pass(MINUTE)
    await world.sweep()
    expect(world.taken()).toEqual([])
    await world.takeInSecretEvents([secretEvent(GOLD)])
    await world.sweep()
    expect(world.taken()).toEqual(EVERYWHERE)
    expect(await world.troubles()).toEqual([])
  })

  it('that Azure takes no more requests is heeded', async () => {
    const world = open()
    const throttled = new TransientError('slow down', { throttled: true, retryAfterMs: 10 * MINUTE })
    world.trouble.set('ml-retail', throttled)
    await world.sweep()
    world.trouble.clear()
    world.pass(9 * MINUTE)
    await world.sweep()
    expect(world.asked.filter(alias => alias === 'ml-retail').length).toBe(1)
    world.pass(2 * MINUTE)
    await world.sweep()
    expect(world.asked.filter(alias => alias === 'ml-retail').length).toBe(2)
  })
})

describe('the rules', () => {
  it('say which datastores are looked at: none without a credential, and none that they no longer name', async () => {
    const world = open()
    await world.sweep()
    expect((await world.datastoreLooks.list({ limit: 10 })).items.map(({ key }) => key)).toEqual([
      'ml-forecast!contosolake!gold',
      'ml-retail!contosolake!gold',
    ])

    world.useRules(RULES.slice(0, RULES.indexOf('datastores:')))
    await world.sweep()
    expect((await world.datastoreLooks.list({ limit: 10 })).items).toEqual([])
    world.pass(HOUR)
    const before = world.asked.length
    await world.sweep()
    expect(world.asked.length).toBe(before)
  })

  it('that change the credential make the datastores due at once', async () => {
    const world = open()
    await world.sweep()
    world.taken()
    world.useRules(RULES.replace('sas:', 'accountKey:'))
    await world.sweep()
    expect(world.taken()).toEqual(EVERYWHERE)
  })
})
