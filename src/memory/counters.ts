import type { Counters } from '../app/ports.ts'

/** Names are reasons, outcomes and aliases of workspaces: there are fewer. What comes above is counted together. */
export const MAX_COUNTED_NAMES = 5000
const TOO_MANY = 'other'

/** Counts of this process since it started. */
export function createCounters(): Counters {
  const counts = new Map<string, number>()
  return {
    add(name, by = 1) {
      const before = counts.get(name)
      if (before !== undefined || counts.size < MAX_COUNTED_NAMES) counts.set(name, (before ?? 0) + by)
      else counts.set(TOO_MANY, (counts.get(TOO_MANY) ?? 0) + by)
    },
    all: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}
