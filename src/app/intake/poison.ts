import { keyOf } from '../../core/asset/fingerprint.ts'
import { MINUTE } from '../../core/time.ts'
import { toQueueText, type WorkMessage } from '../../core/work-message.ts'
import type { Announcer } from '../announcer.ts'
import type { Clock, Counters, Ledger, Log, Refusal } from '../ports.ts'

/** The place under which messages that cannot be worked on are shown among the refused files. */
export const POISON_RULE = 'poisoned-message'
const EXCERPT = 200
const LISTING_AGAIN_MS = 10 * MINUTE

/** A message of ours, or a text that is none. */
export type Poisoned = WorkMessage | { kind: 'unreadable'; text: string }

interface Dependencies {
  ledger: Ledger
  announcer: Announcer
  clock: Clock
  counters: Counters
  log: Log
}

/**
 * A message that could not be worked on, time and again, becomes a failure that people are shown. Nothing is
 * lost by it: the sweep looks at the assets again, and a listing is taken up again after a while.
 */
export function createPoison({ ledger, announcer, clock, counters, log }: Dependencies) {
  return async function recordPoison(message: Poisoned): Promise<void> {
    counters.add('poisoned')
    if (message.kind === 'run') log.error('message poisoned', { run: message.run, part: message.part })
    const refusals = refusalsOf(message)
    for (const { reason } of refusals) log.error('message poisoned', { reason })
    await ledger.refuse(refusals)
    if (message.kind === 'listing') {
      // From the beginning: a page that was begun may be what is wrong.
      await announcer.listing({ ...message, continuation: undefined }, LISTING_AGAIN_MS)
    }
  }

  function refusalsOf(message: Poisoned): Refusal[] {
    switch (message.kind) {
      case 'assets':
        return message.assets.map(asset => refusal(`work on ${asset}`, asset))
      case 'listing':
        return [
          {
            ...refusal(`listing of ${message.folder.container}/${message.folder.path}`, undefined),
            message: toQueueText({ ...message, continuation: undefined }),
          },
        ]
      case 'run':
        // Taken up again by the sweep, from its checkpoint; its own attempts are counted with its part.
        return []
      case 'unreadable':
        return [refusal(`unreadable message: ${message.text}`, undefined)]
    }
  }

  function refusal(what: string, asset: string | undefined): Refusal {
    const path = what.slice(0, EXCERPT).toWellFormed()
    const ref = { account: '', container: '', path }
    const reason = `${path} failed in every attempt; the log tells why`
    return { rule: POISON_RULE, ref, key: keyOf(ref), etag: undefined, asset, reason, at: clock.now() }
  }
}
