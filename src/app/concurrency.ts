/** Runs the step for every item, at most `limit` at a time; waits for all, then throws the first failure. */
export async function forEachAtMost<T>(
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
