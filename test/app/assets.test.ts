import { describe, expect, it } from 'vitest'
import type { Ledger } from '../../src/app/ports.ts'
import { type AssetFilter, MAX_ASSETS_LOOKED_AT } from '../../src/app/questions/assets.ts'
import { PermanentError } from '../../src/core/errors.ts'
import { MINUTE, SECOND } from '../../src/core/time.ts'
import { createMemoryWorld } from '../support/memory-world.ts'
import { gatheringOf, specOf, transitionOf } from '../support/samples.ts'

/** Files of `one/` to both workspaces, of `two/` to one; of `slow/` gathered for five minutes. */
const RULES = `
rules:
  - { name: one, from: contosolake/silver, match: "one/{name}.csv", asset: "one-{name}", to: [retail] }
  - { name: two, from: contosolake/silver, match: "two/{name}.csv", asset: "two-{name}", to: [ml-retail] }
  - name: slow
    from: contosolake/silver
    match: slow/{name}/*.csv
    asset: slow-{name}
    type: uri_folder
    settle: 5m
    to: [ml-forecast]
`

type World = ReturnType<typeof createWorld>

function createWorld(override: { refuses?: () => boolean; ledger?: (ledger: Ledger) => Ledger } = {}) {
  return createMemoryWorld(RULES, ({ azureMl, ledger }) => ({
    ledger: override.ledger?.(ledger) ?? ledger,
    azureMl: {
      ...azureMl,
      async putVersion(workspace, ...rest) {
        if (override.refuses?.() && workspace.alias === 'ml-retail')
          throw new PermanentError('not to our liking')
        return azureMl.putVersion(workspace, ...rest)
      },
    },
  }))
}

async function drop(world: World, ...paths: string[]) {
  await world.deliver(...paths.map(path => world.upload(path)))
  await world.drain({ forMs: SECOND })
}

async function named(world: World, filter: AssetFilter): Promise<string[]> {
  const { items, continuation } = await world.lakemark.status.assets({ limit: 100, ...filter })
  expect(continuation).toBeUndefined()
  return items.map(({ name }) => name)
}

