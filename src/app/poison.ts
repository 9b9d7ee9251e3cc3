import { keyOf } from '../core/fingerprint.ts'
import type { WorkMessage } from '../core/work-message.ts'
import type { Clock, Counters, Ledger, Log } from './ports.ts'

/** The place under which messages that cannot be worked on are shown among the refused files. */
const POISON_RULE = 'poisoned-message'
const EXCERPT = 200

/**
 * A message that could not be worked on, time and again, becomes a failure that people are shown. The asset
 * stays as it is in the ledger: the sweep looks at it again later.
 */
export function createPoison({
  ledger,
  clock,
  counters,
  log,
}: {
  ledger: Ledger
  clock: Clock
  counters: Counters
  log: Log
}) {
  return async function recordPoison(
    message: WorkMessage | { kind: 'unreadable'; text: string },
  ): Promise<void> {
    const what =
      message.kind === 'assets'
        ? `work on ${message.assets.join(', ')}`
        : message.kind === 'listing'
          ? `listing of ${message.folder.container}/${message.folder.path}`
          : `unreadable message: ${message.text}`
    const reason = `${what.slice(0, EXCERPT)} failed in every attempt; the log tells why`
    counters.add('poisoned')
    log.error('message poisoned', { reason })
    const assets = message.kind === 'assets' ? message.assets : [undefined]
    await ledger.refuse(
      assets.map(asset => {
        const ref =
          message.kind === 'listing' ? message.folder : { account: '', container: '', path: asset ?? what }
        return { rule: POISON_RULE, ref, key: keyOf(ref), etag: undefined, asset, reason, at: clock.now() }
      }),
    )
  }
}
