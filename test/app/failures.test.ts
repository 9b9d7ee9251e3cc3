import { describe, expect, it } from 'vitest'
import type { FailuresWanted } from '../../src/app/failures/failure.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { DAY, MINUTE, SECOND } from '../../src/core/time.ts'
import { createMemoryWorld, FILES_RULE, FOLDER_RULE } from '../support/memory-world.ts'

const BOTH_RULES = `${FOLDER_RULE}${FILES_RULE.replace('\nrules:\n', '')}`
const FOLDERS_RULE = `
rules:
  - { name: folders, from: contosolake/silver, match: "more/{name}/*.csv", asset: "{name}", type: uri_folder, to: [retail] }
`
const anyone = { continuation: undefined, mayRetry: () => true }
const none = { started: 0, cleared: 0, left: 0, notAllowed: 0, continuation: undefined }

/** An Azure ML of which workspaces refuse everything for good while they are in `refusing`. */
function createFailingWorld(rules = BOTH_RULES) {
  const refusing = new Set<string>()
  let puts = 0
  const world = createMemoryWorld(rules, ({ azureMl }) => ({
    azureMl: {
      ...azureMl,
      async putVersion(workspace, ...version) {
        puts += 1
        if (refusing.has(workspace.alias)) throw new PermanentError(`${workspace.alias} is gone`)
        return azureMl.putVersion(workspace, ...version)
      },
    },
  }))
  const { failures } = world.lakemark
  return {
    ...world,
    failures,
    refusing,
    puts: () => puts,
    /** Uploaded, taken in, and worked on. */
    async take(...paths: string[]) {
      await world.deliver(...paths.map(path => world.upload(path)))
      await world.drain()
    },
    list: async (wanted: FailuresWanted = {}) => (await failures.list(wanted, { limit: 100 })).items,
    async noted() {
      return (await world.failureIndex.list({}, { limit: 1000 })).items.length
    },
  }
}

