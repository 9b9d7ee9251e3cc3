import { ASSETS_PER_MESSAGE } from '../../core/limits.ts'
import type { Announcer } from '../announcer.ts'
import type { Clock } from '../ports.ts'

/**
 * Gathers the assets that a delivery of events makes due, so that they share messages: sent as soon as they fill
 * one, and at the end.
 */
export interface Wakes {
  add(asset: string, wakeAt: number): void
  /** Resolves once all have been announced; rejects where one of them could not be. */
  done(): Promise<void>
}

export function createWakes(announcer: Announcer, clock: Clock): Wakes {
  /** None of these rejects. */
  const sending: Promise<void>[] = []
  let failure: { error: unknown } | undefined
  /** By asset, the earliest time: most files of a delivery go to few assets. */
  const waiting = new Map<string, number>()

  function remember(error: unknown): void {
    failure ??= { error }
  }

  function send(): void {
    const now = clock.now()
    for (const [asset, wakeAt] of waiting) sending.push(announcer.work(asset, wakeAt - now).catch(remember))
    waiting.clear()
  }

  return {
    add(asset, wakeAt) {
      waiting.set(asset, Math.min(wakeAt, waiting.get(asset) ?? wakeAt))
      if (waiting.size >= ASSETS_PER_MESSAGE) send()
    },
    async done() {
      send()
      for (const sent of sending) await sent
      if (failure !== undefined) throw failure.error
    },
  }
}
