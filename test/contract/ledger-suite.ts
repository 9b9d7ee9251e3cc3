import { describe, expect, it } from 'vitest'
import type { Ledger } from '../../src/app/ports.ts'
import { toMember } from '../../src/core/asset/asset.ts'
import { fileOf, gatheringOf, NOW, transitionOf, versionOf } from '../support/samples.ts'

/** What every ledger promises. `create` gives an empty one. */
export function describeLedger(name: string, create: () => Promise<Ledger>): void {
  describe(name, () => {
    async function etagOf(ledger: Ledger): Promise<string> {
      return (await ledger.readWork('sales'))?.etag ?? ''
    }

    async function seeded() {
      const ledger = await create()
      const files = [fileOf('a.csv'), fileOf('b.csv')]
      const committed = await ledger.commit(
        'sales',
        undefined,
        transitionOf(
          { open: 1, wakeAt: NOW },
          { files, gatherings: [gatheringOf('target-1')], versions: [versionOf(1)] },
        ),
      )
      if (committed === 'conflict') throw new Error('the ledger was not empty')
      return { ledger, etag: await etagOf(ledger), files }
    }

    it('knows nothing of an asset that was never written', async () => {
      const ledger = await create()
      expect(await ledger.readWork('sales')).toBeUndefined()
      const state = await ledger.readFiles('sales', { files: ['x'], targets: ['y'] })
      expect(state).toEqual({ head: undefined, etag: undefined, files: new Map(), gatherings: new Map() })
      expect(await ledger.readVersions('sales', { from: 1, limit: 10 })).toEqual([])
    })

    it('answers a commit with the etag under which the next one goes', async () => {
      const { ledger, etag } = await seeded()
      const committed = await ledger.commit('sales', etag, transitionOf({ lastOrdinal: 5 }))
      if (committed === 'conflict') throw new Error('nobody else writes here')
      expect(committed.etag).toBe(await etagOf(ledger))
      expect(await ledger.commit('sales', committed.etag, transitionOf({ lastOrdinal: 6 }))).not.toBe(
        'conflict',
      )
    })

    it('refuses a new file that has a row already, and changes nothing', async () => {
      const { ledger, etag, files } = await seeded()
      const newFiles = [fileOf('c.csv'), { ...files[0], etag: '0x9' } as (typeof files)[0]]
      expect(await ledger.commit('sales', etag, transitionOf({ lastOrdinal: 5 }, { newFiles }))).toBe(
        'conflict',
      )
      const keys = newFiles.map(({ key }) => key)
      const state = await ledger.readFiles('sales', { files: keys, targets: [] })
      expect([...state.files.values()]).toEqual([files[0]])
      const [first] = newFiles
      const fresh = first === undefined ? [] : [first]
      await ledger.commit('sales', etag, transitionOf({}, { newFiles: fresh }))
      expect((await ledger.readFiles('sales', { files: keys, targets: [] })).files.size).toBe(2)
    })

    it('reads back exactly what was committed', async () => {
      const { ledger, etag, files } = await seeded()
      const [a] = files
      const state = await ledger.readFiles('sales', {
        files: [a?.key ?? '', 'unknown'],
        targets: ['target-1', 'other'],
      })
      expect(state.etag).toBe(etag)
      expect(state.head).toEqual(transitionOf({ open: 1, wakeAt: NOW }).head)
      expect([...state.files.values()]).toEqual([a])
      expect([...state.gatherings.values()]).toEqual([gatheringOf('target-1')])
      expect(await ledger.readVersions('sales', { from: 1, limit: 10 })).toEqual([versionOf(1)])
    })

    it('gives a worker the head with everything that gathers', async () => {
      const { ledger, etag } = await seeded()
      const work = await ledger.readWork('sales')
      expect(work?.etag).toBe(etag)
      expect(work?.gatherings).toEqual([gatheringOf('target-1')])
    })

    it('refuses a commit under an etag that is no longer the head’s, and changes nothing', async () => {
      const { ledger, etag } = await seeded()
      const next = await ledger.commit('sales', etag, transitionOf({ lastOrdinal: 5 }))
      expect(next).not.toBe('conflict')
      const late = transitionOf({ lastOrdinal: 9 }, { versions: [versionOf(9)] })
      expect(await ledger.commit('sales', etag, late)).toBe('conflict')
      expect((await ledger.readWork('sales'))?.head.lastOrdinal).toBe(5)
      expect(await ledger.readVersions('sales', { from: 9, limit: 1 })).toEqual([])
    })

    it('refuses to create a head that exists', async () => {
      const { ledger } = await seeded()
      expect(await ledger.commit('sales', undefined, transitionOf({}))).toBe('conflict')
    })

    it('lets exactly one of many writers at the same etag win', async () => {
      const { ledger, etag } = await seeded()
      const writers = Array.from({ length: 20 }, (_, index) =>
        ledger.commit(
          'sales',
          etag,
          transitionOf({ lastCut: index + 1 }, { versions: [versionOf(index + 10)] }),
        ),
      )
      const results = await Promise.all(writers)
      const winners = results.flatMap((result, index) => (result === 'conflict' ? [] : index))
      expect(winners).toHaveLength(1)
      expect((await ledger.readWork('sales'))?.head.lastCut).toBe(Number(winners[0]) + 1)
      expect(await ledger.readVersions('sales', { from: 10, limit: 100 })).toHaveLength(1)
    })

    it('replaces rows, closes gatherings, and does all of it or nothing', async () => {
      const { ledger, etag, files } = await seeded()
      const newer = { ...files[0], etag: '0x2', cut: 2 } as (typeof files)[0]
      const former = { ref: newer.ref, key: newer.key, etag: '0x1', sizeBytes: 10, cut: 1 }
      const transition = transitionOf(
        { open: 0 },
        { files: [newer], formerMembers: [former], closedGatherings: ['target-1'] },
      )
      const touched = await ledger.commit('sales', etag, transitionOf({ open: 1 }))
      if (touched === 'conflict') throw new Error('nobody else writes here')
      expect(await ledger.commit('sales', etag, transition)).toBe('conflict')
      expect((await ledger.readWork('sales'))?.gatherings).toHaveLength(1)
      await ledger.commit('sales', await etagOf(ledger), transition)
      expect((await ledger.readWork('sales'))?.gatherings).toEqual([])
      const members = async (cut: number) =>
        (await ledger.readMembers('sales', cut, { limit: 10 })).items.map(
          member => `${member.ref.path} ${member.etag}`,
        )
      expect((await members(1)).sort()).toEqual(['a.csv 0x1', 'b.csv 0x1'])
      expect(await members(2)).toEqual(['a.csv 0x2'])
    })

    it('reads ranges of versions in the order of ordinals, gaps and all', async () => {
      const ledger = await create()
      const versions = [2, 9, 10, 11, 100, 20_260_115_120_000].map((ordinal, index) =>
        versionOf(ordinal, { cut: index + 1 }),
      )
      await ledger.commit('sales', undefined, transitionOf({}, { versions }))
      const ordinals = async (range: { from: number; to?: number; limit: number }) =>
        (await ledger.readVersions('sales', range)).map(({ ordinal }) => ordinal)
      expect(await ordinals({ from: 1, limit: 3 })).toEqual([2, 9, 10])
      expect(await ordinals({ from: 10, to: 11, limit: 50 })).toEqual([10, 11])
      expect(await ordinals({ from: 9, to: 9, limit: 50 })).toEqual([9])
      expect(await ordinals({ from: 8, to: 8, limit: 50 })).toEqual([])
      expect(await ordinals({ from: 11, to: 10, limit: 50 })).toEqual([])
      expect(await ordinals({ from: 101, limit: 50 })).toEqual([20_260_115_120_000])
      expect(await ordinals({ from: 20_260_115_120_001, limit: 50 })).toEqual([])
    })

    it('finds what became of a cut, whatever its ordinals', async () => {
      const ledger = await create()
      const versions = [
        versionOf(2, { cut: 7, movedTo: 30 }),
        versionOf(7, { cut: 2 }),
        versionOf(30, { cut: 7, movedFrom: 2 }),
      ]
      const files = [fileOf('a.csv', { cut: 7 })]
      await ledger.commit('sales', undefined, transitionOf({}, { versions, files }))
      const found = async (cut: number, limit: number) =>
        (await ledger.readVersionsOfCut('sales', cut, limit)).map(({ ordinal }) => ordinal)
      expect(await found(7, 10)).toEqual([2, 30])
      expect(await found(7, 1)).toEqual([2])
      expect(await found(2, 10)).toEqual([7])
      expect(await found(30, 10)).toEqual([])
      expect(await ledger.readVersionsOfCut('unknown', 7, 10)).toEqual([])
    })

    it('pages through the members of a cut', async () => {
      const ledger = await create()
      const files = Array.from({ length: 25 }, (_, index) => fileOf(`part-${index}.csv`))
      await ledger.commit('sales', undefined, transitionOf({}, { files }))
      const paths: string[] = []
      let continuation: string | undefined
      do {
        const page = await ledger.readMembers('sales', 1, { limit: 10, continuation })
        expect(page.items.length).toBeLessThanOrEqual(10)
        paths.push(...page.items.map(({ ref }) => ref.path))
        continuation = page.continuation
      } while (continuation !== undefined)
      expect(paths.sort()).toEqual(files.map(({ ref }) => ref.path).sort())
    })

    it('lists assets in the order of their names with their heads, page by page', async () => {
      const ledger = await create()
      const names = ['b', 'a-2', 'Z', 'c_1', 'a', '9']
      for (const name of names) await ledger.commit(name, undefined, transitionOf({ lastCut: name.length }))
      await ledger.refuse([refusalOf('x.csv')])
      const listed: string[] = []
      let after: string | undefined
      do {
        const page = await ledger.listAssets({ limit: 4, after })
        expect(page.items.length).toBeLessThanOrEqual(4)
        for (const { name, head } of page.items) {
          expect(head?.lastCut).toBe(name.length)
          listed.push(name)
        }
        after = page.next
      } while (after !== undefined)
      expect(listed).toEqual(['9', 'Z', 'a', 'a-2', 'b', 'c_1'])
    })

    it('lists the assets whose names begin with a text, and nothing before or behind them', async () => {
      const ledger = await create()
      for (const name of ['a', 'sale', 'sales', 'sales-eu', 'sales-us', 'sales_1', 'salesz', 'salt', 'Sales'])
        await ledger.commit(name, undefined, transitionOf({}))
      const named = async (prefix: string, after?: string) =>
        (await ledger.listAssets({ prefix, after, limit: 100 })).items.map(({ name }) => name)
      expect(await named('sales')).toEqual(['sales', 'sales-eu', 'sales-us', 'sales_1', 'salesz'])
      expect(await named('sales-', 'sales-eu')).toEqual(['sales-us'])
      expect(await named('sales-', 'a')).toEqual(['sales-eu', 'sales-us'])
      expect(await named('sales-', 'salt')).toEqual([])
      expect(await named('x')).toEqual([])
    })

    it('finds every asset that a file is part of, and every rule that refused it', async () => {
      const ledger = await create()
      const [a, b] = [fileOf('a.csv'), fileOf('b.csv')]
      await ledger.commit('sales', undefined, transitionOf({}, { files: [a, b] }))
      await ledger.commit('archive', undefined, transitionOf({}, { files: [{ ...a, removed: true }] }))
      await ledger.commit('other', undefined, transitionOf({}, { files: [b] }))
      await ledger.refuse([refusalOf('a.csv'), { ...refusalOf('a.csv'), rule: 'former' }, refusalOf('c.csv')])
      const traces = []
      let continuation: string | undefined
      do {
        const page = await ledger.findFile(a.key, { limit: 3, continuation })
        expect(page.items.length).toBeLessThanOrEqual(3)
        traces.push(...page.items)
        continuation = page.continuation
      } while (continuation !== undefined)
      expect(traces).toEqual([
        { kind: 'refusal', rule: 'daily-sales' },
        { kind: 'refusal', rule: 'former' },
        { kind: 'asset', asset: 'archive' },
        { kind: 'asset', asset: 'sales' },
      ])
    })

    it('tells what an asset had of a file before it was overwritten', async () => {
      const ledger = await create()
      const [a, b] = [fileOf('a.csv', { cut: 12 }), fileOf('b.csv', { cut: 12 })]
      const former = (file: typeof a, cut: number, etag: string) => ({ ...toMember(file), cut, etag })
      const formerMembers = [former(a, 11, '0x3'), former(a, 2, '0x2'), former(b, 2, '0x9')]
      await ledger.commit('sales', undefined, transitionOf({}, { files: [a, b], formerMembers }))
      const { items } = await ledger.listFormerMembers('sales', a.key, { limit: 10 })
      expect(items).toEqual([formerMembers[1], formerMembers[0]])
      expect((await ledger.listFormerMembers('sales', a.key, { limit: 1 })).items).toEqual([formerMembers[1]])
      expect((await ledger.listFormerMembers('other', a.key, { limit: 10 })).items).toEqual([])
    })

    it('keeps one refusal per rule and file, with paths of any characters', async () => {
      const ledger = await create()
      const odd = refusalOf('a/b\\c#d?e%f\u0000\u{1f600}/..')
      await ledger.refuse([refusalOf('x.csv'), odd])
      await ledger.refuse([{ ...odd, reason: 'again' }])
      const { items } = await ledger.listRefusals({ limit: 10 })
      expect(items).toHaveLength(2)
      expect(items.find(({ ref }) => ref.path === odd.ref.path)).toEqual({
        ...odd,
        reason: 'again',
        ...known,
      })
    })

    it('finds the refusal of one file by one rule', async () => {
      const ledger = await create()
      const refusal = refusalOf('x.csv')
      await ledger.refuse([refusal, refusalOf('y.csv')])
      expect(await ledger.readRefusal(refusal.rule, refusal.key)).toEqual({ ...refusal, ...known })
      expect(await ledger.readRefusal('other-rule', refusal.key)).toBeUndefined()
      expect(await ledger.readRefusal(refusal.rule, 'other-key')).toBeUndefined()
    })

    it('remembers since when a file is refused, and the message of one that is none', async () => {
      const ledger = await create()
      const refusal = { ...refusalOf('x.csv'), message: 'of the queue' }
      await ledger.refuse([refusal])
      await ledger.refuse([{ ...refusal, at: NOW + 5 }])
      const again = { ...refusal, ...known, at: NOW + 5 }
      expect(await ledger.readRefusal(refusal.rule, refusal.key)).toEqual(again)
      expect((await ledger.listRefusals({ limit: 10 })).items).toEqual([again])
    })

    it('lists the refusals of one rule alone', async () => {
      const ledger = await create()
      await ledger.refuse([refusalOf('x.csv'), { ...refusalOf('x.csv'), rule: 'daily' }])
      const listed = async (rule?: string) =>
        (await ledger.listRefusals({ limit: 10 }, rule)).items.map(it => it.rule).sort()
      expect(await listed()).toEqual(['daily', 'daily-sales'])
      expect(await listed('daily')).toEqual(['daily'])
      expect(await listed('dail')).toEqual([])
    })

    it('strikes off refusals that were read, but not what was refused anew since', async () => {
      const ledger = await create()
      await ledger.refuse([refusalOf('x.csv'), refusalOf('y.csv')])
      const { items } = await ledger.listRefusals({ limit: 10 })
      await ledger.refuse([{ ...refusalOf('y.csv'), at: NOW + 1 }])
      await ledger.removeRefusals(items)
      await ledger.removeRefusals(items)
      const left = (await ledger.listRefusals({ limit: 10 })).items
      expect(left.map(({ ref }) => ref.path)).toEqual(['y.csv'])
    })

    it('takes a version whose content is longer than a column of Table Storage', async () => {
      const ledger = await create()
      const tags = Object.fromEntries(
        Array.from({ length: 40 }, (_, index) => [`tag-${index}`, 'x\u{1f600}ü'.repeat(250)]),
      )
      const version = versionOf(1, { spec: { ...versionOf(1).spec, tags } })
      await ledger.commit('sales', undefined, transitionOf({}, { versions: [version] }))
      expect(await ledger.readVersions('sales', { from: 1, limit: 1 })).toEqual([version])
    })
  })
}

/** What the ledger adds. */
const known = { since: NOW, rowEtag: expect.any(String) }

function refusalOf(path: string) {
  const { ref, key } = fileOf(path)
  return { rule: 'daily-sales', ref, key, etag: '0x1', asset: undefined, reason: 'no legal name', at: NOW }
}
