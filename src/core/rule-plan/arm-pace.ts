import { SECOND } from '../time.ts'

/** Azure Resource Manager's bounds on the writes of one principal in one subscription: a bucket, and its refill. */
export const ARM_WRITES_AT_ONCE = 200
export const ARM_WRITES_PER_SECOND = 10

/** How long so many writes to one subscription take at the least, from a full bucket. */
export function msOfWrites(writes: number): number {
  return (Math.max(0, writes - ARM_WRITES_AT_ONCE) / ARM_WRITES_PER_SECOND) * SECOND
}
