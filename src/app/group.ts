/** What became of one item of a group: one item's failure is not its neighbours'. */
export type Settled<Result> = { result: Result } | { error: unknown }

/**
 * Group commit: calls for one key that arrive while another is under way wait for it and then go together.
 * A lone call is not delayed. `process` answers for each item, by position; where it rejects, all items fail.
 */
export function createGroup<Item, Result>(
  process: (key: string, items: Item[]) => Promise<Settled<Result>[]>,
  maxItems: number,
): (key: string, item: Item) => Promise<Result> {
  interface Waiting {
    item: Item
    resolve: (result: Result) => void
    reject: (error: unknown) => void
  }
  const waiting = new Map<string, Waiting[]>()

  async function drain(key: string, queue: Waiting[]) {
    // One turn of the event loop lets calls that were made together go together.
    await Promise.resolve()
    while (queue.length > 0) {
      const batch = queue.splice(0, maxItems)
      try {
        const items = batch.map(({ item }) => item)
        const answers = await process(key, items)
        batch.forEach(({ resolve, reject }, index) => {
          const answer = answers[index]
          if (answer === undefined)
            reject(new Error(`an item of the group ${key} was left without an answer`))
          else if ('error' in answer) reject(answer.error)
          else resolve(answer.result)
        })
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    waiting.delete(key)
  }

  return (key, item) =>
    new Promise<Result>((resolve, reject) => {
      const queue = waiting.get(key)
      if (queue !== undefined) {
        queue.push({ item, resolve, reject })
        return
      }
      const fresh = [{ item, resolve, reject }]
      waiting.set(key, fresh)
      void drain(key, fresh)
    })
}
