import { beforeEach, describe, expect, it } from 'vitest'
import type { RunStore } from '../../src/app/resync/ports.ts'
import { NO_FILTER } from '../../src/core/resync/filter.ts'
import { newPart, noCounters, type Run } from '../../src/core/resync/run.ts'
import { NOW } from '../support/samples.ts'

function runOf(id: string, overrides: Partial<Run> = {}): Run {
  return {
    id,
    filter: { ...NO_FILTER, prefix: 'é/ü "x"' },
    ground: 'g',
    by: 'ana',
    createdAt: NOW,
    state: 'queued',
    phase: 'listing',
    startedAt: undefined,
    endedAt: undefined,
    reason: undefined,
    counters: noCounters(),
    expected: undefined,
    ...overrides,
  }
}

export function describeRunStore(name: string, create: () => Promise<RunStore>): void {
  describe(name, () => {
    let store: RunStore
    beforeEach(async () => {
      store = await create()
    })

    it('knows nothing at first', async () => {
      expect(await store.read('run', '', '1')).toBeUndefined()
      expect(await store.list('run', '', { limit: 10 })).toEqual({ items: [], continuation: undefined })
    })

    it('gives back what was written, and changes it for who knows its etag', async () => {
      const written = await store.write('run', '', '1', undefined, runOf('1'))
      if (written === 'conflict') throw new Error('a conflict with nobody')
      const found = await store.read('run', '', '1')
      expect([found?.id, found?.etag]).toEqual(['1', written.etag])
      expect(found?.document).toEqual(runOf('1'))
      const running = runOf('1', { state: 'running', startedAt: NOW + 1 })
      const changed = await store.write('run', '', '1', written.etag, running)
      expect(changed).not.toBe('conflict')
      expect((await store.read('run', '', '1'))?.document).toEqual(running)
    })

    it('lets only one of several win', async () => {
      const create = () => store.write('run', '', '1', undefined, runOf('1'))
      const created = await Promise.all([create(), create(), create()])
      expect(created.filter(it => it === 'conflict')).toHaveLength(2)
      const etag = (await store.read('run', '', '1'))?.etag
      const change = () => store.write('run', '', '1', etag, runOf('1', { state: 'running' }))
      const changed = await Promise.all([change(), change(), change()])
      expect(changed.filter(it => it === 'conflict')).toHaveLength(2)
    })

    it('changes nothing that is not there any more', async () => {
      const written = await store.write('run', '', '1', undefined, runOf('1'))
      if (written === 'conflict') throw new Error('a conflict with nobody')
      await store.remove('run', '', ['1', 'never-there'])
      expect(await store.write('run', '', '1', written.etag, runOf('1'))).toBe('conflict')
      expect(await store.read('run', '', '1')).toBeUndefined()
    })

    it('removes many at a time, also where some are not there', async () => {
      const entries = Array.from({ length: 230 }, (_, at) => ({
        id: `a${at}`,
        document: { decided: undefined },
      }))
      await store.put('asset', 'r', entries)
      const ids = entries.map(({ id }) => id)
      await store.remove('asset', 'r', ['never-there', ...ids.slice(0, 150), ...ids.slice(0, 5)])
      expect((await store.list('asset', 'r', { limit: 500 })).items).toHaveLength(80)
      await store.remove('asset', 'r', ids.slice(150))
      expect((await store.list('asset', 'r', { limit: 500 })).items).toEqual([])
    })

    it('keeps kinds and runs apart', async () => {
      const place = { account: 'a', container: 'c', prefix: '\u0000é', splits: 3, order: 'flat' } as const
      await store.write('part', 'r1', '0001', undefined, newPart('0001', 'listing', 'waiting', place, NOW))
      expect(await store.read('part', 'r2', '0001')).toBeUndefined()
      expect((await store.list('part', 'r2', { limit: 10 })).items).toEqual([])
      expect((await store.list('run', 'r1', { limit: 10 })).items).toEqual([])
      expect((await store.read('part', 'r1', '0001'))?.document).toMatchObject({ place, state: 'waiting' })
    })

    it('lists by id, page by page, also while something is added and removed in between', async () => {
      const ids = Array.from({ length: 7 }, (_, index) => `0001.${index}`)
      await store.put(
        'asset',
        'r',
        ids.map(id => ({ id, document: { decided: undefined } })),
      )
      const found: string[] = []
      let continuation: string | undefined
      do {
        const page = await store.list('asset', 'r', { limit: 3, continuation })
        found.push(...page.items.map(({ id }) => id))
        continuation = page.continuation
        await store.remove('asset', 'r', [String(found[0])])
        await store.put('asset', 'r', [{ id: '0000', document: { decided: undefined } }])
      } while (continuation !== undefined)
      expect(found).toEqual(ids)
    })

    it('adds and replaces many at a time', async () => {
      const entries = Array.from({ length: 250 }, (_, index) => ({
        id: `asset-${index}`,
        document: { decided: undefined },
      }))
      await store.put('asset', 'r', [...entries, ...entries.slice(0, 5)])
      await store.put('asset', 'r', [{ id: 'asset-7', document: { decided: { registered: 1, failed: 2 } } }])
      expect((await store.list('asset', 'r', { limit: 1000 })).items).toHaveLength(250)
      expect((await store.read('asset', 'r', 'asset-7'))?.document).toEqual({
        decided: { registered: 1, failed: 2 },
      })
    })
  })
}
