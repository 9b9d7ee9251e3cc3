import type { RulesState, RulesStore } from '../app/ports.ts'
import { copyOf } from '../core/copy.ts'

export function createMemoryRulesStore(): RulesStore {
  let stored: { etag: string; state: RulesState } | undefined
  let writes = 0
  return {
    async read(etag) {
      if (stored === undefined) return undefined
      return stored.etag === etag ? 'unchanged' : copyOf(stored)
    },
    async write(etag, state) {
      if (stored?.etag !== etag) return 'conflict'
      writes += 1
      stored = copyOf({ etag: String(writes), state })
      return 'written'
    },
  }
}
