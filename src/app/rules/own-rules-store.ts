import type { RulesState, RulesStore } from '../ports.ts'

/**
 * The rules of a process that has them from its own files: what it knows is its own, and what the shared store
 * holds is only where it begins (which rules were in force before it, so that it sees what is new in its own) and
 * where it leaves word for those who come after.
 */
export function createOwnRulesStore(shared: RulesStore): RulesStore {
  let own: { etag: string; state: RulesState } | undefined
  let writes = 0
  return {
    async read(etag) {
      if (own === undefined) {
        const before = await shared.read(undefined)
        if (before === undefined || before === 'unchanged') return undefined
        own = { etag: 'before', state: before.state }
      }
      return own.etag === etag ? 'unchanged' : own
    },
    async write(etag, state) {
      if (own?.etag !== etag) return 'conflict'
      writes += 1
      own = { etag: `own-${writes}`, state }
      const there = await shared.read(undefined)
      await shared.write(there === undefined || there === 'unchanged' ? undefined : there.etag, state)
      return 'written'
    },
  }
}
