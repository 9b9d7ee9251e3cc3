import { describe, expect, it } from 'vitest'
import type { ListedVersion } from '../../src/app/ports.ts'
import { ARM_BUDGETS, refilled, stopped } from '../../src/core/arm-budget.ts'
import { NO_ROWS } from '../../src/core/asset/asset.ts'
import { PermanentError, TransientError, UnreadableError } from '../../src/core/errors.ts'
import type { RunFilter } from '../../src/core/resync/filter.ts'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'

/** What Azure ML's lists leave out, or say otherwise, as if somebody had been at it. */
interface Mischief {
  /** `alias asset number`, until it is put there again. */
  gone: Set<string>
  foreign: Set<string>
  trouble: Map<string, () => Error>
}

function createScene() {
  const mischief: Mischief = { gone: new Set(), foreign: new Set(), trouble: new Map() }
  let puts = 0
  const world = createMemoryWorld(FILES_RULE, ({ azureMl }) => ({
    azureMl: {
      ...azureMl,
      async putVersion(workspace, asset, number, version) {
        puts += 1
        mischief.gone.delete(`${workspace.alias} ${asset} ${number}`)
        return azureMl.putVersion(workspace, asset, number, version)
      },
      async listVersions(workspace, asset, page) {
        const trouble = mischief.trouble.get(workspace.alias)
        if (trouble !== undefined) throw trouble()
        const found = await azureMl.listVersions(workspace, asset, page)
        const nameOf = ({ number }: ListedVersion) => `${workspace.alias} ${asset} ${number}`
        const items = found.items
          .filter(item => !mischief.gone.has(nameOf(item)))
          .map(item =>
            mischief.foreign.has(nameOf(item))
              ? { ...item, dataUri: 'azureml://datastores/x/paths/y', fingerprint: undefined }
              : item,
          )
        return { ...found, items }
      },
    },
  }))
  return {
    ...world,
    mischief,
    puts: () => puts,
    async register(...names: string[]) {
      for (const name of names) await world.deliver(world.upload(`files/${name}.csv`))
      await world.drain()
      world.pass(1000)
      puts = 0
    },
    async verify(filter: Partial<RunFilter> = {}) {
      const answer = await world.lakemark.resync.start({ filter: { ...filter, verify: true }, by: 'ana' })
      if (answer.kind === 'refused') throw new Error(answer.reason)
      await world.drain()
      const run = await world.lakemark.resync.get(answer.run.id)
      const findings = await world.lakemark.resync.findings(answer.run.id, { limit: 100 })
      return {
        run,
        findings: (findings?.items ?? []).map(({ asset, workspace, version, kind }) => [
          asset,
          workspace,
          version,
          kind,
        ]),
      }
    },
  }
}

