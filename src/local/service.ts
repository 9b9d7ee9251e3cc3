import { createQueueService } from '../azure/storage-clients.ts'
import type { StorageConnection } from '../azure/storage-connection.ts'
import { type Config, ConfigError, storageOf } from '../config.ts'
import { reasonOf } from '../core/errors.ts'
import type { RuleSet } from '../core/rules/rule-set.ts'
import { watchFolder } from '../files/watch-folder.ts'
import { openAudit } from '../functions/open-audit.ts'
import { registerFunctions } from '../functions/register.ts'
import { type Host, type HostLog, readHostJson, startHost } from '../host/host.ts'
import { createLog } from '../log.ts'
import { openLakemark } from '../open-lakemark.ts'
import { WORK_QUEUE } from '../storage-names.ts'

const HOST_JSON = new URL('../../host.json', import.meta.url)
const CONNECTION = 'AzureWebJobsStorage'

/**
 * The functions in the embedded host, over the storage account of the configuration. Rejects where the
 * rules have problems or the storage account does not answer: what cannot work does not start.
 */
export async function startService(
  config: Config,
  onRules: (rules: RuleSet) => void = () => undefined,
): Promise<Host> {
  const storage = storageOf(config)
  const log = createLog(config.logLevel)
  // The host polls the queue, and is told when there is something in it.
  let notify: () => void = () => undefined
  const lakemark = openLakemark(config, { onRules, onEnqueued: () => notify() })
  const { sweep, keeper } = await lakemark()
  const host = await startHost({
    port: config.port,
    hostJson: await readHostJson(HOST_JSON.pathname),
    load: async () => registerFunctions({ ...config, lakemark, audit: openAudit(storage) }),
    queueService: connection => queuesOf(connection, storage),
    setting: () => undefined,
    log: toHostLog(log),
  })
  notify = () => host.notify(WORK_QUEUE)
  // What was left undone when the last process ended need not wait for the timer.
  await sweep().catch(error =>
    log.warn('the first sweep failed; the timer tries again', { reason: reasonOf(error) }),
  )
  if (config.rules.kind === 'git') return host
  const refresh = () => {
    keeper
      .refresh()
      .catch(error => log.error('the rules could not be refreshed', { reason: reasonOf(error) }))
  }
  const stopWatching = watchFolder(config.rules.folder, refresh)
  return {
    ...host,
    async close(options) {
      stopWatching()
      await host.close(options)
    },
  }
}

function queuesOf(connection: string, storage: StorageConnection) {
  if (connection !== CONNECTION) throw new ConfigError(`no function may use the connection ${connection}`)
  return createQueueService(storage)
}

function toHostLog(log: ReturnType<typeof createLog>): HostLog {
  return (level, message, fields) => {
    if (level !== 'debug') log[level](message, fields)
  }
}
