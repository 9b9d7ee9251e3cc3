import { describe, expect, it } from 'vitest'
import { MINUTE, SECOND } from '../../src/core/time.ts'
import { createMemoryWorld, FOLDER_RULE } from '../support/memory-world.ts'

const part = (index: number, date = '2026-01-15') => `sales/eu/dt=${date}/part-${index}.parquet`

async function versionsOf(world: ReturnType<typeof createMemoryWorld>, asset = 'sales-eu') {
  const versions = await world.ledger.readVersions(asset, { from: 1, limit: 100 })
  return versions.map(({ files, cause }) => ({ files, cause }))
}

describe('a rule that settles', () => {
  it('cuts one version of the folder once nothing has come for the quiet time', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    for (let index = 0; index < 10; index += 1) {
      await world.deliver(world.upload(part(index)))
      await world.drain({ forMs: MINUTE })
    }
    expect(await versionsOf(world)).toEqual([])
    await world.drain({ forMs: 4 * MINUTE + SECOND })
    expect(await versionsOf(world)).toEqual([{ files: 10, cause: 'settled' }])
    expect(await world.registered('ml-retail', 'sales-eu')).toEqual({ 1: 'sales/eu' })
    expect(await world.registered('ml-forecast', 'sales-eu')).toEqual({ 1: 'sales/eu' })
  })

  it('cuts at the latest after maxWait, and gathers what comes later for the next', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    for (let index = 0; index < 70; index += 1) {
      await world.deliver(world.upload(part(index)))
      await world.drain({ forMs: MINUTE })
    }
    await world.drain()
    const versions = await versionsOf(world)
    expect(versions.map(({ cause }) => cause)).toEqual(['maxWait', 'settled'])
    expect(versions.reduce((files, version) => files + version.files, 0)).toBe(70)
  })

  it('cuts as soon as the marker lands in the folder', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    await world.deliver(world.upload(part(1)), world.upload(part(2)))
    await world.deliver(world.upload('sales/eu/dt=2026-01-15/_SUCCESS', { sizeBytes: 0 }))
    await world.drain({ forMs: SECOND })
    expect(await versionsOf(world)).toEqual([{ files: 2, cause: 'marker' }])
  })

  it('does not cut again for a marker that is reported again', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    const marker = world.upload('sales/eu/_SUCCESS', { sizeBytes: 0 })
    await world.deliver(world.upload(part(1)), marker)
    await world.deliver(world.upload(part(2)))
    await world.deliver(marker)
    await world.drain({ forMs: SECOND })
    expect(await versionsOf(world)).toEqual([{ files: 1, cause: 'marker' }])
  })

  it('counts a file once that is overwritten while it settles, and not at all when it is removed', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    await world.deliver(
      world.upload(part(1), { sizeBytes: 100 }),
      world.upload(part(2)),
      world.upload(part(3)),
    )
    await world.deliver(world.upload(part(1), { sizeBytes: 7 }))
    await world.deliver(world.removal(part(3)))
    await world.drain()
    const [version] = await world.ledger.readVersions('sales-eu', { from: 1, limit: 1 })
    expect(version).toMatchObject({ files: 2, bytes: 17 })
    const members = await world.ledger.readMembers('sales-eu', version?.cut ?? 0, { limit: 10 })
    expect(members.items.filter(({ ref }) => ref.path !== part(3))).toHaveLength(2)
  })

  it('cuts nothing where everything that gathered was removed again', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    await world.deliver(world.upload(part(1)))
    await world.deliver(world.removal(part(1)))
    await world.drain()
    expect(await versionsOf(world)).toEqual([])
    expect((await world.ledger.readWork('sales-eu'))?.head).toMatchObject({ open: 0, wakeAt: undefined })
  })

  it('gives the same fingerprint whatever the order in which the files came', async () => {
    const fingerprints = await Promise.all(
      [
        [1, 2, 3],
        [3, 1, 2],
      ].map(async order => {
        const world = createMemoryWorld(FOLDER_RULE)
        for (const index of order) await world.deliver(world.upload(part(index), { etag: `0x${index}` }))
        await world.drain()
        return (await world.ledger.readVersions('sales-eu', { from: 1, limit: 1 }))[0]?.fingerprint
      }),
    )
    expect(fingerprints[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(fingerprints[0]).toBe(fingerprints[1])
  })

  it('counts the members of a large burst right, whatever the batches', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    const events = Array.from({ length: 1000 }, (_, index) => world.upload(part(index)))
    await Promise.all([
      world.deliver(...events.slice(0, 400)),
      ...events.slice(300, 900).map(event => world.deliver(event)),
      world.deliver(...events.slice(850)),
    ])
    await world.drain()
    expect(await versionsOf(world)).toEqual([{ files: 1000, cause: 'settled' }])
  })

  it('gathers each folder for itself where an asset has several', async () => {
    const world = createMemoryWorld(FOLDER_RULE.replace('    folder: sales/{region}\n', ''))
    await world.deliver(world.upload(part(1, '2026-01-01')), world.upload(part(1, '2026-01-02')))
    await world.drain()
    const paths = Object.values(await world.registered('ml-retail', 'sales-eu'))
    expect(paths.sort()).toEqual(['sales/eu/dt=2026-01-01', 'sales/eu/dt=2026-01-02'])
  })
})
