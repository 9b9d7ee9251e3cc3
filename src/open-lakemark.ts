import { createAzureWorld } from './azure-world.ts'
import { type Config, ConfigError } from './config.ts'
import { loadRules } from './load-rules.ts'
import { createLog } from './log.ts'
import { createLakemark, type Lakemark } from './wiring.ts'

/** Gives Lakemark, opened when first asked for. */
export type LakemarkOpener = () => Promise<Lakemark>

/**
 * Opens Lakemark over Azure when first asked for it, once. What fails is tried anew by the next who asks:
 * the event or message that asked is sent again.
 */
export function openLakemark(config: Config): LakemarkOpener {
  let opened: Promise<Lakemark> | undefined
  return () => {
    opened ??= open(config).catch(error => {
      opened = undefined
      throw error
    })
    return opened
  }
}

async function open(config: Config): Promise<Lakemark> {
  const { storage } = config
  const log = createLog(config.logLevel)
  if (storage === undefined) {
    throw new ConfigError(
      'AzureWebJobsStorage is not set: give a connection string, or __accountName and an identity',
    )
  }
  const { warnings, ...rules } = await loadRules(config.rules, config.rulesCommit)
  for (const warning of warnings) log.warn('rules', { warning })
  return createLakemark(await createAzureWorld({ ...config, storage }, rules, log))
}
