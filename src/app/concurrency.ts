/** Runs the step for every item, at most `limit` at a time; waits for all, then throws the first failure. */
export function forEachAtMost<T>(
  limit: number,
  items: readonly T[],
  step: (item: T) => Promise<unknown>,
): Promise<void> {
  // Most of an intake's groups are of one, and what follows costs more than the step.
  return items.length === 1 ? step(items[0] as T).then(nothing) : inLanes(limit, items, step)
}

const nothing = () => undefined

async function inLanes<T>(
  limit: number,
  items: readonly T[],
  step: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = items.values()
  const failures: unknown[] = []
  async function lane() {
    for (const item of rest) {
      try {
        await step(item)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane))
  if (failures.length > 0) throw failures[0]
}

/** Runs what it is given at once, or as soon as fewer than `limit` others are under way, in the order of the calls. */
export function createLanes(limit: number) {
  const waiting: (() => void)[] = []
  let busy = 0
  return async function run<T>(step: () => Promise<T>): Promise<T> {
    if (busy < limit) busy += 1
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await step()
    } finally {
      const next = waiting.shift()
      if (next === undefined) busy -= 1
      else next()
    }
  }
}
