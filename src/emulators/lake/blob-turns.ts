/** One at a time for each blob, first come, first served. */
export interface BlobTurns {
  /** Resolves with the function that ends the turn; calling it again changes nothing. */
  take(key: string): Promise<() => void>
}

export function createBlobTurns(): BlobTurns {
  const tails = new Map<string, Promise<void>>()
  return {
    async take(key) {
      const before = tails.get(key)
      const { promise: ended, resolve: end } = Promise.withResolvers<void>()
      tails.set(key, ended)
      await before
      return () => {
        if (tails.get(key) === ended) tails.delete(key)
        end()
      }
    },
  }
}

/** Takes several turns; always in the same order, so that two takers of the same blobs do not wait in a ring. */
export async function takeAll(turns: BlobTurns, keys: Iterable<string>): Promise<() => void> {
  const ends: (() => void)[] = []
  for (const key of [...new Set(keys)].sort()) ends.push(await turns.take(key))
  return () => {
    for (const end of ends) end()
  }
}
