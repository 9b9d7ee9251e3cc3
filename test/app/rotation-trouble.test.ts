import { describe, expect, it } from 'vitest'
import type { AzureMl } from '../../src/app/ports.ts'
import { LOOK_EVERY_MS } from '../../src/app/rotation/rotation.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { MINUTE, SECOND } from '../../src/core/time.ts'
import { createMemoryAzureMl } from '../../src/memory/azure-ml.ts'
import { createLakemark } from '../../src/wiring.ts'
import { createDoomed } from '../support/doomed.ts'
import { createMemoryWorld } from '../support/memory-world.ts'

const GOLD = 'https://team.vault.azure.net/secrets/gold'
const EVENT = {
  eventType: 'Microsoft.KeyVault.SecretNewVersionCreated',
  subject: 'gold',
  data: { Id: GOLD, VaultName: 'team', ObjectName: 'gold' },
}
const PORTS = ['datastoreLooks', 'azureMl', 'budgetStore'] as const

/** Containers that all have the one secret, each a datastore in both workspaces. */
function rulesOf(containers: readonly string[]): string {
  const rules = containers.map(
    it => `  - { name: ${it}, from: contosolake/${it}, match: "*.csv", asset: "${it}-{stem}", to: [retail] }`,
  )
  const datastores = containers.map(it => `  contosolake/${it}: { credential: { sas: "keyvault:${GOLD}" } }`)
  return ['', 'rules:', ...rules, 'datastores:', ...datastores, ''].join('\n')
}

type Ensure = AzureMl['ensureDatastore']

/** A vault with one secret, and workspaces into which `meet` gets in between: before and after the datastore is looked at. */
function open(containers: readonly string[] = ['gold']) {
  let version = 1
  const asked: string[] = []
  const has = new Map<string, number>()
  const meet: { vault(): void; before(alias: string): void; after(): Promise<void> } = {
    vault: () => undefined,
    before: () => undefined,
    after: async () => undefined,
  }
  const sinces: (number | undefined)[] = []
  const world = createMemoryWorld(rulesOf(containers), () => {
    const azureMl = createMemoryAzureMl(async () => {
      meet.vault()
      return String(version)
    })
    const ensureDatastore: Ensure = async (workspace, datastore, options) => {
      asked.push(`${workspace.alias} ${datastore.container}`)
      sinces.push(options?.since)
      meet.before(workspace.alias)
      const outcome = await azureMl.ensureDatastore(workspace, datastore, options)
      if (outcome === 'written') has.set(`${workspace.alias} ${datastore.container}`, version)
      await meet.after()
      return outcome
    }
    return { azureMl: { ...azureMl, ensureDatastore } }
  })
  return {
    ...world,
    ...world.lakemark.rotation,
    meet,
    sinces,
    /** By workspace and container: the version of the secret that the datastore was given last. */
    has: () => Object.fromEntries(has),
    /** What was asked of Azure ML since this was asked last. */
    asked: () => asked.splice(0).sort(),
    rotate: () => {
      version += 1
    },
    rows: async () => (await world.datastoreLooks.list({ limit: 1000 })).items,
  }
}

const everywhere = (version: number) => ({ 'ml-forecast gold': version, 'ml-retail gold': version })

