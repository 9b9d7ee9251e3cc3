/** A pause that can be cut short. A wake that comes while nobody waits ends the next wait at once. */
export interface Waker {
  wake(): void
  /**
   * Resolves to true when it was woken, to false when the time was over; without a time it waits for a wake.
   */
  wait(ms?: number): Promise<boolean>
}

/** For one waiter at a time. */
export function createWaker(): Waker {
  let woken = false
  let resume: () => void = () => undefined

  async function wait(ms?: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    if (!woken) {
      await new Promise<void>(resolve => {
        resume = resolve
        if (ms !== undefined) timer = setTimeout(resolve, ms)
      })
      clearTimeout(timer)
    }
    const result = woken
    woken = false
    return result
  }

  return {
    wake: () => {
      woken = true
      resume()
    },
    wait,
  }
}
