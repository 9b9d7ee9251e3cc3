import type { Intent } from '../../core/asset/plan-intake.ts'
import { TransientError } from '../../core/errors.ts'
import { MAX_CONFLICTS, MAX_TRANSACTION_ENTITIES } from '../../core/limits.ts'
import type { Announcer } from '../announcer.ts'
import type { Clock, Counters, Lake, Ledger } from '../ports.ts'
import { type Attempt, createRecordAttempts, type Recorded, type Waiting } from './record-attempts.ts'

interface Dependencies {
  ledger: Ledger
  lake: Lake
  announcer: Announcer
  clock: Clock
  counters: Counters
  giveWay?: (() => Promise<void>) | undefined
  /** How many share a transaction at most. */
  intentsPerCommit?: number | undefined
}

/**
 * Records news of files in the ledger. News of one asset shares transactions (group commit): what arrives while one
 * is under way goes into the next, and one that is full by then is made ready at once, to follow on its heels.
 * Rejects with TransientError when the ledger or the lake does not answer, or others were faster too often.
 */
export function createRecorder({
  intentsPerCommit = MAX_TRANSACTION_ENTITIES,
  ...dependencies
}: Dependencies) {
  const attempts = createRecordAttempts(dependencies)
  const byAsset = new Map<string, Waiting[]>()

  return (asset: string, intent: Intent): Promise<Recorded> =>
    new Promise((resolve, reject) => {
      const waiting = byAsset.get(asset)
      if (waiting !== undefined) {
        waiting.push({ intent, resolve, reject })
        return
      }
      const first = [{ intent, resolve, reject }]
      byAsset.set(asset, first)
      void drain(asset, first)
    })

  /** `attempts` neither reject nor lose anybody: who is left after one stands in front again. */
  async function drain(asset: string, waiting: Waiting[]): Promise<void> {
    // One turn of the event loop lets calls that were made together go together.
    await Promise.resolve()
    let conflicts = 0
    let next: Attempt | undefined
    while (next !== undefined || waiting.length > 0) {
      const attempt: Attempt = next ?? begin(asset, waiting, conflicts)
      next = follow(asset, waiting, attempt)
      const { outcome, left } = await attempt.ended
      if (outcome !== 'recorded' && next !== undefined) {
        // It was built upon what is not so, and nothing may be built upon it in turn.
        waiting.unshift(...(await next.ended).left)
        next = undefined
      }
      waiting.unshift(...left)
      conflicts = outcome === 'conflict' ? conflicts + 1 : 0
      if (conflicts > MAX_CONFLICTS) {
        const error = new TransientError(`asset ${asset} is changed by too many at once`)
        for (const { reject } of waiting.splice(0)) reject(error)
      }
    }
    byAsset.delete(asset)
  }

  function begin(asset: string, waiting: Waiting[], conflicts: number): Attempt {
    const some = waiting.splice(0, intentsPerCommit)
    const unread = conflicts === 0 ? attempts.unread(asset, some) : undefined
    return unread ?? attempts.read(asset, some)
  }

  function follow(asset: string, waiting: Waiting[], before: Attempt): Attempt | undefined {
    if (waiting.length < intentsPerCommit) return undefined
    const expected = before.expect()
    if (expected === undefined) return undefined
    const attempt = attempts.unread(asset, waiting.slice(0, intentsPerCommit), expected)
    if (attempt !== undefined) waiting.splice(0, intentsPerCommit)
    return attempt
  }
}
