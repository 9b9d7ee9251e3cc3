import { randomUUID } from 'node:crypto'
import { createAnnouncer } from './app/announcer.ts'
import { createDelivery } from './app/deliver.ts'
import { createExplain } from './app/explain.ts'
import { createExtend } from './app/extend.ts'
import { createIntake, type Intake, type MatchingRules } from './app/intake.ts'
import { createListing } from './app/listing.ts'
import { createPacer } from './app/pacer.ts'
import { createPoison } from './app/poison.ts'
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
import { createRecorder } from './app/recorder.ts'
import type { ListingIndex, RunStore } from './app/resync/ports.ts'
import { createResync } from './app/resync/resync.ts'
import { createRetry } from './app/retry.ts'
import { createVersionRewriter } from './app/rewrite-versions.ts'
import { createSeeding } from './app/seed.ts'
import { createStatus } from './app/status.ts'
import { createSweep } from './app/sweep.ts'
import { createTurns } from './app/turns.ts'
import { createWork, createWorkAll } from './app/work.ts'

/** What the use cases stand on: real adapters, or the ones in memory. */
export interface World {
  /** The rules in force; may change between two calls. */
  rules: () => MatchingRules
  ledger: Ledger
  agenda: Agenda
  queue: WorkQueue
  lake: Lake
  azureMl: AzureMl
  armMeter: ArmMeter
  budgetStore: BudgetStore
  runStore: RunStore
  listingIndex: ListingIndex
  clock: Clock
  counters: Counters
  log: Log
}

export type Lakemark = ReturnType<typeof createLakemark>

/** All use cases, over one world. Any number of these may share a ledger. */
export function createLakemark(world: World) {
  const { rules, ledger, agenda, queue, lake, clock, counters, log } = world
  const announcer = createAnnouncer({ agenda, queue, clock })
  const recorder = createRecorder({ ledger, lake, announcer, clock })
  const intake: Intake = createIntake({ rules, recorder, announcer, ledger, lake, clock, counters, log })
  const rewriteVersions = createVersionRewriter({ ledger, announcer, clock })
  const extend = createExtend({ ledger, rewriteVersions })
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
    log,
    owner,
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
    resync: createResync({ ...world, pacer, intake, extend, rewriteVersions, owner, newId: randomUUID }),
    sweep: createSweep({ agenda, ledger, announcer, clock, counters, log }),
    retry: createRetry({ ledger, rewriteVersions, rules }),
    recordPoison: createPoison({ ledger, announcer, clock, counters, log }),
    status: createStatus({ ledger }),
    explain: createExplain({ rules, ledger, lake }),
    counters,
    log,
  }
}
