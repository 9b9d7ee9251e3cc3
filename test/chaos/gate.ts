/** A door that can be closed: those inside finish first, those outside wait. */
export interface Gate {
  pass<T>(act: () => Promise<T>): Promise<T>
  /** Runs the act while nobody is inside. */
  whileClosed<T>(act: () => Promise<T>): Promise<T>
}

export function createGate(): Gate {
  const inside = new Set<Promise<unknown>>()
  let closed: Promise<void> | undefined
  return {
    async pass(act) {
      while (closed !== undefined) await closed
      const passing = act()
      inside.add(passing)
      try {
        return await passing
      } finally {
        inside.delete(passing)
      }
    },
    async whileClosed(act) {
      while (closed !== undefined) await closed
      const { promise, resolve } = Promise.withResolvers<void>()
      closed = promise
      try {
        await Promise.allSettled(inside)
        return await act()
      } finally {
        closed = undefined
        resolve()
      }
    },
  }
}
