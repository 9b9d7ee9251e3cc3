import type { BlobRef } from '../core/blob-ref.ts'
import type { Announcer } from './announcer.ts'
import type { Intake } from './intake.ts'
import type { Counters, Lake } from './ports.ts'

const BLOBS_PER_PAGE = 500

/**
 * Takes in one page of what lies under a folder, and announces the next page. The same page may be taken in
 * twice: the ledger knows what it has.
 */
export function createListing({
  lake,
  intake,
  announcer,
  counters,
}: {
  lake: Lake
  intake: Intake
  announcer: Announcer
  counters: Counters
}) {
  return async function takeInListing(folder: BlobRef, continuation: string | undefined): Promise<void> {
    const page = await lake.list(folder, { limit: BLOBS_PER_PAGE, continuation })
    const files = page.items.filter(blob => !blob.isDirectory)
    counters.add('listed', files.length)
    await intake.changes(
      files.map(({ ref, etag, sizeBytes, isBeingCopied }) => ({
        kind: 'written',
        ref,
        etag,
        sizeBytes,
        sequencer: undefined,
        doubt: isBeingCopied ? 'being copied' : undefined,
      })),
    )
    if (page.continuation !== undefined) await announcer.listing(folder, page.continuation)
  }
}
