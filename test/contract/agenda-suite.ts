import { describe, expect, it } from 'vitest'
import type { Agenda, AgendaEntry } from '../../src/app/ports.ts'
import { NOW } from '../support/samples.ts'

export function describeAgenda(name: string, create: () => Promise<Agenda>): void {
  describe(name, () => {
    const entries = async (agenda: Agenda, before: number) =>
      (await agenda.overdue(before, { limit: 1000 })).items
    const overdue = async (agenda: Agenda, before: number) =>
      (await entries(agenda, before)).flatMap(({ assets }) => assets).sort()

    it('shows the entries whose time came before the time asked for', async () => {
      const agenda = await create()
      await agenda.add(['early', 'too'], NOW)
      await agenda.add(['late'], NOW + 10)
      await agenda.add([], NOW)
      expect(await overdue(agenda, NOW)).toEqual([])
      expect(await overdue(agenda, NOW + 1)).toEqual(['early', 'too'])
      expect(await overdue(agenda, NOW + 11)).toEqual(['early', 'late', 'too'])
      expect((await entries(agenda, NOW + 11)).map(({ wakeAt }) => wakeAt).sort()).toEqual([NOW, NOW + 10])
    })

    it('strikes off what was read, but not what was added anew since', async () => {
      const agenda = await create()
      await agenda.add(['done'], NOW)
      await agenda.add(['busy'], NOW)
      const items = await entries(agenda, NOW + 1)
      await agenda.add(['busy'], NOW)
      await agenda.remove(items)
      await agenda.remove(items)
      expect(await overdue(agenda, NOW + 1)).toEqual(['busy'])
    })

    it('puts off what is left of an entry', async () => {
      const agenda = await create()
      await agenda.add(['done', 'waiting'], NOW)
      const later = (entry: AgendaEntry) => ({ ...entry, assets: ['waiting'], wakeAt: NOW + 100 })
      await agenda.replace((await entries(agenda, NOW + 1)).map(later))
      expect(await overdue(agenda, NOW + 1)).toEqual([])
      expect(await overdue(agenda, NOW + 101)).toEqual(['waiting'])
    })

    it('lets the faster of two sweeps have its way', async () => {
      const agenda = await create()
      await agenda.add(['a', 'b'], NOW)
      const items = await entries(agenda, NOW + 1)
      await agenda.replace(items.map(entry => ({ ...entry, assets: ['a'] })))
      await agenda.replace(items.map(entry => ({ ...entry, assets: ['b'] })))
      await agenda.remove(items)
      expect(await overdue(agenda, NOW + 1)).toEqual(['a'])
      await agenda.remove(await entries(agenda, NOW + 1))
      await agenda.replace(items)
      expect(await overdue(agenda, NOW + 1)).toEqual([])
    })

    it('takes any number of assets at once, with names of any length, and gives them back in pages', async () => {
      const agenda = await create()
      const names = Array.from({ length: 1500 }, (_, index) => `asset-${index}-`.padEnd(255, 'x'))
      await agenda.add(names.slice(0, 1100), NOW)
      for (let from = 1100; from < names.length; from += 40)
        await agenda.add(names.slice(from, from + 40), NOW)
      const found: string[] = []
      let continuation: string | undefined
      do {
        const page = await agenda.overdue(NOW + 1, { limit: 7, continuation })
        found.push(...page.items.flatMap(({ assets }) => assets))
        continuation = page.continuation
      } while (continuation !== undefined)
      expect(found.sort()).toEqual(names.sort())
    })
  })
}
