import type { RulesState, RulesStore } from '../app/ports.ts'

export function createMemoryRulesStore(): RulesStore {
  let stored: { etag: string; state: RulesState } | undefined
  let writes = 0
  return {
    async read(etag) {
      if (stored === undefined) return undefined
      return stored.etag === etag ? 'unchanged' : structuredClone(stored)
    },
    async write(etag, state) {
      if (stored?.etag !== etag) return 'conflict'
      writes += 1
      stored = structuredClone({ etag: String(writes), state })
      return 'written'
    },
  }
}