describe('the list of failures', () => {
  it('shows a delivery that a workspace has refused for good, with all that is known of it', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast')
    await world.take('files/orders.csv', 'files/stock.csv')
    expect(await world.list()).toEqual([
      {
        id: 'delivery.orders.1.ml-forecast',
        kind: 'delivery',
        rule: 'files',
        asset: 'orders',
        version: 1,
        workspace: 'ml-forecast',
        file: 'contosolake/silver/files/orders.csv',
        reason: 'ml-forecast is gone',
        since: new Date(world.clock.now()).toISOString(),
      },
      expect.objectContaining({ id: 'delivery.stock.1.ml-forecast' }),
    ])
  })

  it('shows what is asked for', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast').add('ml-retail')
    await world.take('files/orders.csv', 'sales/eu/dt=1/a.parquet', 'sales/eu/dt=1/_SUCCESS')
    await world.ledger.refuse([refusalOf(world, 'files/-.csv')])
    const ids = async (wanted: FailuresWanted) => (await world.list(wanted)).map(({ id }) => id)
    const [orders, sales] = ['orders.1', 'sales-eu.1'].map(version =>
      ['ml-forecast', 'ml-retail'].map(alias => `delivery.${version}.${alias}`),
    )
    const refusal = `refusal.files.${world.fileKey('files/-.csv')}`
    expect(await ids({})).toEqual([...(orders ?? []), ...(sales ?? []), refusal])
    expect(await ids({ kind: 'delivery', asset: 'orders' })).toEqual(orders)
    expect(await ids({ kind: 'refusal' })).toEqual([refusal])
    expect(await ids({ kind: 'message' })).toEqual([])
    expect(await ids({ rule: 'folder' })).toEqual(sales)
    expect(await ids({ rule: 'files' })).toEqual([...(orders ?? []), refusal])
    expect(await ids({ workspace: 'ml-retail' })).toEqual([orders?.[1], sales?.[1]])
    expect(await ids({ q: 'SILVER/Files/' })).toEqual([...(orders ?? []), refusal])
    expect(await ids({ q: 'forecast is GONE' })).toEqual([orders?.[0], sales?.[0]])
    expect(await ids({ q: 'nowhere' })).toEqual([])
  })

  it('comes page by page, deliveries first, nothing twice and nothing left out', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast').add('ml-retail')
    const names = Array.from({ length: 15 }, (_, at) => `files/file-${at}.csv`)
    await world.take(...names)
    await world.ledger.refuse(names.map(name => refusalOf(world, name)))
    const seen: string[] = []
    let continuation: string | undefined
    do {
      const page = await world.failures.list({}, { limit: 4, continuation })
      expect(page.items.length).toBeLessThanOrEqual(4)
      seen.push(...page.items.map(({ id }) => id))
      continuation = page.continuation
    } while (continuation !== undefined)
    expect(new Set(seen).size).toBe(45)
    expect(seen).toHaveLength(45)
    expect(seen.findLastIndex(id => id.startsWith('delivery'))).toBe(29)
  })

  it('looks for some seconds at most, however many there are and however slow the ledger is', async () => {
    const world = createFailingWorld()
    const rows = Array.from({ length: 1000 }, (_, at) => `gone-${at}`)
    for (const asset of rows) {
      const told = { rule: 'files', file: 'a/b/c', reason: 'x', notedAt: world.clock.now() }
      await world.failureIndex.note(asset, [{ asset, ordinal: 1, workspace: 'ml-retail', ...told }])
    }
    let asked = 0
    const { readWork } = world.ledger
    world.ledger.readWork = async asset => {
      asked += 1
      world.pass(SECOND / 10)
      return readWork(asset)
    }
    const { items, continuation } = await world.failures.list({}, { limit: 1000 })
    expect([items, asked, continuation]).toEqual([[], 200, expect.stringMatching(/^deliveries\../)])
    const next = await world.failures.list({}, { limit: 1000, continuation })
    expect([asked, next.continuation]).toEqual([400, expect.stringMatching(/^deliveries\../)])
  })

  it('looks at so many pages at most for one request, and says where to go on', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast')
    await world.take(...Array.from({ length: 30 }, (_, at) => `files/file-${at}.csv`))
    const page = await world.failures.list({ q: 'nowhere' }, { limit: 2 })
    expect(page.items).toEqual([])
    expect(page.continuation).toMatch(/^deliveries\./)
    await expect(world.failures.list({}, { limit: 2, continuation: 'x.1' })).rejects.toThrow(PermanentError)
  })

  it('leaves out what has not failed any more, and strikes it off', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast')
    await world.take('files/orders.csv')
    world.refusing.clear()
    await world.lakemark.retry('orders')
    expect(await world.list()).toEqual([])
    await world.drain()
    expect([await world.list(), await world.noted()]).toEqual([[], 1])
    world.pass(3 * MINUTE)
    expect([await world.list(), await world.noted()]).toEqual([[], 0])
  })

  it('shows a failure whose worker died before it could tell the ledger, as soon as the ledger knows', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast').add('ml-retail')
    const { commit } = world.ledger
    let dying = true
    world.ledger.commit = async (asset, etag, transition) => {
      const hasFailed = transition.versions.some(({ outcomes }) => Object.keys(outcomes).length > 0)
      if (hasFailed && dying) throw new TransientError('the process dies')
      return commit(asset, etag, transition)
    }
    await world.deliver(world.upload('files/orders.csv'))
    await expect(world.lakemark.work(['orders'], { redelivered: false })).rejects.toThrow('dies')
    expect([await world.list(), await world.noted()]).toEqual([[], 2])
    dying = false
    world.pass(10 * MINUTE)
    await world.lakemark.work(['orders'], { redelivered: true })
    expect((await world.list()).map(({ workspace }) => workspace)).toEqual(['ml-forecast', 'ml-retail'])
  })

  it('does not let a worker tell the ledger of a failure that may have been struck off meanwhile', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast')
    const { note } = world.failureIndex
    world.failureIndex.note = async (...failures) => {
      await note(...failures)
      world.pass(90_000)
    }
    await world.deliver(world.upload('files/orders.csv'))
    await expect(world.lakemark.work(['orders'], { redelivered: false })).rejects.toThrow(TransientError)
    expect((await world.lakemark.status.asset('orders'))?.workspaces['ml-forecast']?.state).toBe('pending')
  })

  it('is counted without being read', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast')
    await world.take('files/orders.csv', 'files/stock.csv')
    await world.ledger.refuse([refusalOf(world, 'files/-.csv')])
    await world.lakemark.recordPoison({ kind: 'assets', assets: ['orders'] })
    expect(await world.failures.count()).toEqual({
      counts: { delivery: 2, refusal: 1, message: 1, 'dead-letter': 0 },
      isAtLeast: false,
    })
  })
})

