import { describe, expect, it } from 'vitest'
import type { Lake } from '../../src/app/ports.ts'
import { TransientError } from '../../src/core/errors.ts'
import { MINUTE } from '../../src/core/time.ts'
import { createMemoryWorld, FILES_RULE, FOLDER_RULE } from '../support/memory-world.ts'

const refOf = (path: string) => ({ account: 'contosolake', container: 'silver', path })
const PART = 'sales/eu/dt=1/a.parquet'

describe('the explanation of a file', () => {
  it('is that of a directory where only its metadata says so', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const marker = { etag: '0x1', sizeBytes: 0, isDirectory: true, isBeingCopied: false }
    world.lake.put(refOf('files/a.csv'), marker)
    expect(await world.lakemark.explain(refOf('files/a.csv'))).toMatchObject({ isDirectory: true })
  })

  it('says that a file was never seen, and whether it lies in the lake', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const absent = await world.lakemark.explain(refOf('files/a.csv'))
    expect(absent).toMatchObject({
      file: 'contosolake/silver/files/a.csv',
      commit: 'abc1234',
      source: 'service',
      lake: { state: 'absent' },
      nearest: null,
      rules: [
        {
          rule: 'files',
          reason: null,
          result: { kind: 'matched', asset: 'a' },
          ledger: { recorded: null, gathering: null, version: null, refusal: null, obstacle: null },
        },
      ],
    })
    world.upload('files/a.csv', { etag: '0xA' })
    const lost = await world.lakemark.explain(refOf('files/a.csv'))
    expect(lost.lake).toEqual({
      state: 'there',
      etag: '0xA',
      sizeBytes: 10,
      isBeingCopied: false,
      isDirectory: false,
    })
    expect(lost.rules[0]?.ledger?.recorded).toBeNull()
  })

  it('shows what gathers, until when and why, and then the version in every workspace', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    await world.deliver(world.upload(PART, { etag: '0xA' }), world.upload('sales/eu/dt=2/b.parquet'))
    const [gathering] = (await world.lakemark.explain(refOf(PART))).rules
    expect(gathering?.ledger).toMatchObject({
      recorded: { at: '2026-01-15T12:00:00.000Z', etag: '0xA', sizeBytes: 10, removed: false },
      gathering: {
        files: 2,
        since: '2026-01-15T12:00:00.000Z',
        dueAt: '2026-01-15T12:05:00.000Z',
        cause: 'settled',
      },
      version: null,
    })
    await world.drain()
    const [cut] = (await world.lakemark.explain(refOf(PART))).rules
    expect(cut?.ledger).toMatchObject({
      gathering: null,
      version: {
        version: 1,
        files: 2,
        workspaces: {
          'ml-retail': { state: 'registered', reason: null },
          'ml-forecast': { state: 'registered', reason: null },
        },
      },
    })
  })

  it('finds the version of a file whose asset has many', async () => {
    const world = createMemoryWorld(FILES_RULE)
    for (let upload = 0; upload < 5; upload += 1) await world.deliver(world.upload('files/a.csv'))
    await world.drain()
    const [rule] = (await world.lakemark.explain(refOf('files/a.csv'))).rules
    expect(rule?.ledger?.version).toMatchObject({ version: 5, files: 1 })
  })

  it('shows what stands in the way of a delivery', async () => {
    const world = createMemoryWorld(FILES_RULE, plain => ({
      azureMl: {
        ...plain.azureMl,
        ensureDatastore: async workspace => {
          if (workspace.alias === 'ml-retail') throw new TransientError('ml-retail is asleep')
          return 'kept'
        },
      },
    }))
    await world.deliver(world.upload('files/a.csv'))
    await world.drain({ forMs: MINUTE })
    const [rule] = (await world.lakemark.explain(refOf('files/a.csv'))).rules
    expect(rule?.ledger?.version?.workspaces).toEqual({
      'ml-retail': { state: 'pending', reason: 'ml-retail is asleep' },
      'ml-forecast': { state: 'registered', reason: null },
    })
  })

  it('says that a file was removed, and keeps the version that it is part of', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.deliver(world.upload('files/a.csv'))
    await world.drain()
    await world.deliver(world.removal('files/a.csv'))
    const [rule] = (await world.lakemark.explain(refOf('files/a.csv'))).rules
    expect(rule?.ledger).toMatchObject({ recorded: { removed: true }, version: { version: 1 } })
  })

  it('shows a marker as recorded, in no version of its own', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    await world.deliver(world.upload('sales/eu/_SUCCESS'))
    const [rule] = (await world.lakemark.explain(refOf('sales/eu/_SUCCESS'))).rules
    expect(rule).toMatchObject({
      result: { kind: 'matched', role: 'marker' },
      ledger: { recorded: { removed: false }, gathering: null, version: null },
    })
  })

  it('shows why a file was refused', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await world.deliver(world.upload('files/日.csv'))
    const explained = await world.lakemark.explain(refOf('files/日.csv'))
    expect(explained.rules[0]).toMatchObject({
      result: { kind: 'refused', condition: 'asset' },
      reason: '"日" has no character that the name of an asset may have',
      ledger: { refusal: { reason: '"日" has no character that the name of an asset may have' } },
    })
    expect(explained.nearest?.rule).toBe('files')
  })

  it('shows that the asset exists with another type', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    await world.deliver(world.upload(PART))
    await world.drain()
    const other = createMemoryWorld(
      FOLDER_RULE.replaceAll(/^ {4}(type|folder|settle|maxWait|marker):.*\n/gm, ''),
      () => ({
        ledger: world.ledger,
      }),
    )
    await other.deliver(other.upload(PART, { etag: '0xB' }))
    const [rule] = (await other.lakemark.explain(refOf(PART))).rules
    expect(rule?.ledger?.obstacle).toMatch(/sales-eu exists as uri_folder; the rule makes a uri_file/)
    expect(rule?.ledger?.refusal?.reason).toMatch(/another type/)
  })

  it('asks neither ledger nor lake about a container that no rule names', async () => {
    const asked: string[] = []
    const world = createMemoryWorld(FILES_RULE, plain => ({
      lake: {
        ...plain.lake,
        head: async ref => {
          asked.push(ref.account)
          return plain.lake.head(ref)
        },
      } satisfies Lake,
    }))
    const explained = await world.lakemark.explain({
      account: 'stranger',
      container: 'silver',
      path: 'a.csv',
    })
    expect(explained).toMatchObject({ isWatched: false, lake: null, rules: [], ofOtherContainers: 1 })
    expect(explained.nearestContainers).toEqual(['contosolake/silver'])
    expect(asked).toEqual([])
  })

  it('goes without the lake where that does not answer', async () => {
    const world = createMemoryWorld(FILES_RULE, plain => ({
      lake: {
        ...plain.lake,
        head: async () => {
          throw new TransientError('no rights')
        },
      } satisfies Lake,
    }))
    const explained = await world.lakemark.explain(refOf('files/a.csv'))
    expect(explained.lake).toEqual({ state: 'unknown', reason: 'no rights' })
    expect(explained.rules).toHaveLength(1)
  })
})
