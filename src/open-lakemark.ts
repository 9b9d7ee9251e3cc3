import { createAnnouncer } from './app/announcer.ts'
import { createDeadLetterRedrive } from './app/dead-letters.ts'
import type { RulesKeeper } from './app/rules-keeper.ts'
import { createAzureWorld } from './azure-world.ts'
import { type Config, ConfigError } from './config.ts'
import type { RuleSet } from './core/rules/rule-set.ts'
import { createLog } from './log.ts'
import { openRules } from './open-rules.ts'
import { createLakemark, type Lakemark } from './wiring.ts'

/** All use cases, and the rules that they follow. */
export type OpenLakemark = Lakemark & {
  keeper: RulesKeeper
  redriveDeadLetters: ReturnType<typeof createDeadLetterRedrive>
}

/** Gives Lakemark, opened when first asked for, with rules that are at most some seconds old. */
export type LakemarkOpener = () => Promise<OpenLakemark>

export interface Listeners {
  onRules?: (rules: RuleSet) => void
  /** A message that is visible at once was sent to the work queue. */
  onEnqueued?: () => void
}

/**
 * Opens Lakemark over Azure when first asked for it, once. What fails is tried anew by the next who asks:
 * the event or message that asked is sent again.
 */
export function openLakemark(config: Config, listeners: Listeners = {}): LakemarkOpener {
  let opened: Promise<OpenLakemark> | undefined
  return async () => {
    opened ??= open(config, listeners).catch(error => {
      opened = undefined
      throw error
    })
    const lakemark = await opened
    await lakemark.keeper.keepUp()
    return lakemark
  }
}

async function open(
  config: Config,
  { onRules: onActive = () => undefined, onEnqueued = () => undefined }: Listeners,
): Promise<OpenLakemark> {
  const { storage } = config
  const log = createLog(config.logLevel)
  if (storage === undefined) {
    throw new ConfigError(
      'AzureWebJobsStorage is not set: give a connection string, or __accountName and an identity',
    )
  }
  const { rulesStore, deadLetters, ...world } = await createAzureWorld(
    { ...config, storage },
    log,
    onEnqueued,
  )
  const announcer = createAnnouncer(world)
  const { clock } = world
  const keeper = await openRules(config, { store: rulesStore, announcer, clock, log, onActive })
  const lakemark = createLakemark({ ...world, rules: keeper.current })
  const { intake } = lakemark
  return {
    ...lakemark,
    keeper,
    redriveDeadLetters: createDeadLetterRedrive({ ...world, deadLetters, intake }),
  }
}
