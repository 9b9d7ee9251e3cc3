import { reasonOf } from '../../core/errors.ts'
import { DAY, MINUTE } from '../../core/time.ts'
import type { Log } from '../ports.ts'
import type { AuditLog } from './audit.ts'

const ENTRIES_PER_STEP = 1000
/** No step is begun later than this after the first: what is left is removed the next day. */
const PRUNING_MS = 2 * MINUTE

interface Dependencies {
  audit: () => Promise<AuditLog>
  /** So long an entry is kept. */
  days: number
  now: () => number
}

/** Removes what has been in the audit trail for longer than it is kept. Trouble is logged: the next day comes. */
export function createAuditRetention({ audit, days, now }: Dependencies) {
  return async function pruneAudit(log: Log): Promise<void> {
    const begun = now()
    let removed = 0
    try {
      const trail = await audit()
      for (let isOver = false; !isOver; ) {
        const some = await trail.removeBefore(begun - days * DAY, ENTRIES_PER_STEP)
        removed += some
        isOver = some === 0 || now() - begun >= PRUNING_MS
      }
    } catch (error) {
      log.warn('old entries of the audit trail could not be removed', { reason: reasonOf(error) })
    }
    if (removed > 0) log.info('old entries of the audit trail were removed', { removed, days })
  }
}