describe('the list of failures, where it is long', () => {
  const gone = (world: ReturnType<typeof createFailingWorld>, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, at) => {
        const told = { rule: 'files', file: 'a/b/c', reason: 'x', notedAt: world.clock.now() }
        return world.failureIndex.note(`gone-${at}`, [
          { asset: `gone-${at}`, ordinal: 1, workspace: 'ml-retail', ...told },
        ])
      }),
    )

  it('is counted up to a thousand, and said to be longer', async () => {
    const world = createFailingWorld()
    await gone(world, 1000)
    expect(await world.failures.count()).toMatchObject({ counts: { delivery: 1000 }, isAtLeast: false })
    await world.failureIndex.note('more', [
      { asset: 'more', ordinal: 1, workspace: 'x', rule: 'files', file: 'a', reason: 'x', notedAt: 0 },
    ])
    expect(await world.failures.count()).toMatchObject({ counts: { delivery: 1000 }, isAtLeast: true })
  })

  it('is looked at for one page of the ledger, however long that takes', async () => {
    const world = createFailingWorld()
    await gone(world, 1)
    world.refusing.add('ml-forecast')
    await world.take('files/orders.csv')
    const { list } = world.failureIndex
    world.failureIndex.list = async (...parameters) => {
      world.pass(MINUTE)
      return list(...parameters)
    }
    const page = await world.failures.list({}, { limit: 10 })
    expect([page.items.length, page.continuation]).toEqual([1, 'refusals.'])
  })

  it('is cleaned for some minutes at a time, and goes on where it ended', async () => {
    const world = createFailingWorld()
    await gone(world, 2000)
    world.failureIndex.remove = async () => undefined
    const asked: string[] = []
    const { readWork } = world.ledger
    world.ledger.readWork = async asset => {
      asked.push(asset)
      world.pass(SECOND)
      return readWork(asset)
    }
    await world.failures.clean()
    const first = asked.length
    expect(first).toBeGreaterThan(0)
    expect(first).toBeLessThan(2000)
    await world.failures.clean()
    expect(asked.length).toBeGreaterThan(first)
    expect(new Set(asked).size).toBe(asked.length)
  })
})

describe('trying failures again', () => {
  it('delivers one, and no other', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast').add('ml-retail')
    await world.take('files/orders.csv')
    world.refusing.clear()
    const retried = await world.failures.retry({ id: 'delivery.orders.1.ml-retail' }, anyone)
    expect(retried).toEqual({ ...none, started: 1 })
    await world.drain()
    expect((await world.list()).map(({ id }) => id)).toEqual(['delivery.orders.1.ml-forecast'])
    expect(await world.registered('ml-retail', 'orders')).toEqual({ 1: 'files/orders.csv' })
    for (const id of ['delivery.orders.1.ml-retail', 'delivery.none.1.ml-retail', 'refusal.files.x', '?']) {
      expect(await world.failures.retry({ id }, anyone)).toBeUndefined()
    }
  })

  it('delivers those of a workspace, a rule or an asset, each in the order of cutting', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast').add('ml-retail')
    for (let version = 1; version <= 30; version += 1) await world.take('files/orders.csv')
    await world.take('sales/eu/dt=1/a.parquet', 'sales/eu/dt=1/_SUCCESS')
    world.refusing.clear()
    const retry = (wanted: FailuresWanted) => world.failures.retry({ filter: wanted }, anyone)
    expect(await retry({ workspace: 'ml-retail', asset: 'orders' })).toEqual({ ...none, started: 30 })
    await world.drain()
    expect(Object.keys(await world.registered('ml-retail', 'orders'))).toHaveLength(30)
    expect(await world.registered('ml-forecast', 'orders')).toEqual({})
    expect(await retry({ rule: 'folder' })).toEqual({ ...none, started: 2 })
    expect(await retry({ kind: 'refusal' })).toEqual(none)
    expect(await retry({})).toEqual({ ...none, started: 30 })
    await world.drain()
    expect(await world.list()).toEqual([])
  })

  it('takes so many at a time, and goes on where it ended', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast')
    await world.take(...Array.from({ length: 250 }, (_, at) => `files/file-${at}.csv`))
    const first = await world.failures.retry({ filter: {} }, anyone)
    expect(first).toMatchObject({ started: 200, continuation: expect.any(String) })
    const rest = await world.failures.retry({ filter: {} }, { ...anyone, continuation: first?.continuation })
    expect(rest).toEqual({ ...none, started: 50 })
  })

  it('goes on behind those that it has left, and does not begin with them again', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast')
    await world.take('sales/eu/dt=1/a.parquet', 'sales/eu/dt=1/_SUCCESS')
    await world.take(...Array.from({ length: 220 }, (_, at) => `files/file-${at}.csv`))
    const mayRetry = (rule: string | undefined) => rule === 'folder'
    let continuation: string | undefined
    const reports = []
    do {
      const report = await world.failures.retry({ filter: {} }, { continuation, mayRetry })
      reports.push([report?.started, report?.notAllowed])
      continuation = report?.continuation
    } while (continuation !== undefined && reports.length < 9)
    expect(reports).toEqual([
      [0, 200],
      [1, 20],
    ])
  })

  it('leaves those of rules that the caller may not operate', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast')
    await world.take('files/orders.csv', 'sales/eu/dt=1/a.parquet', 'sales/eu/dt=1/_SUCCESS')
    await world.ledger.refuse([refusalOf(world, 'files/-.csv')])
    await world.lakemark.recordPoison({ kind: 'assets', assets: ['orders'] })
    const mayRetry = (rule: string | undefined) => rule === 'folder'
    const report = await world.failures.retry({ filter: {} }, { continuation: undefined, mayRetry })
    expect(report).toEqual({ ...none, started: 1, notAllowed: 3 })
    expect(await world.failures.ruleOf('delivery.orders.1.ml-forecast')).toBe('files')
    expect(await world.failures.ruleOf(`refusal.files.${world.fileKey('files/-.csv')}`)).toBe('files')
    expect(await world.failures.ruleOf('delivery.orders.2.ml-forecast')).toBeUndefined()
  })

  it('shows what fails again as a failure again', async () => {
    const world = createFailingWorld()
    world.refusing.add('ml-forecast')
    await world.take('files/orders.csv')
    world.pass(5 * MINUTE)
    await world.failures.retry({ filter: {} }, anyone)
    await world.drain()
    expect((await world.list()).map(({ since }) => since)).toEqual([
      new Date(world.clock.now()).toISOString(),
    ])
  })
})

