/**
 * Group commit: calls for one key that arrive while another is under way wait for it and then go together.
 * A lone call is not delayed. `process` gives a result for each item, by position, or nothing where nobody waits for
 * more than the end of it; where it rejects, all items fail.
 */
export function createGroup<Item, Result>(
  process: (key: string, items: Item[]) => Promise<readonly Result[]> | Promise<void>,
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
        const results = await process(key, items)
        if (results !== undefined && results.length < batch.length)
          throw new Error(`an item of the group ${key} was left without an answer`)
        for (const [index, { resolve }] of batch.entries()) resolve(results?.[index] as Result)
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
