import { describe, expect, it } from 'vitest'
import { ARM_BUDGETS } from '../../src/core/arm-budget.ts'
import { MINUTE, SECOND } from '../../src/core/time.ts'
import { createPacedWorld } from '../support/paced-world.ts'

const WORKSPACES = Array.from({ length: 50 }, (_, index) => `ml-${index}`)
const CONTAINERS = Array.from({ length: 6 }, (_, index) => `gold${index}`)
const DATASTORES = WORKSPACES.length * CONTAINERS.length

/** Each container in every one of fifty workspaces of one subscription. */
function rules(extra = ''): string {
  const subscription = '00000000-0000-0000-0000-000000000009'
  const workspaces = WORKSPACES.map(
    alias => `  ${alias}: { subscription: ${subscription}, resourceGroup: rg }\n`,
  )
  const each = CONTAINERS.map(
    container =>
      `  - { name: ${container}, from: contosolake/${container}, match: "*.csv", asset: "${container}-{stem}", to: [${WORKSPACES}] }\n`,
  )
  return `workspaces:\n${workspaces.join('')}rules:\n${each.join('')}${extra}`
}

const SECRETS = `datastores:\n${CONTAINERS.map(
  container =>
    `  contosolake/${container}: { credential: { sas: "keyvault:https://team.vault.azure.net/secrets/gold" } }\n`,
).join('')}`

const { capacity, perSecond } = ARM_BUDGETS.writes
const allowedMs = (writes: number) => (Math.max(0, writes - capacity) / perSecond) * SECOND

/** A file in each container. */
async function drop(
  { world }: ReturnType<typeof createPacedWorld>,
  name: string,
  containers = CONTAINERS,
): Promise<void> {
  for (const container of containers) {
    const event = JSON.stringify(world.upload(`${name}.csv`)).replaceAll('silver', container)
    await world.deliver(JSON.parse(event))
  }
}

const versions = ({ arm }: ReturnType<typeof createPacedWorld>) => [...arm.seen.values()].flat().length

describe('datastores that are missing in many workspaces of one subscription', () => {
  it('are created in the time that the budget allows, before their versions, and nothing is refused', async () => {
    const paced = createPacedWorld({ processes: 3, rules: rules() })
    await drop(paced, 'a')
    await paced.work()
    expect(paced.arm.counts).toMatchObject({ refused: 0, datastores: DATASTORES })
    expect(versions(paced)).toBe(DATASTORES)
    expect(paced.elapsed()).toBeLessThan(1.1 * allowedMs(2 * DATASTORES))
    expect(paced.elapsed()).toBeGreaterThan(0.95 * allowedMs(2 * DATASTORES))
  })

  it('cost no place in the line once they are there', async () => {
    const paced = createPacedWorld({ processes: 3, rules: rules() })
    await drop(paced, 'a')
    await paced.work()
    paced.world.pass(MINUTE)
    const before = paced.elapsed()
    await drop(paced, 'b')
    await paced.work()
    expect(paced.arm.counts).toMatchObject({ refused: 0, datastores: DATASTORES })
    expect(versions(paced)).toBe(2 * DATASTORES)
    expect(paced.elapsed() - before).toBeLessThan(1.3 * allowedMs(DATASTORES))
  })
})

describe('credentials of many datastores in one subscription', () => {
  /** Sweeps each minute, as the timer does, with what else there is to be done in between. */
  async function sweepFor(paced: ReturnType<typeof createPacedWorld>, minutes: number): Promise<void> {
    const { world, work } = paced
    for (let minute = 0; minute < minutes; minute += 1) {
      const end = world.clock.now() + MINUTE
      await world.lakemark.rotation.sweep()
      await work({ until: end })
      world.pass(Math.max(0, end - world.clock.now()))
    }
  }

  it('are given within a few sweeps, and nothing is refused', async () => {
    const paced = createPacedWorld({ processes: 1, rules: rules(SECRETS) })
    await sweepFor(paced, 1)
    expect(paced.arm.counts.datastores).toBeGreaterThan(capacity / 2)
    await sweepFor(paced, 2)
    expect(paced.arm.counts).toMatchObject({ refused: 0, datastores: DATASTORES })
    expect(await paced.world.lakemark.rotation.troubles()).toEqual([])
  })

  it('get their turn while a backlog of versions stands in the line', async () => {
    const [secured, ...others] = CONTAINERS
    const secrets = SECRETS.split('\n').filter(
      line => !line.includes('gold') || line.includes(`/${secured}:`),
    )
    const paced = createPacedWorld({ processes: 1, rules: rules(secrets.join('\n')) })
    let files = 0
    const dropMore = async (count: number) => {
      for (const end = files + count; files < end; files += 1) await drop(paced, `f${files}`, others)
    }
    await dropMore(10)
    await paced.work({ until: paced.world.clock.now() + SECOND })
    for (let minute = 0; minute < 12; minute += 1) {
      await dropMore(3)
      await sweepFor(paced, 1)
    }
    expect(paced.arm.counts.refused).toBe(0)
    const looks = (await paced.world.datastoreLooks.list({ limit: 100 })).items
    expect(looks.filter(({ goodAt }) => goodAt !== undefined)).toHaveLength(WORKSPACES.length)
    expect(versions(paced)).toBeLessThan(files * others.length * WORKSPACES.length)
  })
})
