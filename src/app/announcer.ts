import { ASSETS_PER_MESSAGE } from '../core/limits.ts'
import type { BackfillPlace } from '../core/rules/backfill.ts'
import { SECOND } from '../core/time.ts'
import type { WorkMessage } from '../core/work-message.ts'
import { createGroup } from './group.ts'
import type { Agenda, Clock, WorkQueue } from './ports.ts'

/**
 * Tells whom it concerns that there is work. Before the ledger is changed so that an asset becomes due earlier,
 * `expect` puts it on the agenda, where the sweep will find it whatever happens next; after the change a
 * message is sent; and only then is the sender told that all is well.
 */
export interface Announcer {
  /** A needless entry is struck off by the sweep. */
  expect(asset: string): Promise<void>
  work(asset: string, delayMs: number): Promise<void>
  listing(page: ListingPage, delayMs: number): Promise<void>
  /** The rules in force since then register files under this place, or in workspaces, that earlier rules did not. */
  backfill(place: BackfillPlace, since: number): Promise<void>
}

/** A page of the listing of a folder. */
export type ListingPage = Omit<Extract<WorkMessage, { kind: 'listing' }>, 'kind'>

const ENTRIES_PER_GROUP = 1000
/** By then every process has the rules that ask for it. */
const BACKFILL_DELAY_MS = 6 * SECOND

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
  const addToAgenda = createGroup<string, void>(
    (_, assets) => agenda.add([...new Set(assets)], clock.now()),
    ENTRIES_PER_GROUP,
  )

  const enqueue = createGroup<{ asset: string; delayMs: number }, void>(
    (_, items) => queue.enqueue(toMessages(items)),
    ENTRIES_PER_GROUP,
  )

  return {
    expect: asset => addToAgenda('agenda', asset),
    work: (asset, delayMs) => enqueue('work', { asset, delayMs: Math.max(0, delayMs) }),
    listing: (page, delayMs) => queue.enqueue([{ message: { kind: 'listing', ...page }, delayMs }]),
    backfill: ({ rules, ...folder }, since) =>
      queue.enqueue([
        {
          message: { kind: 'listing', folder, continuation: undefined, backfill: { rules, since } },
          delayMs: BACKFILL_DELAY_MS,
        },
      ]),
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
  const messages: { message: WorkMessage; delayMs: number }[] = []
  /** By second, what goes into the last message for it. */
  const open = new Map<number, string[]>()
  for (const [asset, delayMs] of earliest) {
    const seconds = Math.ceil(delayMs / SECOND)
    const assets = open.get(seconds)
    if (assets !== undefined && assets.length < ASSETS_PER_MESSAGE) {
      assets.push(asset)
      continue
    }
    const fresh = [asset]
    open.set(seconds, fresh)
    messages.push({ message: { kind: 'assets', assets: fresh }, delayMs: seconds * SECOND })
  }
  return messages
}