describe('a refused file', () => {
  const LONG = 'x'.repeat(40)

  async function refuseOne() {
    const world = createFailingWorld()
    await world.ledger.refuse([refusalOf(world, `files/${LONG}.csv`)])
    world.pass(5 * MINUTE)
    const put = () => world.upload(`files/${LONG}.csv`)
    return { world, put, id: `refusal.files.${world.fileKey(`files/${LONG}.csv`)}` }
  }

  it('is taken in when it is tried again and nothing is in the way any more', async () => {
    const { world, put, id } = await refuseOne()
    put()
    expect(await world.failures.retry({ id }, anyone)).toEqual({ ...none, started: 1 })
    await world.drain()
    expect(await world.registered('ml-retail', LONG)).toEqual({ 1: `files/${LONG}.csv` })
    expect(await world.list()).toEqual([])
  })

  it('is refused again for the same reason, and keeps the time since when it is', async () => {
    const world = createFailingWorld()
    const begun = new Date(world.clock.now()).toISOString()
    await world.take('files/orders.csv')
    world.useRules(FOLDERS_RULE)
    await world.take('more/orders/a.csv')
    expect(await world.list()).toMatchObject([{ rule: 'folders', asset: 'orders', since: begun }])
    world.pass(DAY)
    const report = await world.failures.retry({ filter: { asset: 'orders' } }, anyone)
    expect(report).toEqual({ ...none, left: 1 })
    expect(await world.list()).toMatchObject([{ rule: 'folders', since: begun }])
  })

  it('is struck off when it no longer lies in the lake', async () => {
    const { world } = await refuseOne()
    await world.failures.clean()
    expect(await world.list()).toEqual([])
  })

  it('is struck off when it has been registered meanwhile', async () => {
    const { world, put } = await refuseOne()
    await world.deliver(put())
    await world.drain()
    const { puts } = world
    const before = puts()
    await world.failures.clean()
    await world.drain()
    expect([await world.list(), puts()]).toEqual([[], before])
  })

  it('is struck off when its rule is gone, or wants it no longer, but not by rules that may be old', async () => {
    const { world, put } = await refuseOne()
    put()
    world.useRules(FILES_RULE.replace('files/{name}.csv', 'elsewhere/{name}.csv'))
    await world.ledger.refuse([refusalOf(world, 'files/now.csv')])
    await world.failures.clean()
    expect((await world.list()).map(({ file }) => file)).toEqual(['contosolake/silver/files/now.csv'])
    world.pass(5 * MINUTE)
    world.useRules(FOLDER_RULE)
    await world.failures.clean()
    expect(await world.list()).toEqual([])
  })

  it('is not looked for where no rule watches any more: whoever has the account now is shown no token', async () => {
    const world = createFailingWorld()
    const accounts: string[] = []
    const { head } = world.lake
    world.lake.head = ref => {
      accounts.push(ref.account)
      return head(ref)
    }
    const ref = { account: 'formerlake', container: 'silver', path: 'files/orders.csv' }
    const refusal = {
      ...refusalOf(world, 'files/orders.csv'),
      ref,
      rule: 'register:weather',
      asset: 'weather',
    }
    await world.ledger.refuse([refusal])
    world.pass(2 * MINUTE)
    const retried = await world.failures.retry({ filter: { rule: 'register:weather' } }, anyone)
    expect([retried, accounts]).toEqual([{ ...none, cleared: 1 }, []])
  })

  it('that a request asked for is left to the request, until it is registered or gone', async () => {
    const world = createFailingWorld()
    const requested = (path: string) => ({
      ...refusalOf(world, path),
      rule: 'register:weather',
      asset: 'orders',
    })
    await world.ledger.refuse([requested('files/orders.csv'), requested('files/gone.csv')])
    world.pass(5 * MINUTE)
    world.upload('files/orders.csv')
    const retried = await world.failures.retry({ filter: { rule: 'register:weather' } }, anyone)
    expect(retried).toEqual({ ...none, cleared: 1, left: 1 })
    const [{ id = '' } = {}] = await world.list()
    expect(id).toBe(`refusal.register:weather.${world.fileKey('files/orders.csv')}`)
    await world.take('files/orders.csv')
    expect(await world.failures.retry({ id }, anyone)).toEqual({ ...none, cleared: 1 })
    expect(await world.list()).toEqual([])
  })

  it('stays while the lake does not answer', async () => {
    const { world, id } = await refuseOne()
    world.lake.head = async () => {
      throw new TransientError('the lake is away')
    }
    expect(await world.failures.retry({ id }, anyone)).toEqual({ ...none, left: 1 })
    await world.failures.clean()
    expect(await world.list()).toHaveLength(1)
  })
})