describe('the list of assets', () => {
  it('says of each its newest version, its rule, and what gathers', async () => {
    const world = createWorld()
    await drop(world, 'one/a.csv', 'slow/b/1.csv', 'slow/b/2.csv')
    const { items } = await world.lakemark.status.assets({ limit: 10 })
    expect(items).toEqual([
      {
        name: 'one-a',
        type: 'uri_file',
        latest: 1,
        rule: 'one',
        cutAt: new Date(world.clock.now() - SECOND).toISOString(),
        gathering: 0,
        workspaces: {
          'ml-forecast': { state: 'registered', reason: null },
          'ml-retail': { state: 'registered', reason: null },
        },
      },
      {
        name: 'slow-b',
        type: 'uri_folder',
        latest: null,
        rule: 'slow',
        cutAt: null,
        gathering: 2,
        workspaces: {},
      },
    ])
  })

  it('leaves out assets of which nothing but removals is known', async () => {
    const world = createWorld()
    await world.deliver(world.removal('one/gone.csv'))
    expect(await named(world, {})).toEqual([])
  })

  describe('with conditions', () => {
    async function someOfEach() {
      let refusing = false
      const world = createWorld({ refuses: () => refusing })
      await drop(world, 'one/a.csv', 'two/a.csv', 'slow/c/1.csv')
      await world.drain({ forMs: 6 * MINUTE })
      await drop(world, 'slow/c/2.csv', 'slow/d/1.csv')
      refusing = true
      await drop(world, 'one/b.csv')
      return world
    }

    it.each<[AssetFilter, string[]]>([
      [{}, ['one-a', 'one-b', 'slow-c', 'slow-d', 'two-a']],
      [{ q: 'a' }, ['one-a', 'two-a']],
      [{ q: 'one*' }, ['one-a', 'one-b']],
      [{ q: 'a*' }, []],
      [{ q: 'ONE' }, []],
      [{ rule: 'one' }, ['one-a', 'one-b']],
      [{ rule: 'slow' }, ['slow-c', 'slow-d']],
      [{ rule: 'none' }, []],
      [{ workspace: 'ml-retail' }, ['one-a', 'one-b', 'two-a']],
      [{ workspace: 'ml-forecast' }, ['one-a', 'one-b', 'slow-c', 'slow-d']],
      [{ workspace: 'Forecast-Prod' }, ['one-a', 'one-b', 'slow-c', 'slow-d']],
      [{ workspace: 'ml-nowhere' }, []],
      [{ state: 'registered' }, ['one-a', 'one-b', 'slow-c', 'two-a']],
      [{ state: 'failed' }, ['one-b']],
      [{ state: 'pending' }, []],
      [{ state: 'gathering' }, ['slow-c', 'slow-d']],
      [{ state: 'failed', workspace: 'ml-forecast' }, []],
      [{ state: 'registered', workspace: 'ml-retail' }, ['one-a', 'two-a']],
      [{ state: 'gathering', workspace: 'ml-retail' }, []],
      [{ state: 'registered', rule: 'slow', q: 'c' }, ['slow-c']],
    ])('%j holds those that meet all of them', async (filter, names) => {
      expect(await named(await someOfEach(), filter)).toEqual(names)
    })

    it('tells what is pending, in whichever workspace', async () => {
      const world = createWorld()
      await world.deliver(world.upload('two/new.csv'))
      expect(await named(world, { state: 'pending' })).toEqual(['two-new'])
      expect(await named(world, { state: 'pending', workspace: 'ml-forecast' })).toEqual([])
      await world.drain()
      expect(await named(world, { state: 'pending' })).toEqual([])
    })

    it('goes by the rule that made the newest version, not by one that once did', async () => {
      const world = createWorld()
      await drop(world, 'one/a.csv')
      world.useRules(RULES.replace('name: one', 'name: renamed'))
      await drop(world, 'one/a.csv')
      expect(await named(world, { rule: 'one' })).toEqual([])
      expect(await named(world, { rule: 'renamed' })).toEqual(['one-a'])
    })

    it('knows a workspace that the rules name no more by its alias', async () => {
      const world = createWorld()
      await drop(world, 'two/a.csv')
      world.ruleSet.workspaces.delete('ml-retail')
      expect(await named(world, { workspace: 'ml-retail' })).toEqual(['two-a'])
    })
  })

  it('goes on, page by page, with each asset once, also where a filter leaves out most', async () => {
    const world = createWorld()
    const paths = Array.from({ length: 40 }, (_, at) => `${at % 8 === 0 ? 'two' : 'one'}/${at}.csv`)
    await drop(world, ...paths)
    for (const [filter, count] of [
      [{}, 40],
      [{ rule: 'two' }, 5],
      [{ q: '1' }, 13],
    ] as const) {
      const names: string[] = []
      let continuation: string | undefined
      do {
        const page = await world.lakemark.status.assets({ limit: 3, continuation, ...filter })
        expect(page.items.length).toBeLessThanOrEqual(3)
        names.push(...page.items.map(({ name }) => name))
        continuation = page.continuation
      } while (continuation !== undefined)
      expect(names).toHaveLength(count)
      expect(names).toEqual([...new Set(names)].sort())
    }
  })

  it('looks at so many in one go, and has a continuation where it has found none', async () => {
    let looked = 0
    const world = createWorld({
      ledger: ledger => ({
        ...ledger,
        async listAssets(request) {
          const page = await ledger.listAssets(request)
          looked += page.items.length
          return page
        },
      }),
    })
    const count = MAX_ASSETS_LOOKED_AT + 500
    for (let at = 0; at < count; at += 1) {
      const name = `asset-${String(at).padStart(5, '0')}`
      await world.ledger.commit(
        name,
        undefined,
        transitionOf({ open: 1 }, { gatherings: [gatheringOf('t')] }),
      )
    }
    const page = await world.lakemark.status.assets({ limit: 10, state: 'failed' })
    expect(page.items).toEqual([])
    expect(looked).toBe(MAX_ASSETS_LOOKED_AT)
    const next = await world.lakemark.status.assets({
      limit: 1000,
      q: 'asset',
      continuation: page.continuation,
    })
    expect(next.items).toHaveLength(500)
    expect(next.items[0]?.name).toBe(`asset-0${MAX_ASSETS_LOOKED_AT}`)
  })

  it('ends its look after some seconds, with a continuation', async () => {
    const world = createWorld({
      ledger: ledger => ({
        ...ledger,
        async listAssets(request) {
          world.pass(5 * SECOND)
          return ledger.listAssets({ ...request, limit: 1 })
        },
      }),
    })
    await drop(world, 'one/a.csv', 'one/b.csv', 'one/c.csv', 'one/d.csv')
    const page = await world.lakemark.status.assets({ limit: 10 })
    expect(page.items.map(({ name }) => name)).toEqual(['one-a', 'one-b'])
    const rest = await world.lakemark.status.assets({ limit: 10, continuation: page.continuation })
    expect(rest.items.map(({ name }) => name)).toEqual(['one-c', 'one-d'])
  })

  it('ends its look also among those that were listed at once', async () => {
    const world = createWorld({
      ledger: ledger => ({
        ...ledger,
        async readVersions(...asked) {
          world.pass(SECOND / 4)
          return ledger.readVersions(...asked)
        },
      }),
    })
    const paths = Array.from({ length: 100 }, (_, at) => `two/${100 + at}.csv`)
    await drop(world, ...paths)
    const names: string[] = []
    let continuation: string | undefined
    let pages = 0
    do {
      const page = await world.lakemark.status.assets({ limit: 1000, continuation })
      names.push(...page.items.map(({ name }) => name))
      expect(page.items.length).toBeLessThanOrEqual(50)
      continuation = page.continuation
      pages += 1
    } while (continuation !== undefined)
    expect(names).toEqual(paths.map(path => path.replace('two/', 'two-').replace('.csv', '')))
    expect(pages).toBeGreaterThan(1)
  })

  it('does not read more than the heads of those that cannot meet the conditions', async () => {
    let reads = 0
    const world = createWorld({
      ledger: ledger => ({
        ...ledger,
        async readVersions(...asked) {
          reads += 1
          return ledger.readVersions(...asked)
        },
      }),
    })
    await drop(world, 'one/a.csv', 'one/b.csv', 'two/c.csv')
    reads = 0
    expect(await named(world, { state: 'gathering' })).toEqual([])
    expect(await named(world, { state: 'pending' })).toEqual([])
    expect(await named(world, { q: 'zzz' })).toEqual([])
    expect(reads).toBe(0)
    expect(await named(world, { workspace: 'ml-forecast' })).toEqual(['one-a', 'one-b'])
    expect(reads).toBe(2)
  })

  it.each(['', 'one-a', 'after.', 'after.!', 'after.AA', `after.${'QUFB'.repeat(300)}`])(
    'refuses %j as a continuation',
    async continuation => {
      await expect(createWorld().lakemark.status.assets({ limit: 1, continuation })).rejects.toThrow(
        /continuation: not one that was given out/,
      )
    },
  )

  it('says which assets cannot be read, and why', async () => {
    const world = createWorld({
      ledger: ledger => ({
        ...ledger,
        async listAssets(request) {
          const { items, next } = await ledger.listAssets(request)
          const unreadable = 'ledger row one-a/head has layout 9'
          return {
            items: items.map(it =>
              it.name === 'one-a' ? { name: it.name, head: undefined, unreadable } : it,
            ),
            next,
          }
        },
      }),
    })
    await drop(world, 'one/a.csv', 'one/b.csv')
    expect(await world.lakemark.status.assets({ limit: 10 })).toMatchObject({
      items: [{ name: 'one-b' }],
      unreadable: [{ name: 'one-a', reason: 'ledger row one-a/head has layout 9' }],
    })
    expect(await world.lakemark.status.assets({ limit: 10, q: 'b' })).toMatchObject({ unreadable: [] })
  })

  it('counts what gathers of one rule beside the version of another', async () => {
    const world = createWorld()
    const gatherings = [gatheringOf('t', { spec: specOf({ rule: 'other', workspaces: ['ml-forecast'] }) })]
    await drop(world, 'two/a.csv')
    const state = await world.ledger.readWork('two-a')
    if (state === undefined) throw new Error('it was dropped')
    await world.ledger.commit('two-a', state.etag, {
      ...transitionOf({}, { gatherings }),
      head: { ...state.head, open: 1 },
    })
    expect(await named(world, { rule: 'two' })).toEqual(['two-a'])
    expect(await named(world, { rule: 'other' })).toEqual(['two-a'])
    expect(await named(world, { rule: 'other', state: 'registered' })).toEqual([])
    expect(await named(world, { rule: 'other', state: 'gathering' })).toEqual(['two-a'])
    expect(await named(world, { rule: 'two', workspace: 'ml-forecast' })).toEqual([])
  })
})
