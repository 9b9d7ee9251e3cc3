import type { Counters } from '../app/ports.ts'

/** Counts of this process since it started. */
export function createCounters(): Counters {
  const counts = new Map<string, number>()
  return {
    add: (name, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by),
    all: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}