describe('a poisoned message', () => {
  const listing = {
    kind: 'listing' as const,
    folder: { account: 'contosolake', container: 'silver', path: 'files' },
    continuation: 'somewhere',
    backfill: { rules: ['files'], since: 0 },
  }

  it('is taken up again', async () => {
    const world = createFailingWorld()
    await world.deliver(world.upload('files/orders.csv'))
    world.queue.take()
    await world.lakemark.recordPoison({ kind: 'assets', assets: ['orders'] })
    await world.lakemark.recordPoison(listing)
    await world.lakemark.recordPoison({ kind: 'unreadable', text: 'gibberish' })
    expect((await world.list()).map(({ kind, rule, file }) => [kind, rule, file])).toEqual(
      Array.from({ length: 3 }, () => ['message', null, null]),
    )
    const report = await world.failures.retry({ filter: { kind: 'message' } }, anyone)
    expect(report).toEqual({ ...none, started: 2, cleared: 1 })
    expect(world.queue.take()).toEqual(
      expect.arrayContaining([
        { kind: 'assets', assets: ['orders'] },
        { ...listing, continuation: undefined },
      ]),
    )
    expect(await world.list()).toEqual([])
  })

  it('is struck off once its asset has nothing outstanding, or its listing has come through', async () => {
    const world = createFailingWorld()
    await world.deliver(world.upload('files/orders.csv'))
    await world.lakemark.recordPoison({ kind: 'assets', assets: ['orders'] })
    await world.lakemark.recordPoison(listing)
    await world.lakemark.recordPoison({ kind: 'unreadable', text: 'gibberish' })
    await world.failures.clean()
    expect(await world.list()).toHaveLength(3)
    await world.drain()
    await world.failures.clean()
    expect((await world.list()).map(({ asset }) => asset)).toEqual([null, null])
    world.pass(2 * DAY)
    await world.failures.clean()
    expect((await world.list()).map(({ reason }) => reason)).toEqual([
      expect.stringContaining('unreadable message: gibberish'),
    ])
  })
})

function refusalOf(world: { clock: { now(): number }; fileKey(path: string): string }, path: string) {
  const ref = { account: 'contosolake', container: 'silver', path }
  const at = world.clock.now()
  const reason = 'no legal name'
  return { rule: 'files', ref, key: world.fileKey(path), etag: '0x1', asset: undefined, reason, at }
}
