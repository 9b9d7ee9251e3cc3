import { ContinuationError } from '../../core/errors.ts'
import type { Lake, LakePlace, ListedBlob } from '../ports.ts'

const BLOBS_PER_PAGE = 5000

/** The pages of a listing, one after the other. */
export interface Pages {
  /** 'begin anew': the continuation is not taken any more. Throws what else the lake throws. */
  next(): Promise<ListedBlob[] | 'begin anew'>
  /** Of the page that was read last; undefined: it is the first. */
  current(): string | undefined
  /** Of the page behind it; undefined: there is none. */
  following(): string | undefined
}

export function createPages(
  lake: Lake,
  { account, container, prefix }: LakePlace,
  from: string | undefined,
): Pages {
  let current = from
  let following = from
  return {
    async next() {
      current = following
      try {
        const page = await lake.listFlat(
          { account, container, prefix },
          { limit: BLOBS_PER_PAGE, continuation: current },
        )
        following = page.continuation
        return page.items
      } catch (error) {
        if (error instanceof ContinuationError && current !== undefined) return 'begin anew'
        throw error
      }
    },
    current: () => current,
    following: () => following,
  }
}