describe('a process that dies while a secret gets a new version', () => {
  it.each([
    ['before', false],
    ['after', true],
  ])(
    'leaves to the next sweep what it has not done, whichever call it dies of (%s the call)',
    async (_, isMade) => {
      let alive = false
      let n = 0
      for (n = 1; !alive; n += 1) {
        const world = open()
        await world.sweep()
        world.rotate()
        await world.takeInSecretEvents([EVENT])
        const { lakemark, calls } = createDoomed(world, PORTS, n, isMade)
        await lakemark.rotation.sweep().catch(error => expect(String(error)).toMatch(/dead/))
        alive = calls() < n
        await createLakemark(world).rotation.sweep()
        expect([n, world.has()]).toEqual([n, everywhere(2)])
        expect((await world.rows()).map(({ trouble }) => trouble)).toEqual([undefined, undefined])
      }
      expect(n).toBeGreaterThan(4)
    },
  )

  it('leaves it to the next sweep also between reading the secret and writing the datastore', async () => {
    const world = open()
    await world.sweep()
    world.rotate()
    await world.takeInSecretEvents([EVENT])
    let dying: (() => void) | undefined
    const died = new Promise<void>(resolve => {
      dying = resolve
    })
    const { rotation } = createLakemark({
      ...world,
      // Whoever is killed there never comes back, and writes no row.
      azureMl: { ...world.azureMl, ensureDatastore: () => new Promise<never>(() => dying?.()) },
    })
    await Promise.race([rotation.sweep(), died])
    await world.sweep()
    expect(world.has()).toEqual(everywhere(2))
  })

  it('has not taken the event in where it dies of that: Event Grid sends it again', async () => {
    for (let n = 1; n <= 3; n += 1) {
      const world = open()
      await world.sweep()
      world.rotate()
      const { lakemark } = createDoomed(world, PORTS, n, false)
      await expect(lakemark.rotation.takeInSecretEvents([EVENT])).rejects.toThrow('dead')
      await world.takeInSecretEvents([EVENT])
      await world.sweep()
      expect(world.has()).toEqual(everywhere(2))
    }
  })
})

describe('two processes', () => {
  it('that sweep at the same time leave one row a datastore, and the newest secret in each', async () => {
    const world = open()
    const other = createLakemark(world).rotation
    await Promise.all([world.sweep(), other.sweep()])
    expect([world.has(), (await world.rows()).length]).toEqual([everywhere(1), 2])
    world.rotate()
    await Promise.all([world.takeInSecretEvents([EVENT]), other.takeInSecretEvents([EVENT])])
    await Promise.all([world.sweep(), other.sweep()])
    expect([world.has(), (await world.rows()).length]).toEqual([everywhere(2), 2])
    world.asked()
    await Promise.all([world.sweep(), other.sweep()])
    expect(world.asked()).toEqual([])
  })

  it('do not undo an event that comes while a look fails: it is due again at once', async () => {
    const world = open()
    await world.sweep()
    world.pass(LOOK_EVERY_MS)
    world.meet.vault = () => {
      throw new PermanentError('secret gold is disabled')
    }
    let events = 0
    world.meet.before = () => {
      events += 1
      if (events > 1) return
      world.rotate()
      void createLakemark(world).rotation.takeInSecretEvents([EVENT])
    }
    await world.sweep()
    world.meet.vault = () => undefined
    await world.sweep()
    expect(world.has()).toEqual(everywhere(2))
  })

  it('that change a row without end make Event Grid send the event again', async () => {
    const world = open()
    world.datastoreLooks.write = async () => 'conflict'
    await expect(world.takeInSecretEvents([EVENT])).rejects.toBeInstanceOf(TransientError)
  })
})

describe('a vault that does not answer', () => {
  it('is asked again with patience, and the trouble is shown from its beginning to its end', async () => {
    const world = open()
    await world.sweep()
    world.rotate()
    await world.takeInSecretEvents([EVENT])
    world.meet.vault = () => {
      throw new TransientError('the vault is away')
    }
    const began = world.clock.now()
    for (let minute = 0; minute < 4; minute += 1) {
      await world.sweep()
      world.pass(MINUTE)
    }
    const trouble = { container: 'contosolake/gold', reason: 'the vault is away', since: began }
    expect(await world.troubles()).toHaveLength(2)
    expect(await world.troubles()).toEqual(
      expect.arrayContaining(['ml-retail', 'ml-forecast'].map(workspace => ({ ...trouble, workspace }))),
    )
    expect((await world.rows()).map(({ trouble, goodAt }) => [trouble?.attempts, goodAt])).toEqual([
      [3, began],
      [3, began],
    ])
    expect(world.counters.all()).toMatchObject({ 'datastores:delayed': 6, 'datastores:written': 2 })
    world.meet.vault = () => undefined
    world.pass(LOOK_EVERY_MS)
    await world.sweep()
    expect([world.has(), await world.troubles()]).toEqual([everywhere(2), []])
  })
})

