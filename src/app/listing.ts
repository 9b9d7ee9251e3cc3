import type { BlobRef } from '../core/blob-ref.ts'
import { MINUTE } from '../core/time.ts'
import type { Announcer } from './announcer.ts'
import type { Intake, MatchingRules } from './intake.ts'
import type { Counters, Lake } from './ports.ts'

const BLOBS_PER_PAGE = 500
/** A page that holds a blob into which a copy still runs is looked at again after this time. */
const AGAIN_AFTER_MS = MINUTE

interface Dependencies {
  rules: () => MatchingRules
  lake: Lake
  intake: Intake
  announcer: Announcer
  counters: Counters
}

/**
 * Takes in one page of what lies under a folder. The next page is announced first: no page waits for another's
 * trouble, and the same page may be taken in twice, as the ledger knows what it has.
 */
export function createListing({ rules, lake, intake, announcer, counters }: Dependencies) {
  return async function takeInListing(folder: BlobRef, continuation: string | undefined): Promise<void> {
    if (!rules().watches(folder.account, folder.container)) {
      counters.add('ignored:container-not-watched')
      return
    }
    const page = await lake.list(folder, { limit: BLOBS_PER_PAGE, continuation })
    if (page.continuation !== undefined) await announcer.listing(folder, page.continuation, 0)
    const files = page.items.filter(blob => !blob.isDirectory)
    counters.add('listed', files.length)
    if (files.some(blob => blob.isBeingCopied)) await announcer.listing(folder, continuation, AGAIN_AFTER_MS)
    await intake.changes(
      files
        .filter(blob => !blob.isBeingCopied)
        .map(({ ref, etag, sizeBytes }) => ({
          kind: 'written',
          ref,
          etag,
          sizeBytes,
          sequencer: undefined,
          doubt: undefined,
        })),
    )
  }
}
