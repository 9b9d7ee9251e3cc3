import type { Counters } from '../app/ports.ts'

/** Names are reasons, outcomes and aliases of workspaces: there are fewer. What comes above is counted together. */
export const MAX_COUNTED_NAMES = 5000
const TOO_MANY = 'other'

/** Counts of this process since it started. */
export function createCounters(): Counters {
  const counts = new Map<string, number>()
  return {
    add(name, by = 1) {
      const known = counts.has(name) || counts.size < MAX_COUNTED_NAMES ? name : TOO_MANY
      counts.set(known, (counts.get(known) ?? 0) + by)
    },
    all: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}
