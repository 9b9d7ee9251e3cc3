import { createAnnouncer } from './app/announcer.ts'
import type { RulesKeeper } from './app/rules-keeper.ts'
import { createAzureWorld } from './azure-world.ts'
import { type Config, ConfigError } from './config.ts'
import type { RuleSet } from './core/rules/rule-set.ts'
import { createLog } from './log.ts'
import { openRules } from './open-rules.ts'
import { createLakemark, type Lakemark } from './wiring.ts'

/** All use cases, and the rules that they follow. */
export type OpenLakemark = Lakemark & { keeper: RulesKeeper }

/** Gives Lakemark, opened when first asked for, with rules that are at most some seconds old. */
export type LakemarkOpener = () => Promise<OpenLakemark>

/**
 * Opens Lakemark over Azure when first asked for it, once. What fails is tried anew by the next who asks:
 * the event or message that asked is sent again.
 */
export function openLakemark(
  config: Config,
  onRules: (rules: RuleSet) => void = () => undefined,
): LakemarkOpener {
  let opened: Promise<OpenLakemark> | undefined
  return async () => {
    opened ??= open(config, onRules).catch(error => {
      opened = undefined
      throw error
    })
    const lakemark = await opened
    await lakemark.keeper.keepUp()
    return lakemark
  }
}

async function open(config: Config, onActive: (rules: RuleSet) => void): Promise<OpenLakemark> {
  const { storage } = config
  const log = createLog(config.logLevel)
  if (storage === undefined) {
    throw new ConfigError(
      'AzureWebJobsStorage is not set: give a connection string, or __accountName and an identity',
    )
  }
  const { rulesStore, ...world } = await createAzureWorld({ ...config, storage }, log)
  const announcer = createAnnouncer(world)
  const { clock } = world
  const keeper = await openRules(config, { store: rulesStore, announcer, clock, log, onActive })
  return { ...createLakemark({ ...world, rules: keeper.current }), keeper }
}
