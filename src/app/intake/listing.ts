import type { BlobRef } from '../../core/blob-ref.ts'
import { TransientError } from '../../core/errors.ts'
import { MINUTE } from '../../core/time.ts'
import type { Announcer, ListingPage } from '../announcer.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { createExtend, Extension } from '../delivery/extend.ts'
import type { Counters, Lake } from '../ports.ts'
import type { Intake, MatchingRules } from './intake.ts'

const BLOBS_PER_PAGE = 500
/** A page that holds a blob into which a copy still runs is looked at again after this time. */
const AGAIN_AFTER_MS = MINUTE
const EXTENSIONS_AT_ONCE = 16

interface Dependencies {
  rules: () => MatchingRules
  lake: Lake
  intake: Intake
  extend: ReturnType<typeof createExtend>
  announcer: Announcer
  counters: Counters
}

/**
 * Takes in one page of what lies under a folder. The next page is announced first: no page waits for another's
 * trouble, and the same page may be taken in twice, as the ledger knows what it has.
 */
export function createListing({ rules, lake, intake, extend, announcer, counters }: Dependencies) {
  return async function takeInListing({ folder, continuation, backfill }: ListingPage): Promise<void> {
    if (backfill !== undefined && rules().since < backfill.since) {
      throw new TransientError('this process does not have the rules yet that ask for this listing')
    }
    if (!rules().watches(folder.account, folder.container)) {
      counters.add('ignored:container-not-watched')
      return
    }
    const page = await lake.list(folder, { limit: BLOBS_PER_PAGE, continuation })
    if (page.continuation !== undefined) {
      await announcer.listing({ folder, continuation: page.continuation, backfill }, 0)
    }
    const files = page.items.filter(blob => !blob.isDirectory)
    counters.add('listed', files.length)
    if (files.some(blob => blob.isBeingCopied)) {
      await announcer.listing({ folder, continuation, backfill }, AGAIN_AFTER_MS)
    }
    const finished = files.filter(blob => !blob.isBeingCopied)
    await intake.changes(
      finished.map(({ ref, etag, sizeBytes }) => ({
        kind: 'written',
        ref,
        etag,
        sizeBytes,
        sequencer: undefined,
        doubt: undefined,
      })),
    )
    if (backfill !== undefined)
      await extendAll(
        finished.map(({ ref }) => ref),
        backfill.rules,
      )
  }

  /** Each version's place once, however many of its files are on the page, and only what these rules make. */
  async function extendAll(refs: readonly BlobRef[], names: readonly string[]): Promise<void> {
    const wanted = new Map<string, Extension>()
    for (const ref of refs) {
      for (const { role, asset, dataPath, rule } of rules().match(ref)) {
        if (role !== 'data' || asset === undefined || !names.includes(rule.name)) continue
        const { account, container, workspaces, backfill: mode } = rule
        const extension = { asset, account, container, dataPath, workspaces, mode }
        wanted.set(JSON.stringify([asset, dataPath, rule.name]), extension)
      }
    }
    await forEachAtMost(EXTENSIONS_AT_ONCE, [...wanted.values()], extend)
  }
}
