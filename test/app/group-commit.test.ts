import { describe, expect, it } from 'vitest'
import type { Ledger } from '../../src/app/ports.ts'
import { TransientError } from '../../src/core/errors.ts'
import { createMemoryLedger } from '../../src/memory/ledger.ts'
import { createMemoryWorld, FOLDER_RULE } from '../support/memory-world.ts'

const FOLDER = 'sales/eu/dt=2026-01-15'
type Commit = Parameters<Ledger['commit']>
type MemoryWorld = ReturnType<typeof createMemoryWorld>

describe('news of one asset that comes together', () => {
  it('shares a transaction as far as one takes it', async () => {
    const { world, commits } = await inPairs()
    await world.deliver(...uploads(world, 2))
    expect(commits).toHaveLength(1)
  })

  it('is announced by one message, however many files it is of', async () => {
    const messages: unknown[] = []
    const world = createMemoryWorld(FOLDER_RULE, ({ queue }) => ({
      queue: {
        ...queue,
        async enqueue(sent) {
          messages.push(...sent)
          return queue.enqueue(sent)
        },
      },
    }))
    await world.deliver(...uploads(world, 90))
    expect(messages).toHaveLength(1)
  })

  it('is made ready while the transaction before it is under way, without knowing its etag', async () => {
    const { world, commits, hold } = await inPairs()
    const release = hold()
    const delivered = world.deliver(...uploads(world, 6))
    await turns()
    expect(commits.map(([, etag]) => etag instanceof Promise)).toEqual([false, true])
    release()
    await delivered
    expect(commits).toHaveLength(3)
    await expectFiles(world, 7)
  })

  it('is acknowledged transaction by transaction', async () => {
    const { world, hold } = await inPairs()
    const events = uploads(world, 4)
    const release = hold(2)
    const acknowledged: number[] = []
    const deliveries = events.map(async (event, index) => {
      await world.deliver(event)
      acknowledged.push(index)
    })
    await turns()
    expect(acknowledged).toEqual([0, 1])
    release()
    await Promise.all(deliveries)
    expect(acknowledged).toEqual([0, 1, 2, 3])
  })

  it('is told only after the transaction behind it was sent', async () => {
    const way = Promise.withResolvers<void>()
    let asked = 0
    const giveWay = () => {
      asked += 1
      return way.promise
    }
    const { world, commits, hold } = await inPairs(undefined, giveWay)
    const told: number[] = []
    const release = hold()
    const delivered = uploads(world, 4).map(async (event, index) => {
      await world.deliver(event)
      told.push(index)
    })
    await turns()
    release()
    await turns()
    // The second has gone out with the first one's etag, and may be through: of the first nobody has been told.
    expect(await commits[1]?.[1]).toBeTypeOf('string')
    expect([told.includes(0), told.includes(1), asked]).toEqual([false, false, 1])
    way.resolve()
    await Promise.all(delivered)
    expect(told.sort()).toEqual([0, 1, 2, 3])
    // Nothing followed the second one.
    expect(asked).toBe(1)
  })

  it('is tried again where somebody else was faster than the transaction before it', async () => {
    const { world, commits, hold } = await inPairs()
    const release = hold()
    const delivered = world.deliver(...uploads(world, 6))
    await turns()
    await anotherProcess(world).deliver(world.upload(`${FOLDER}/of-another-process.parquet`))
    release()
    await delivered
    expect(commits.length).toBeGreaterThan(3)
    await expectFiles(world, 8)
  })

  it('is recorded where the transaction before it fails, which those in it are told', async () => {
    const { world, hold } = await inPairs()
    const release = hold()
    const events = uploads(world, 6)
    const deliveries = events.map(event => world.deliver(event))
    const outcomes = Promise.allSettled(deliveries)
    await turns()
    release(new TransientError('the storage account is away'))
    expect((await outcomes).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ])
    await expectFiles(world, 5)
    await world.deliver(...events)
    await expectFiles(world, 7)
  })

  it('is not made ready ahead where it has to be on the agenda first: its entry would be too old by then', async () => {
    const { world, commits, hold } = await inPairs('dt=2026-01-14/_SUCCESS')
    const release = hold()
    const markers = ['dt=2026-01-15/_SUCCESS', 'dt=2026-01-16/_SUCCESS']
    const delivered = world.deliver(
      ...markers.map(marker => world.upload(`sales/eu/${marker}`)),
      ...uploads(world, 2),
    )
    await turns()
    expect(commits).toHaveLength(1)
    release()
    await delivered
    await expectFiles(world, 2)
  })

  it('is read for where one transaction has failed: what is remembered may be so no more', async () => {
    const gone = new Error('the head is not there')
    let ledger = createMemoryLedger()
    const world = createMemoryWorld(FOLDER_RULE, () => ({
      ledger: {
        ...ledger,
        readFiles: (...call) => ledger.readFiles(...call),
        async commit(asset, etag, transition) {
          const isLost = etag !== undefined && (await ledger.readWork(asset)) === undefined
          if (isLost) throw gone
          return ledger.commit(asset, etag, transition)
        },
      },
    }))
    const [first, ...others] = uploads(world, 3)
    await world.deliver(first)
    ledger = createMemoryLedger()
    await expect(world.deliver(...others)).rejects.toThrow(gone)
    await world.deliver(...others)
    await expectFiles({ ...world, ledger }, 2)
  })
})

