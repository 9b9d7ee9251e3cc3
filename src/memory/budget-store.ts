import type { BudgetStore } from '../app/ports.ts'
import type { BudgetState } from '../core/arm-budget.ts'
import { copyOf } from '../core/copy.ts'

export function createMemoryBudgetStore(): BudgetStore {
  const documents = new Map<string, { etag: string; state: BudgetState }>()
  let writes = 0
  return {
    async read(subscription, kind) {
      return copyOf(documents.get(`${subscription} ${kind}`))
    },
    async write(subscription, kind, etag, state) {
      const key = `${subscription} ${kind}`
      if (documents.get(key)?.etag !== etag) return 'conflict'
      writes += 1
      const next = String(writes)
      documents.set(key, copyOf({ etag: next, state }))
      return { etag: next }
    },
  }
}
