import { createAnnouncer } from './app/announcer.ts'
import { createDeadLetterRedrive } from './app/intake/dead-letters.ts'
import { createLeaveEvents } from './app/intake/leave-events.ts'
import type { RulesKeeper } from './app/rules/rules-keeper.ts'
import type { StorageConnection } from './azure/storage-connection.ts'
import { createAzureWorld, type WorldOptions } from './azure-world.ts'
import type { Config } from './config.ts'
import type { RuleSet } from './core/rules/rule-set.ts'
import { createInstruments, type Instruments } from './instruments.ts'
import { createLog } from './log.ts'
import { openRules } from './open-rules.ts'
import type { OwnTables } from './open-tables.ts'
import { createLakemark, type Lakemark } from './wiring.ts'

/** All use cases, and the rules that they follow. */
export type OpenLakemark = Lakemark &
  Instruments & {
    keeper: RulesKeeper
    redriveDeadLetters: ReturnType<typeof createDeadLetterRedrive>
    leaveEvents: ReturnType<typeof createLeaveEvents>
  }

export interface Listeners {
  onRules?: (rules: RuleSet) => void
  /** A message that is visible at once was sent to the work queue. */
  onEnqueued?: () => void
  /** For tests: how requests to ARM, to vaults and to the sign-in service are sent. */
  httpClient?: WorldOptions['httpClient']
}

/** Lakemark over Azure, with its rules loaded. Rejects with RulesError or TransientError. */
export async function assembleLakemark(
  config: Config & { storage: StorageConnection },
  tables: Promise<OwnTables>,
  { onRules: onActive = () => undefined, ...options }: Listeners,
): Promise<OpenLakemark> {
  const log = createLog(config.logLevel)
  const { rulesStore, deadLetters, probes, queueLength, ...world } = await createAzureWorld(
    config,
    tables,
    log,
    options,
  )
  const announcer = createAnnouncer(world)
  const { clock } = world
  const keeper = await openRules(config, { store: rulesStore, announcer, clock, log, onActive })
  const lakemark = createLakemark({ ...world, rules: keeper.current })
  const { intake } = lakemark
  return {
    ...lakemark,
    ...createInstruments(world, { lakemark, keeper, probes, queueLength }),
    keeper,
    redriveDeadLetters: createDeadLetterRedrive({ ...world, deadLetters, intake }),
    leaveEvents: createLeaveEvents({ ...world, deadLetters }),
  }
}
