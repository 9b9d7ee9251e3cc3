/** Files that match a rule and are not registered, as the ledger keeps them. Every function may throw TransientError. */
import type { BlobRef } from '../core/blob-ref.ts'
import type { Page, PageRequest } from './page.ts'

/** A file that a rule matched and that is not registered, with the reason that people are shown. */
export interface Refusal {
  rule: string
  ref: BlobRef
  key: string
  etag: string | undefined
  /** The asset that it would have been, where it has a name. */
  asset: string | undefined
  reason: string
  /** When that was found, the last time. */
  at: number
  /** Of a poisoned message: its text, with which it can be sent again. */
  message?: string | undefined
}

export interface KnownRefusal extends Refusal {
  /** When the rule refused the file for the first time. */
  since: number
  /** Of the row. */
  rowEtag: string
}

export interface Refusals {
  /** Remembers files that match a rule and cannot become an asset. One row per rule and file. */
  refuse(refusals: readonly Refusal[]): Promise<void>
  /** Of one rule, or of all; those of one rule stand together. */
  listRefusals(page: PageRequest, rule?: string): Promise<Page<KnownRefusal>>
  /** `key`: of the file. Undefined: the rule has not refused the file. */
  readRefusal(rule: string, key: string): Promise<KnownRefusal | undefined>
  /** Strikes off rows; those that have been refused anew since stay. */
  removeRefusals(refusals: readonly KnownRefusal[]): Promise<void>
}
