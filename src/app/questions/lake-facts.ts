import type { BlobRef } from '../../core/blob-ref.ts'
import { reasonOf } from '../../core/errors.ts'
import type { BlobProperties, Lake } from '../ports.ts'

/** What the lake holds of a file now. */
export type LakeFacts =
  | ({ state: 'there' } & BlobProperties)
  | { state: 'absent' }
  | { state: 'unknown'; reason: string }

/** For people: trouble is part of the answer. */
export async function readLakeFacts(lake: Pick<Lake, 'head'>, ref: BlobRef): Promise<LakeFacts> {
  try {
    const blob = await lake.head(ref)
    if (blob === undefined) return { state: 'absent' }
    const { etag, sizeBytes, isDirectory, isBeingCopied } = blob
    return { state: 'there', etag, sizeBytes, isDirectory, isBeingCopied }
  } catch (error) {
    return { state: 'unknown', reason: reasonOf(error) }
  }
}
