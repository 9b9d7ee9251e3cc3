import { setTimeout as pause } from 'node:timers/promises'

const DEADLINE_MS = 30_000
const PAUSE_MS = 10

/** Asks again until the answer is neither undefined nor false; fails with `what` when it never is. */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (Date.now() > deadline) throw new Error(`never came true: ${what}`)
    await pause(PAUSE_MS)
  }
}
