/** What the list of failures needs of the world beside the ledger: a port, implemented in `azure/` and `memory/`. */
import type { Page, PageRequest } from '../ports.ts'

/** A version that a workspace has, or had, refused for good. */
export interface FailedDelivery {
  asset: string
  ordinal: number
  /** An alias. */
  workspace: string
  rule: string
  /** `account/container/path`, of a folder with a slash at its end. */
  file: string
  reason: string
  /** When this was written, in milliseconds since 1970: shortly before the ledger says that it has failed. */
  notedAt: number
}

/** As it stands in the index. */
export interface NotedFailure extends FailedDelivery {
  /** Of the row. */
  etag: string
}

/** All that are given must be the same. */
export type FailureFilter = Partial<Pick<FailedDelivery, 'asset' | 'rule' | 'workspace'>>

/**
 * Where failed deliveries may be found: hints, of which the ledger knows whether they are still true. There is one
 * for each failed delivery; one row per version and workspace. Every function may throw TransientError.
 */
export interface FailureIndex {
  /** Adds or replaces rows of one asset. */
  note(asset: string, failures: readonly FailedDelivery[]): Promise<void>
  /** Those of one asset stand together, in the order of cutting. A page may hold fewer than asked for and not be the last. */
  list(filter: FailureFilter, page: PageRequest): Promise<Page<NotedFailure>>
  /** Strikes off rows; those that were noted anew since stay. */
  remove(failures: readonly NotedFailure[]): Promise<void>
}
