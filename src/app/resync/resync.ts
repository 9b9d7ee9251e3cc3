import type { Run } from '../../core/resync/run.ts'
import type { Announcer } from '../announcer.ts'
import type { createExtend } from '../delivery/extend.ts'
import type { Pacer } from '../delivery/pacer.ts'
import type { createVersionRewriter } from '../delivery/rewrite-versions.ts'
import type { Intake, MatchingRules } from '../intake/intake.ts'
import type { AzureMl, Clock, Counters, Lake, Ledger, Log, WorkQueue } from '../ports.ts'
import { createCompletion } from '../register/complete.ts'
import { createRegisterRuns } from '../register/run.ts'
import { createComparison } from './compare.ts'
import { createControl, createRunAnnouncer } from './control.ts'
import { createCutPlace } from './cut-place.ts'
import { createExtensions } from './extensions.ts'
import { createFollowing } from './follow.ts'
import type { ListingIndex, RunStore } from './ports.ts'
import { createRunDocuments } from './run-documents.ts'
import { createRunSweep } from './run-sweep.ts'
import { createRuns, type StartAnswer, type StartRequest } from './runs.ts'
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
  /** The same under other rules than those in force. */
  intakeOver: (rules: () => MatchingRules) => Intake
  announcer: Announcer
  extend: ReturnType<typeof createExtend>
  rewriteVersions: ReturnType<typeof createVersionRewriter>
  clock: Clock
  counters: Counters
  log: Log
  owner: string
  newId: () => string
}

/** Who a run of the schedule says that it was asked by. */
const SCHEDULE = 'schedule'

export type Resync = ReturnType<typeof createResync>

export interface ScheduledRuns {
  /** How many runs have not ended, whoever started them. */
  open: number
  /** Undefined: none was started yet, or it is long ago. */
  run: Run | undefined
  /** Undefined: none ever has, as far as is known. */
  succeededAt: number | undefined
}

/** Re-sync: brings lake, ledger and workspaces into line, in runs that any process may go on with. */
export function createResync(dependencies: Dependencies) {
  const { runStore: store, listingIndex: index, counters } = dependencies
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
  const complete = createCompletion(base)
  const registering = createRegisterRuns({ ...base, documents, following, complete })
  const cutPlace = createCutPlace(base)
  const step = createStep({ ...base, documents, announce, cutPlace, scan, verify, following, registering })
  const control = createControl({ ...base, documents, announce, registering })
  const runs = createRuns({ ...base, documents, announce })
  const { sweep, prune } = createRunSweep({ ...base, documents, announce })

  async function start(request: StartRequest): Promise<StartAnswer> {
    const answer = await runs.start(request)
    if (answer.kind === 'started') counters.add('runs:started')
    return answer
  }

  const cancel: typeof runs.cancel = async (id, by) => {
    const answer = await runs.cancel(id, by)
    if (answer?.cancelled) counters.add('runs:cancelled')
    return answer
  }

  /** The backstop for lost events. */
  async function startScheduled(): Promise<StartAnswer> {
    const { succeededAt } = await lastScheduled()
    const answer = await start({ filter: {}, by: SCHEDULE, schedule: { succeededAt } })
    if (answer.kind === 'refused') {
      dependencies.log.warn('the scheduled re-sync was not started', { reason: answer.reason })
    }
    // Whoever was not the first leaves that to the first.
    if (answer.kind !== 'joined') await prune()
    return answer
  }

  /**
   * How many runs are under way, how the schedule's last one went, or had come by its last phase, and when one last
   * went well. Cheap.
   */
  async function lastScheduled(): Promise<ScheduledRuns> {
    const { open, scheduled, succeededAt } = await documents.readRegister()
    const run = scheduled === undefined ? undefined : (await documents.readRun(scheduled))?.document
    return { open: open.length, run, succeededAt: run?.state === 'done' ? run.endedAt : succeededAt }
  }

  return {
    ...runs,
    start,
    cancel,
    startScheduled,
    lastScheduled,
    /** Of the work queue. */
    work: ({ run, part }: { run: string; part: string | undefined }) =>
      part === undefined ? control(run) : step(run, part),
    sweep,
  }
}
