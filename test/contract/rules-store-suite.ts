import { describe, expect, it } from 'vitest'
import type { RulesState, RulesStore } from '../../src/app/ports.ts'

export function describeRulesStore(name: string, create: () => Promise<RulesStore>): void {
  describe(name, () => {
    const stateOf = (commit: string): RulesState => ({
      active: { commit, address: 'rules', files: [{ path: 'rules/ü.yaml', text: 'rules: []\n' }], since: 7 },
      candidate: undefined,
      backfill: [],
    })

    it('is empty at first', async () => {
      expect(await (await create()).read(undefined)).toBeUndefined()
    })

    it('gives back what was written, and says when it has not changed since', async () => {
      const store = await create()
      expect(await store.write(undefined, stateOf('a'))).toBe('written')
      const first = await store.read(undefined)
      if (first === undefined || first === 'unchanged') throw new Error('it was written')
      expect(first.state).toEqual(stateOf('a'))
      expect(await store.read(first.etag)).toBe('unchanged')
      expect(await store.write(first.etag, stateOf('b'))).toBe('written')
      expect(await store.read(first.etag)).toMatchObject({ state: { active: { commit: 'b' } } })
    })

    it('refuses to overwrite what it was not told of', async () => {
      const store = await create()
      await store.write(undefined, stateOf('a'))
      const first = await store.read(undefined)
      if (first === undefined || first === 'unchanged') throw new Error('it was written')
      await store.write(first.etag, stateOf('b'))
      expect(await store.write(first.etag, stateOf('c'))).toBe('conflict')
      expect(await store.write(undefined, stateOf('d'))).toBe('conflict')
      expect(await store.read(undefined)).toMatchObject({ state: { active: { commit: 'b' } } })
    })
  })
}
