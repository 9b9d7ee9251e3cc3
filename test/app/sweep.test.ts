import { describe, expect, it } from 'vitest'
import { TransientError } from '../../src/core/errors.ts'
import { MINUTE } from '../../src/core/time.ts'
import { createMemoryWorld, FILES_RULE, FOLDER_RULE } from '../support/memory-world.ts'

describe('the sweep', () => {
  it('wakes work whose message was lost', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.deliver(world.upload('files/orders.csv'))
    world.queue.take()
    world.pass(MINUTE)
    expect(await world.lakemark.sweep()).toMatchObject({ woken: 0 })
    world.pass(5 * MINUTE)
    expect(await world.lakemark.sweep()).toMatchObject({ woken: 1, oldestMs: 6 * MINUTE })
    await world.drain()
    expect(await world.registered('ml-retail', 'orders')).toEqual({ 1: 'files/orders.csv' })
  })

  it('leaves alone what is not due, and strikes off what is done', async () => {
    const world = createMemoryWorld(`${FOLDER_RULE}${FILES_RULE.replace('\nrules:\n', '')}`)
    await world.deliver(world.upload('files/orders.csv'), world.upload('sales/eu/dt=1/a.parquet'))
    await world.drain({ forMs: MINUTE })
    world.pass(3 * MINUTE)
    expect(await world.lakemark.sweep()).toMatchObject({ looked: 2, woken: 0, struck: 1, postponed: 1 })
    expect(await world.lakemark.sweep()).toMatchObject({ looked: 0 })
    await world.drain()
    expect(await world.registered('ml-retail', 'sales-eu')).toEqual({ 1: 'sales/eu' })
  })

  it('leaves an entry that it cannot read, and goes on with the others', async () => {
    const world = createMemoryWorld(FILES_RULE, ({ agenda }) => ({
      agenda: {
        ...agenda,
        async overdue(...call) {
          const { items, continuation } = await agenda.overdue(...call)
          return { items: [{ id: 'strange', etag: '1', assets: [], wakeAt: 0 }, ...items], continuation }
        },
      },
    }))
    await world.deliver(world.upload('files/orders.csv'))
    world.queue.take()
    world.pass(5 * MINUTE)
    expect(await world.lakemark.sweep()).toMatchObject({ looked: 1, woken: 1, unreadable: 1 })
  })

  it('finds work that a process recorded and died before it could announce', async () => {
    let dies = true
    const world = createMemoryWorld(FILES_RULE, ({ queue }) => ({
      queue: {
        async enqueue(messages) {
          if (dies) throw new TransientError('the process is gone')
          return queue.enqueue(messages)
        },
      },
    }))
    const event = world.upload('files/orders.csv')
    await expect(world.deliver(event)).rejects.toBeInstanceOf(TransientError)
    dies = false
    await world.deliver(event)
    await world.drain()
    expect(Object.keys(await world.registered('ml-retail', 'orders'))).toEqual(['1'])
  })
})

describe('two workers at one asset', () => {
  it('send each version once', async () => {
    let sent = 0
    const world = createMemoryWorld(FILES_RULE, ({ azureMl }) => ({
      azureMl: {
        ...azureMl,
        async putVersion(...call) {
          sent += 1
          await new Promise(resolve => setImmediate(resolve))
          return azureMl.putVersion(...call)
        },
      },
    }))
    await world.deliver(world.upload('files/orders.csv'))
    await Promise.all([1, 2, 3].map(() => world.lakemark.work(['orders'], { redelivered: false })))
    await world.drain()
    expect(sent).toBe(2)
  })

  it('leave nothing undone when one of them dies in the middle', async () => {
    const world = createMemoryWorld(FILES_RULE, ({ ledger }) => {
      let commits = 0
      return {
        ledger: {
          ...ledger,
          async commit(...call) {
            commits += 1
            // The third commit of the asset is the first worker's record of its deliveries.
            if (commits === 3) throw new TransientError('the process is gone')
            return ledger.commit(...call)
          },
        },
      }
    })
    await world.deliver(world.upload('files/orders.csv'))
    const [message] = world.queue.take()
    if (message?.kind !== 'assets') throw new Error('intake announces the asset')
    await expect(world.lakemark.work(message.assets, { redelivered: false })).rejects.toBeInstanceOf(
      TransientError,
    )
    await world.lakemark.work(message.assets, { redelivered: true })
    await world.drain()
    expect(Object.keys(await world.registered('ml-retail', 'orders'))).toEqual(['1'])
    expect((await world.lakemark.status.asset('orders'))?.workspaces['ml-retail']?.state).toBe('registered')
  })
})
