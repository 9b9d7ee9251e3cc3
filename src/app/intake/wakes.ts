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
  const sending: Promise<PromiseSettledResult<void>[]>[] = []
  /** By asset, the earliest time: most files of a delivery go to few assets. */
  let waiting = new Map<string, number>()

  function send(): void {
    if (waiting.size === 0) return
    const now = clock.now()
    const announced = Array.from(waiting, ([asset, wakeAt]) => announcer.work(asset, wakeAt - now))
    sending.push(Promise.allSettled(announced))
    waiting = new Map()
  }

  return {
    add(asset, wakeAt) {
      waiting.set(asset, Math.min(wakeAt, waiting.get(asset) ?? wakeAt))
      if (waiting.size >= ASSETS_PER_MESSAGE) send()
    },
    async done() {
      send()
      const failed = (await Promise.all(sending)).flat().find(result => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    },
  }
}
