import type { BlobRef } from '../core/blob-ref.ts'
import { ASSETS_PER_MESSAGE } from '../core/limits.ts'
import { SECOND } from '../core/time.ts'
import type { WorkMessage } from '../core/work-message.ts'
import { createGroup } from './group.ts'
import type { Agenda, Clock, WorkQueue } from './ports.ts'

/** Tells whom it concerns that there is work: after the ledger has it, before the sender is told so. */
export interface Announcer {
  /** `wakeAt` undefined: a message is on its way already. `busy`: put the asset on the agenda as well. */
  work(asset: string, wakeAt: number | undefined, busy: boolean): Promise<void>
  /** Work that is on the agenda needs another message. */
  again(asset: string, delayMs: number): Promise<void>
  listing(folder: BlobRef, continuation: string | undefined): Promise<void>
}

const ENTRIES_PER_GROUP = 1000

/** What is announced at the same time shares messages and transactions. */
export function createAnnouncer({
  agenda,
  queue,
  clock,
}: {
  agenda: Agenda
  queue: WorkQueue
  clock: Clock
}): Announcer {
  const addToAgenda = createGroup<{ asset: string; wakeAt: number }, undefined>(async (_, entries) => {
    const unique = new Map(entries.map(entry => [entry.asset, entry]))
    await agenda.add([...unique.values()])
    return entries.map(() => undefined)
  }, ENTRIES_PER_GROUP)

  const enqueue = createGroup<{ asset: string; delayMs: number }, undefined>(async (_, items) => {
    await queue.enqueue(toMessages(items))
    return items.map(() => undefined)
  }, ENTRIES_PER_GROUP)

  return {
    async work(asset, wakeAt, busy) {
      const now = clock.now()
      await Promise.all([
        busy ? addToAgenda('agenda', { asset, wakeAt: wakeAt ?? now }) : undefined,
        wakeAt === undefined ? undefined : enqueue('work', { asset, delayMs: Math.max(0, wakeAt - now) }),
      ])
    },
    again: (asset, delayMs) => enqueue('work', { asset, delayMs }),
    listing: (folder, continuation) =>
      queue.enqueue([{ message: { kind: 'listing', folder, continuation }, delayMs: 0 }]),
  }
}

/** One mention an asset, at the earliest time asked for; assets that are due in the same second travel together. */
function toMessages(
  items: readonly { asset: string; delayMs: number }[],
): { message: WorkMessage; delayMs: number }[] {
  const earliest = new Map<string, number>()
  for (const { asset, delayMs } of items) {
    earliest.set(asset, Math.min(delayMs, earliest.get(asset) ?? Number.POSITIVE_INFINITY))
  }
  const bySecond = Map.groupBy(earliest, ([, delayMs]) => Math.ceil(delayMs / SECOND))
  return [...bySecond].flatMap(([seconds, entries]) => {
    const assets = entries.map(([asset]) => asset)
    return Array.from({ length: Math.ceil(assets.length / ASSETS_PER_MESSAGE) }, (_, index) => ({
      message: {
        kind: 'assets' as const,
        assets: assets.slice(index * ASSETS_PER_MESSAGE, (index + 1) * ASSETS_PER_MESSAGE),
      },
      delayMs: seconds * SECOND,
    }))
  })
}
