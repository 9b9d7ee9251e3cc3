import { describe, expect, it } from 'vitest'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'

describe('a message that failed in every attempt', () => {
  const reasons = async (world: ReturnType<typeof createMemoryWorld>) =>
    (await world.lakemark.failures.list({}, { limit: 10 })).items.map(({ asset, reason }) => [asset, reason])

  it('about assets is a failure of each, and the sweep goes on with their work', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.deliver(world.upload('files/orders.csv'))
    world.queue.take()
    await world.lakemark.recordPoison({ kind: 'assets', assets: ['orders', 'other'] })
    expect(await reasons(world)).toEqual([
      ['orders', 'work on orders failed in every attempt; the log tells why'],
      ['other', 'work on other failed in every attempt; the log tells why'],
    ])
    world.pass(300_000)
    await world.lakemark.sweep()
    await world.drain()
    expect(await world.registered('ml-retail', 'orders')).toEqual({ 1: 'files/orders.csv' })
  })

  it('about a page of a listing that nobody gave out has the folder listed from its beginning', async () => {
    const world = createMemoryWorld(FILES_RULE)
    world.upload('files/orders.csv')
    const folder = { account: 'contosolake', container: 'silver', path: 'files' }
    await world.lakemark.recordPoison({ kind: 'listing', folder, continuation: 'zzz', backfill: undefined })
    await world.drain()
    expect(await world.registered('ml-retail', 'orders')).toEqual({ 1: 'files/orders.csv' })
  })

  it('about a listing is a failure, and the listing is taken up again', async () => {
    const world = createMemoryWorld(FILES_RULE)
    world.upload('files/orders.csv')
    const folder = { account: 'contosolake', container: 'silver', path: 'files' }
    await world.lakemark.recordPoison({
      kind: 'listing',
      folder,
      continuation: undefined,
      backfill: undefined,
    })
    expect(await reasons(world)).toEqual([
      [null, 'listing of silver/files failed in every attempt; the log tells why'],
    ])
    await world.drain()
    expect(await world.registered('ml-retail', 'orders')).toEqual({ 1: 'files/orders.csv' })
  })
})
