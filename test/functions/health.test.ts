import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createHealth, type Health } from '../../src/app/questions/health.ts'
import { TransientError } from '../../src/core/errors.ts'
import { DAY } from '../../src/core/time.ts'
import { HEALTH_ROUTES } from '../../src/functions/routes/health.ts'
import { createCounters } from '../../src/memory/counters.ts'
import { type Issuer, startIssuer } from '../access/issuer.ts'
import { createMemoryWorld, FILES_RULE, READY_PROBES } from '../support/memory-world.ts'
import { type ApiWorld, openApiWorld } from './api-world.ts'

let issuer: Issuer
let api: ApiWorld

beforeAll(async () => {
  issuer = await startIssuer()
})
beforeEach(async () => {
  await api?.close()
  api = await openApiWorld(issuer)
})
afterAll(async () => {
  await api?.close()
  await issuer?.close()
})

async function ask(path = 'health'): Promise<{ status: number; health: Health }> {
  const response = await api.call('GET', path, { claims: { roles: ['Lakemark.Read'] } })
  return { status: response.status, health: (await response.json()) as Health }
}

const READY = { ledger: 'ready', agenda: 'ready', runs: 'ready', workQueue: 'ready', blobs: 'ready' }

const READY_PARTS: Parameters<typeof createHealth>[0] = {
  probes: READY_PROBES,
  lastScheduled: async () => ({ open: 0, run: undefined, succeededAt: undefined }),
  datastoreTroubles: async () => [],
  keeper: {
    state: () => ({ active: undefined, candidate: undefined, backfill: [] }),
    trouble: () => undefined,
  },
  rules: createMemoryWorld(FILES_RULE).rules,
  counters: createCounters(),
  inTime: work => work,
  version: '1.2.3',
}

describe('health', () => {
  it('is ready where all that the app needs answers, and flat', async () => {
    const { status, health } = await ask()
    expect(status).toBe(200)
    expect(health).toEqual({
      status: 'ready',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      ...READY,
      rules: 'ready',
      rulesSource: 'ready',
      datastores: 'ready',
      rulesCount: 2,
      rulesCommit: 'abc1234',
      rulesSince: expect.any(String),
      lastResync: null,
      lastResyncSuccessAt: null,
      counts: {},
    })
  })

  it.each(['ledger', 'agenda', 'workQueue', 'blobs'] as const)(
    'is not ready, and says so of the %s alone, where that does not answer',
    async name => {
      api.probes[name] = async () => {
        throw new TransientError('could not ask: 503 ServerBusy')
      }
      const { status, health } = await ask()
      expect([status, health.status]).toEqual([503, 'unready'])
      expect(health).toMatchObject({ ...READY, [name]: 'could not ask: 503 ServerBusy' })
    },
  )

  it('waits for nothing that takes too long, and asks all at once', async () => {
    let asked = 0
    const never = () => {
      asked += 1
      return new Promise<never>(() => undefined)
    }
    Object.assign(api.probes, { ledger: never, agenda: never, workQueue: never, blobs: never })
    const { status, health } = await ask()
    expect(status).toBe(503)
    expect(health).toMatchObject({
      ledger: 'no answer within 0.05 s',
      blobs: 'no answer within 0.05 s',
      runs: 'ready',
    })
    expect(asked).toBe(4)
  })

  it('is not ready where re-sync runs cannot be read', async () => {
    api.failRuns(true)
    const { status, health } = await ask()
    expect([status, health.runs, health.ledger]).toEqual([503, 'the table of runs is away', 'ready'])
  })

  it('shows a newer commit of the rules that was refused, and trouble with their source, and stays ready', async () => {
    api.setSource({ commit: 'def5678', text: 'rules: [{ name: 7 }]' })
    await api.keeper.refresh()
    const refused = await ask()
    expect([refused.status, refused.health.status]).toEqual([200, 'ready'])
    expect(refused.health).toMatchObject({
      rules: expect.stringMatching(/^commit def5678 was refused: rules\.yaml:1:/),
      rulesCommit: 'abc1234',
    })
    api.setSource(new TransientError('git is away'))
    await expect(api.keeper.refresh()).rejects.toThrow('git is away')
    const troubled = await ask()
    expect(troubled.status).toBe(200)
    expect(troubled.health.rulesSource).toMatch(/^git is away \(at 20.*Z\)$/)
  })

  it('tells how the last scheduled re-sync went, and when one last went well', async () => {
    const { resync } = api.world.lakemark
    api.world.upload('open/lost.csv')
    await resync.startScheduled()
    await api.world.drain()
    const well = (await ask()).health
    expect(well).toMatchObject({
      lastResync: { state: 'done', listed: 1, new: 1, registered: 2, failed: 0, reason: null },
      lastResyncSuccessAt: well.lastResync?.endedAt,
    })
    api.world.pass(DAY)
    const next = await resync.startScheduled()
    if (next.kind === 'refused') throw new Error(next.reason)
    await resync.cancel(next.run.id, 'ana')
    expect((await ask()).health).toMatchObject({
      lastResync: { id: next.run.id, state: 'cancelled', reason: 'cancelled by ana' },
      lastResyncSuccessAt: well.lastResyncSuccessAt,
    })
  })

  it('names datastores that could not be given their credentials, and stays ready', async () => {
    const since = Date.UTC(2026, 0, 15)
    const troubles = ['a', 'b', 'c', 'd', 'e'].map(name => ({
      workspace: 'ml-retail',
      container: `contosolake/${name}`,
      reason: 'no such secret',
      since,
    }))
    const health = createHealth({
      ...READY_PARTS,
      datastoreTroubles: async () => troubles,
    })
    const { status, datastores } = await health()
    expect(status).toBe('ready')
    expect(datastores).toMatch(
      /^contosolake\/a in ml-retail: no such secret \(since 2026-01-15T00:00:00.000Z\); /,
    )
    expect(datastores).toMatch(/; and 2 more$/)
    const away = async () => {
      throw new TransientError('the table is away')
    }
    const unknown = await createHealth({ ...READY_PARTS, datastoreTroubles: away })()
    expect([unknown.status, unknown.datastores]).toEqual(['ready', 'the table is away'])
  })

  it('repeats no secret of a reason', async () => {
    api.probes.blobs = async () => {
      throw new TransientError('could not ask https://x.blob.core.windows.net/?sv=1&sig=abcdefgh')
    }
    const { health } = await ask()
    expect(health.blobs).toMatch(/could not ask/)
    expect(health.blobs).not.toContain('abcdefgh')
  })

  it('says why the service could not even be opened', async () => {
    const [route] = HEALTH_ROUTES.filter(({ name }) => name === 'health')
    const failing = (error: Error) =>
      route?.handle({
        lakemark: async () => {
          throw error
        },
      } as never)
    const answer = await failing(new TransientError('could not open the storage account'))
    expect(answer?.status).toBe(503)
    const health = JSON.parse(answer?.body ?? '') as Health
    expect(health).toMatchObject({
      status: 'unready',
      ledger: 'could not open the storage account',
      rulesCount: null,
    })
    expect(route?.answers[503]?.schema?.safeParse(health).error).toBeUndefined()
    await expect(failing(new RangeError('a defect'))).rejects.toThrow(RangeError)
  })

  it('says of its life nothing but that it is', async () => {
    expect(await ask('health/live')).toEqual({ status: 200, health: { status: 'live' } })
  })
})