describe('a sweep', () => {
  it('goes on elsewhere where a workspace is in trouble, and asks that one no more', async () => {
    const world = open(['gold', 'silver'])
    world.meet.before = alias => {
      if (alias === 'ml-retail') throw new TransientError('ml-retail is asleep')
    }
    await world.sweep()
    expect(world.asked()).toEqual(['ml-forecast gold', 'ml-forecast silver', 'ml-retail gold'])
  })

  it('asks nothing of a subscription that takes no more requests, whatever is due', async () => {
    const world = open(['gold', 'silver'])
    const throttled = new TransientError('slow down', { throttled: true, retryAfterMs: 10 * MINUTE })
    world.meet.before = alias => {
      if (alias === 'ml-retail') throw throttled
    }
    await world.sweep()
    world.meet.before = () => undefined
    world.asked()
    world.pass(9 * MINUTE)
    await world.sweep()
    expect(world.asked()).toEqual([])
    for (let minute = 0; minute < 3; minute += 1) {
      world.pass(MINUTE)
      await world.sweep()
    }
    expect([...new Set(world.asked())]).toEqual(['ml-retail gold', 'ml-retail silver'])
  })

  it('waits for as long as Azure ML asks, also where nothing is throttled', async () => {
    const world = open()
    world.meet.before = alias => {
      if (alias === 'ml-retail') throw new TransientError('busy', { retryAfterMs: 10 * MINUTE })
    }
    await world.sweep()
    world.asked()
    world.pass(10 * MINUTE - 1)
    await world.sweep()
    expect(world.asked()).toEqual([])
    world.pass(1)
    await world.sweep()
    expect(world.asked()).toEqual(['ml-retail gold'])
  })

  it('begins nothing after half a minute, and the next one goes on there', async () => {
    const world = open(['gold', 'silver'])
    world.meet.after = async () => world.pass(20 * SECOND)
    await world.sweep()
    expect(world.asked()).toEqual(['ml-forecast gold', 'ml-retail gold'])
    await world.sweep()
    expect(world.asked()).toEqual(['ml-forecast silver', 'ml-retail silver'])
  })

  it('believes nothing that was seen before it began', async () => {
    const world = open()
    const begun = world.clock.now()
    world.meet.after = async () => world.pass(SECOND)
    await world.sweep()
    expect(world.sinces).toEqual([begun, begun])
  })

  it('knows what it looked at, however many datastores there are', async () => {
    const world = open(Array.from({ length: 120 }, (_, at) => `area-${at}`))
    await world.sweep()
    expect(world.asked()).toHaveLength(240)
    await world.sweep()
    expect(world.asked()).toEqual([])
  })

  it('asks the store once, and then no more, where no rule gives a credential', async () => {
    const world = open()
    let reads = 0
    const { list } = world.datastoreLooks
    world.datastoreLooks.list = page => {
      reads += 1
      return list(page)
    }
    world.useRules(rulesOf(['gold']).split('datastores:')[0] ?? '')
    for (let sweeps = 0; sweeps < 3; sweeps += 1) await world.sweep()
    expect(reads).toBe(1)
  })

  it('is not in the way of events that concern nothing: they are counted and left', async () => {
    const world = open()
    await world.takeInSecretEvents([EVENT, {}, { ...EVENT, data: { Id: `${GOLD}-other` } }])
    expect(world.counters.all()).toMatchObject({ 'secrets:events': 2, 'secrets:ignored': 1 })
  })
})