describe('a re-sync run that verifies', () => {
  it('finds nothing where Azure ML has what the ledger says', async () => {
    const scene = createScene()
    await scene.register('a', 'a', 'b')
    const { run, findings } = await scene.verify()
    expect(run).toMatchObject({
      state: 'done',
      counters: { verified: 6, missing: 0, archived: 0, foreign: 0 },
    })
    expect([findings, scene.puts()]).toEqual([[], 0])
  })

  it('delivers what is missing again, with its number and its data', async () => {
    const scene = createScene()
    await scene.register('a', 'a', 'a', 'b')
    scene.mischief.gone.add('ml-retail a 2')
    const { run, findings } = await scene.verify()
    expect(findings).toEqual([['a', 'ml-retail', 2, 'missing']])
    expect(run).toMatchObject({
      state: 'done',
      counters: { missing: 1, reopened: 1, registered: 1, failed: 0 },
    })
    expect([scene.mischief.gone.size, scene.puts()]).toEqual([0, 1])
    expect(await scene.registered('ml-retail', 'a')).toEqual({
      1: 'files/a.csv',
      2: 'files/a.csv',
      3: 'files/a.csv',
    })
    expect((await scene.verify()).run).toMatchObject({ counters: { missing: 0, reopened: 0 } })
  })

  it('only reports what is missing in a dry run', async () => {
    const scene = createScene()
    await scene.register('a')
    scene.mischief.gone.add('ml-retail a 1')
    const { run, findings } = await scene.verify({ dryRun: true })
    expect(findings).toEqual([['a', 'ml-retail', 1, 'missing']])
    expect(run).toMatchObject({ counters: { missing: 1, reopened: 0 } })
    expect(scene.puts()).toBe(0)
  })

  it('reports what was archived, or holds other data, and leaves it alone', async () => {
    const scene = createScene()
    await scene.register('a', 'b')
    const retail = scene.ruleSet.workspaces.get('ml-retail')
    if (retail === undefined) throw new Error('no workspace')
    await scene.azureMl.archiveVersion(retail, 'a', 1)
    scene.mischief.foreign.add('ml-forecast b 1')
    const { run, findings } = await scene.verify()
    expect(findings).toEqual([
      ['a', 'ml-retail', 1, 'archived'],
      ['b', 'ml-forecast', 1, 'foreign'],
    ])
    expect(run).toMatchObject({
      state: 'done',
      counters: { verified: 4, archived: 1, foreign: 1, reopened: 0 },
    })
    expect(scene.puts()).toBe(0)
  })

  it('is limited to an asset or a workspace', async () => {
    const scene = createScene()
    await scene.register('a', 'b')
    for (const gone of ['ml-retail a 1', 'ml-retail b 1', 'ml-forecast a 1']) scene.mischief.gone.add(gone)
    expect((await scene.verify({ asset: 'b' })).run).toMatchObject({ counters: { verified: 2, missing: 1 } })
    expect((await scene.verify({ workspace: 'ml-forecast' })).run).toMatchObject({
      counters: { verified: 2, missing: 1 },
    })
    expect([...scene.mischief.gone]).toEqual(['ml-retail a 1'])
  })

  it('goes on without a workspace that does not answer, and says so', async () => {
    for (const trouble of [
      () => new PermanentError('there is no such workspace'),
      () => new TransientError('down'),
    ]) {
      const scene = createScene()
      await scene.register('a', 'b')
      scene.mischief.trouble.set('ml-retail', trouble)
      scene.mischief.gone.add('ml-forecast b 1')
      const { run, findings } = await scene.verify()
      expect(run).toMatchObject({ state: 'done', counters: { verified: 2, missing: 1, unanswered: 2 } })
      expect(findings).toContainEqual(['a', 'ml-retail', undefined, 'unanswered'])
    }
  })

  it('waits where Azure ML takes no more requests for now, and ends', async () => {
    const scene = createScene()
    await scene.register('a')
    const { subscription = '' } = scene.ruleSet.workspaces.get('ml-retail') ?? {}
    const stoppedUntil = scene.clock.now() + 50_000
    const state = stopped(refilled(undefined, ARM_BUDGETS.reads, scene.clock.now()), stoppedUntil)
    const there = await scene.budgetStore.read(subscription, 'reads')
    await scene.budgetStore.write(subscription, 'reads', there?.etag, state)
    scene.pass(10_000)
    const { run } = await scene.verify()
    expect(run).toMatchObject({ state: 'done', counters: { verified: 2 } })
    expect(scene.clock.now()).toBeGreaterThanOrEqual(stoppedUntil)
  })

  it('does not miss what is registered while it lists', async () => {
    const scene = createScene()
    await scene.register('a')
    const { listVersions, putVersion } = scene.azureMl
    scene.azureMl.putVersion = () => Promise.reject(new TransientError('down'))
    await scene.deliver(scene.upload('files/a.csv'))
    await scene.drain({ forMs: 0 })
    scene.azureMl.listVersions = async (workspace, asset, page) => {
      const listed = await listVersions(workspace, asset, page)
      scene.azureMl.putVersion = putVersion
      await scene.drain({ forMs: 5000 })
      return listed
    }
    const { run, findings } = await scene.verify()
    expect(await scene.registered('ml-retail', 'a')).toEqual({ 1: 'files/a.csv', 2: 'files/a.csv' })
    expect(findings).toEqual([])
    expect(run).toMatchObject({ state: 'done', counters: { missing: 0, reopened: 0 } })
  })

  it('does not blame a workspace for what moves to another number meanwhile', async () => {
    const scene = createScene()
    await scene.register('a')
    const { listVersions } = scene.azureMl
    scene.azureMl.listVersions = async (workspace, asset, page) => {
      const listed = await listVersions(workspace, asset, page)
      const state = await scene.ledger.readWork(asset)
      const [version] = await scene.ledger.readVersions(asset, { from: 1, limit: 1 })
      if (state !== undefined && version !== undefined) {
        const transition = { ...NO_ROWS, head: state.head, versions: [{ ...version, outcomes: {} }] }
        await scene.ledger.commit(asset, state.etag, transition)
      }
      return { ...listed, items: [] }
    }
    expect((await scene.verify({ workspace: 'ml-retail', dryRun: true })).findings).toEqual([])
  })

  it('ends where Azure ML takes few requests at a time, however many versions an asset has', async () => {
    const scene = createScene()
    for (let index = 0; index < 45; index += 1) await scene.register('a')
    const { listVersions } = scene.azureMl
    const retail = scene.ruleSet.workspaces.get('ml-retail')
    if (retail === undefined) throw new Error('no workspace')
    let asked = 0
    // One version a page: more pages than there are turns at a time, and than there are versions in the ledger's.
    scene.azureMl.listVersions = async (workspace, asset, page) => {
      asked += 1
      return listVersions(workspace, asset, { ...page, limit: 1 })
    }
    for (const { subscription } of scene.ruleSet.workspaces.values()) {
      const there = await scene.budgetStore.read(subscription, 'reads')
      const empty = { ...refilled(undefined, ARM_BUDGETS.reads, scene.clock.now()), level: -400 }
      await scene.budgetStore.write(subscription, 'reads', there?.etag, empty)
    }
    scene.pass(6000)
    const { run } = await scene.verify()
    expect(run).toMatchObject({ state: 'done', counters: { verified: 90, missing: 0 } })
    expect(asked).toBeLessThan(400)
  })

  it('goes on without an asset that cannot be read, and says so', async () => {
    const scene = createScene()
    await scene.register('a', 'b')
    const { readWork } = scene.ledger
    scene.ledger.readWork = async asset => {
      if (asset === 'a') throw new UnreadableError('ledger row a/head does not hold JSON')
      return readWork(asset)
    }
    const { run, findings } = await scene.verify()
    expect(run).toMatchObject({ state: 'done', counters: { verified: 2, unanswered: 1 } })
    expect(findings).toContainEqual(['a', '', undefined, 'unanswered'])
  })

  it('tells the others, and waits, where Azure ML has had too many requests', async () => {
    const scene = createScene()
    await scene.register('a')
    const { listVersions } = scene.azureMl
    let refused = 0
    scene.azureMl.listVersions = async (...parameters) => {
      refused += 1
      if (refused === 1) throw new TransientError('429', { throttled: true, retryAfterMs: 90_000 })
      return listVersions(...parameters)
    }
    const begun = scene.clock.now()
    expect((await scene.verify()).run).toMatchObject({
      state: 'done',
      counters: { verified: 2, unanswered: 0 },
    })
    expect(scene.clock.now()).toBeGreaterThanOrEqual(begun + 90_000)
    const { subscription = '' } = scene.ruleSet.workspaces.get('ml-forecast') ?? {}
    const told = await scene.budgetStore.read(subscription, 'writes')
    expect(told?.state?.stoppedUntil).toBeGreaterThan(begun)
  })

  it('does not ask a workspace that is down about one asset after the other', async () => {
    const scene = createScene()
    await scene.register(...Array.from({ length: 200 }, (_, index) => `a${index}`))
    let asked = 0
    scene.mischief.trouble.set('ml-retail', () => {
      asked += 1
      return new TransientError('down')
    })
    const { run } = await scene.verify()
    expect(run).toMatchObject({ state: 'done', counters: { verified: 200, unanswered: 200 } })
    expect(asked).toBeLessThan(20)
  })

  it('looks at nothing but the asset that it is about', async () => {
    const scene = createScene()
    await scene.register('a', 'b', 'c')
    let listed = 0
    const { listAssets } = scene.ledger
    scene.ledger.listAssets = async request => {
      listed += 1
      return listAssets(request)
    }
    expect((await scene.verify({ asset: 'b' })).run).toMatchObject({ counters: { verified: 2 } })
    expect((await scene.verify({ asset: 'none' })).run).toMatchObject({ counters: { verified: 0 } })
    expect(listed).toBe(0)
  })
})
