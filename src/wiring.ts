import { randomUUID } from 'node:crypto'
import { createAnnouncer } from './app/announcer.ts'
import { createDelivery } from './app/delivery/deliver.ts'
import { createExtend } from './app/delivery/extend.ts'
import { createPacer } from './app/delivery/pacer.ts'
import { createRetry } from './app/delivery/retry.ts'
import { createVersionRewriter } from './app/delivery/rewrite-versions.ts'
import { createSeeding } from './app/delivery/seed.ts'
import { createSweep } from './app/delivery/sweep.ts'
import { createTurns } from './app/delivery/turns.ts'
import { createWork, createWorkAll } from './app/delivery/work.ts'
import { createFailures } from './app/failures/failures.ts'
import type { FailureIndex } from './app/failures/ports.ts'
import { createIntake, type Intake, type MatchingRules } from './app/intake/intake.ts'
import { createListing } from './app/intake/listing.ts'
import { createPoison } from './app/intake/poison.ts'
import { createRecorder } from './app/intake/recorder.ts'
import type {
  Agenda,
  ArmMeter,
  AzureMl,
  BudgetStore,
  Clock,
  Counters,
  Lake,
  Ledger,
  Log,
  WorkQueue,
} from './app/ports.ts'
import { createExplain } from './app/questions/explain.ts'
import { createFileSearch } from './app/questions/file-knowledge.ts'
import { createStatus } from './app/questions/status.ts'
import { createRegister } from './app/register/register.ts'
import type { ListingIndex, RunStore } from './app/resync/ports.ts'
import { createResync } from './app/resync/resync.ts'
import type { DatastoreLooks } from './app/rotation/ports.ts'
import { createRotation } from './app/rotation/rotation.ts'

/** What the use cases stand on: real adapters, or the ones in memory. */
export interface World {
  /** The rules in force; may change between two calls. */
  rules: () => MatchingRules
  ledger: Ledger
  failureIndex: FailureIndex
  agenda: Agenda
  queue: WorkQueue
  lake: Lake
  azureMl: AzureMl
  armMeter: ArmMeter
  budgetStore: BudgetStore
  datastoreLooks: DatastoreLooks
  runStore: RunStore
  listingIndex: ListingIndex
  clock: Clock
  /** Lets what was begun be sent before this process goes on. Undefined: nothing has to be sent, as in memory. */
  giveWay?: (() => Promise<void>) | undefined
  /** How many pieces of news share a transaction at most. Undefined: as many as the ledger takes. */
  intentsPerCommit?: number | undefined
  /** For runs; differs every time. Undefined: by chance. */
  newId?: (() => string) | undefined
  counters: Counters
  log: Log
}

export type Lakemark = ReturnType<typeof createLakemark>

/** All use cases, over one world. Any number of these may share a ledger. */
export function createLakemark(world: World) {
  const { rules, ledger, agenda, queue, lake, clock, counters, log } = world
  const announcer = createAnnouncer({ agenda, queue, clock })
  const recorder = createRecorder({
    ledger,
    lake,
    announcer,
    clock,
    counters,
    giveWay: world.giveWay,
    intentsPerCommit: world.intentsPerCommit,
  })
  const intakeOver = (over: () => MatchingRules): Intake =>
    createIntake({ rules: over, recorder, announcer, ledger, lake, clock, counters, log })
  const intake = intakeOver(rules)
  const rewriteVersions = createVersionRewriter({ ledger, announcer, clock })
  const extend = createExtend({ ledger, rewriteVersions })
  const retry = createRetry({ ledger, rewriteVersions, rules })
  const failures = createFailures({ ...world, retry, intake, announcer })
  const owner = randomUUID()
  const pacer = createPacer({ store: world.budgetStore, meter: world.armMeter, clock, log })
  const turns = createTurns({ pacer, rules, clock, log })
  const work = createWork({
    ledger,
    turns,
    deliver: createDelivery({ ...world, pacer, turns }),
    highestInUse: createSeeding({ azureMl: world.azureMl, pacer, rules, clock, log }),
    announcer,
    clock,
    counters,
    log,
    owner,
    noteFailures: failures.note,
  })
  const resync = createResync({
    ...world,
    pacer,
    intake,
    intakeOver,
    announcer,
    extend,
    rewriteVersions,
    owner,
    newId: world.newId ?? randomUUID,
  })
  return {
    rules,
    intake,
    work: createWorkAll({ work, announcer, log }),
    takeInListing: createListing({
      rules,
      lake,
      intake,
      extend,
      announcer,
      counters,
    }),
    resync,
    register: createRegister({ ...world, runs: resync }),
    sweep: createSweep({ agenda, ledger, announcer, clock, counters, log }),
    retry: retry.asset,
    failures,
    rotation: createRotation({ ...world, looks: world.datastoreLooks, pacer }),
    recordPoison: createPoison({ ledger, announcer, clock, counters, log }),
    status: createStatus({ ledger, rules, clock }),
    knowFile: createFileSearch({ rules, ledger, lake }),
    explain: createExplain({ rules, ledger, lake }),
    counters,
    log,
  }
}
