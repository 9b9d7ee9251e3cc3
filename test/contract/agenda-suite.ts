import { describe, expect, it } from 'vitest'
import type { Agenda } from '../../src/app/ports.ts'
import { NOW } from '../support/samples.ts'

export function describeAgenda(name: string, create: () => Promise<Agenda>): void {
  describe(name, () => {
    const overdue = async (agenda: Agenda, before: number) =>
      (await agenda.overdue(before, { limit: 1000 })).items.map(({ asset }) => asset).sort()

    it('shows the entries whose time came before the time asked for', async () => {
      const agenda = await create()
      await agenda.add([
        { asset: 'early', wakeAt: NOW },
        { asset: 'late', wakeAt: NOW + 10 },
      ])
      expect(await overdue(agenda, NOW)).toEqual([])
      expect(await overdue(agenda, NOW + 1)).toEqual(['early'])
      expect(await overdue(agenda, NOW + 11)).toEqual(['early', 'late'])
    })

    it('holds an asset once, at the time it was last added with', async () => {
      const agenda = await create()
      await agenda.add([{ asset: 'sales', wakeAt: NOW }])
      await agenda.add([{ asset: 'sales', wakeAt: NOW + 100 }])
      expect(await overdue(agenda, NOW + 50)).toEqual([])
      expect(await overdue(agenda, NOW + 101)).toEqual(['sales'])
    })

    it('strikes off what was read, but not what was added anew since', async () => {
      const agenda = await create()
      await agenda.add([
        { asset: 'done', wakeAt: NOW },
        { asset: 'busy', wakeAt: NOW },
      ])
      const { items } = await agenda.overdue(NOW + 1, { limit: 10 })
      await agenda.add([{ asset: 'busy', wakeAt: NOW }])
      await agenda.remove(items)
      await agenda.remove(items)
      expect(await overdue(agenda, NOW + 1)).toEqual(['busy'])
    })

    it('puts off what was read, but not what was added anew since', async () => {
      const agenda = await create()
      await agenda.add([
        { asset: 'waiting', wakeAt: NOW },
        { asset: 'busy', wakeAt: NOW },
      ])
      const { items } = await agenda.overdue(NOW + 1, { limit: 10 })
      await agenda.add([{ asset: 'busy', wakeAt: NOW }])
      await agenda.postpone(items.map(entry => ({ ...entry, until: NOW + 100 })))
      expect(await overdue(agenda, NOW + 1)).toEqual(['busy'])
      expect(await overdue(agenda, NOW + 101)).toEqual(['busy', 'waiting'])
    })

    it('takes more entries at once than one transaction holds, and gives them back in pages', async () => {
      const agenda = await create()
      const names = Array.from({ length: 2500 }, (_, index) => `asset-${index}`)
      await agenda.add(names.map(asset => ({ asset, wakeAt: NOW })))
      const found: string[] = []
      let continuation: string | undefined
      do {
        const page = await agenda.overdue(NOW + 1, { limit: 700, continuation })
        found.push(...page.items.map(({ asset }) => asset))
        continuation = page.continuation
      } while (continuation !== undefined)
      expect(found.sort()).toEqual(names.sort())
    })
  })
}