describe('assets that take turns', () => {
  const turn = (world: MemoryWorld, asset: number, name: string) =>
    world.deliver(world.upload(`sales/region-${asset}/dt=2026-01-15/${name}.parquet`))

  it('are not read for again, a thousand of them', async () => {
    let reads = 0
    const world = createMemoryWorld(FOLDER_RULE, ({ ledger }) => ({
      ledger: {
        ...ledger,
        readFiles(...call) {
          reads += 1
          return ledger.readFiles(...call)
        },
      },
    }))
    for (const name of ['first', 'second', 'third']) {
      reads = 0
      for (let asset = 0; asset < 1000; asset += 1) await turn(world, asset, name)
    }
    expect(reads).toBe(0)
    await turn(world, 1000, 'first')
    reads = 0
    await turn(world, 0, 'fourth')
    expect(reads).toBe(0)
  })
})

/** Transactions of two; one has been made already, so that what comes next need not be read for. */
async function inPairs(first = 'dt=2026-01-15/first.parquet', giveWay?: () => Promise<void>) {
  const commits: Commit[] = []
  let held: { number: number; until: Promise<void> } | undefined
  const world = createMemoryWorld(FOLDER_RULE, ({ ledger }) => ({
    intentsPerCommit: 2,
    giveWay,
    ledger: {
      ...ledger,
      async commit(...call) {
        if (commits.push(call) === held?.number) await held.until
        return ledger.commit(...call)
      },
    },
  }))
  await world.deliver(world.upload(`sales/eu/${first}`))
  commits.length = 0

  /** The commit of this number waits; released, it goes on, or fails. */
  function hold(number = 1): (error?: Error) => void {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    held = { number, until: promise }
    return error => {
      if (error === undefined) resolve()
      else reject(error)
    }
  }
  return { world, commits, hold }
}

function uploads(world: MemoryWorld, count: number) {
  return Array.from({ length: count }, (_, index) => world.upload(`${FOLDER}/part-${index}.parquet`))
}

function anotherProcess({ ledger, agenda, queue, lake }: MemoryWorld) {
  return createMemoryWorld(FOLDER_RULE, () => ({ ledger, agenda, queue, lake }))
}

/** Whatever can go on without being released has. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await Promise.resolve()
}

/** So many gather for the folder's next version. */
async function expectFiles(world: MemoryWorld, files: number): Promise<void> {
  const state = await world.ledger.readWork('sales-eu')
  expect(state?.gatherings.map(gathering => gathering.files)).toEqual([files])
}
