import type { createExtend } from '../extend.ts'
import type { Intake, MatchingRules } from '../intake.ts'
import type { Pacer } from '../pacer.ts'
import type { AzureMl, Clock, Lake, Ledger, Log, WorkQueue } from '../ports.ts'
import type { createVersionRewriter } from '../rewrite-versions.ts'
import { createComparison } from './compare.ts'
import { createControl, createRunAnnouncer } from './control.ts'
import { createExtensions } from './extensions.ts'
import { createFollowing } from './follow.ts'
import type { ListingIndex, RunStore } from './ports.ts'
import { createRunDocuments } from './run-documents.ts'
import { createRunSweep } from './run-sweep.ts'
import type { RunView } from './run-view.ts'
import { createRuns, type StartAnswer } from './runs.ts'
import { createScan } from './scan.ts'
import { createStep } from './step.ts'
import { createVerification } from './verify.ts'

interface Dependencies {
  runStore: RunStore
  listingIndex: ListingIndex
  rules: () => MatchingRules
  ledger: Ledger
  queue: WorkQueue
  lake: Lake
  azureMl: AzureMl
  pacer: Pacer
  intake: Intake
  extend: ReturnType<typeof createExtend>
  rewriteVersions: ReturnType<typeof createVersionRewriter>
  clock: Clock
  log: Log
  owner: string
  newId: () => string
}

/** Who a run of the schedule says that it was asked by. */
const SCHEDULE = 'schedule'

export type Resync = ReturnType<typeof createResync>

/** Re-sync: brings lake, ledger and workspaces into line, in runs that any process may go on with. */
export function createResync(dependencies: Dependencies) {
  const { runStore: store, listingIndex: index } = dependencies
  const base = { ...dependencies, store, index }
  const documents = createRunDocuments(base)
  const announce = createRunAnnouncer(base)
  const following = createFollowing(base)
  const scan = createScan({
    ...base,
    compare: createComparison(base),
    extendTo: createExtensions(base),
    following,
  })
  const verify = createVerification({ ...base, following })
  const step = createStep({ ...base, documents, announce, scan, verify, following })
  const control = createControl({ ...base, documents, announce })
  const runs = createRuns({ ...base, documents, announce })
  const { sweep, prune } = createRunSweep({ ...base, documents, announce })

  /** The backstop for lost events. */
  async function startScheduled(): Promise<StartAnswer> {
    const answer = await runs.start({ filter: {}, by: SCHEDULE })
    if (answer.kind === 'refused') {
      dependencies.log.warn('the scheduled re-sync was not started', { reason: answer.reason })
    } else {
      const { id } = answer.run
      await documents.changeRegister(register => ({ ...register, scheduled: id }))
    }
    await prune()
    return answer
  }

  /** Undefined: none was started yet, or it is long ago. */
  async function lastScheduled(): Promise<RunView | undefined> {
    const { scheduled } = await documents.readRegister()
    return scheduled === undefined ? undefined : runs.get(scheduled)
  }

  return {
    ...runs,
    startScheduled,
    lastScheduled,
    /** Of the work queue. */
    work: ({ run, part }: { run: string; part: string | undefined }) =>
      part === undefined ? control(run) : step(run, part),
    sweep,
  }
}
