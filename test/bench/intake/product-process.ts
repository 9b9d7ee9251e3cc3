/**
 * The embedded host with Lakemark's intake, over Azurite or over the adapters in memory. Only `onBlobEvent` is
 * registered: no worker takes the messages that the intake sends, so that what is measured is intake alone.
 */
import { createAnnouncer } from '../../../src/app/announcer.ts'
import type { RulesKeeper } from '../../../src/app/rules/rules-keeper.ts'
import { createQueueService } from '../../../src/azure/storage-clients.ts'
import type { StorageConnection } from '../../../src/azure/storage-connection.ts'
import { type Config, readConfig } from '../../../src/config.ts'
import { BLOB_EVENT_FUNCTION, registerBlobEvents } from '../../../src/functions/blob-events.ts'
import { type Host, readHostJson, startHost } from '../../../src/host/host.ts'
import { createLog } from '../../../src/log.ts'
import { createMemoryRulesStore } from '../../../src/memory/rules-store.ts'
import { type LakemarkOpener, type OpenLakemark, openLakemark } from '../../../src/open-lakemark.ts'
import { openRules } from '../../../src/open-rules.ts'
import { createMemoryWorld } from '../../support/memory-world.ts'
import { ANY_RULE } from './captured-rows.ts'
import { answerParent } from './child.ts'
import { countRequests } from './wire.ts'

/** `connectionString` undefined: the adapters in memory. */
export interface ProductOptions {
  rulesFolder: string
  connectionString: string | undefined
}

export interface Usage {
  /** Processor time of the process so far. */
  cpuMs: number
  /** To storage, by kind. */
  requests: Record<string, number>
  /** What Lakemark has counted. */
  counters: Record<string, number>
}

/** Never spoken to: intake does not ask Azure ML. */
const NO_AZURE_ML = 'http://127.0.0.1:9'

let host: Host | undefined
let lakemark: LakemarkOpener | undefined
let renew: () => Promise<void> = async () => undefined
let requests: () => Record<string, number> = () => ({})

answerParent({
  async start({ rulesFolder, connectionString }: ProductOptions): Promise<string> {
    const config = readConfig({
      LAKEMARK_RULES: rulesFolder,
      LAKEMARK_PORT: '0',
      LAKEMARK_LOG: 'warn',
      LAKEMARK_AZUREML_URL: NO_AZURE_ML,
      AzureWebJobsStorage: connectionString,
    })
    if (connectionString !== undefined) requests = countRequests(connectionString)
    const opener = connectionString === undefined ? inMemory(config) : openLakemark(config)
    await renew()
    await opener()
    lakemark = opener
    host = await startIntake(config, opener)
    return `${host.url}/runtime/webhooks/EventGrid?functionName=${BLOB_EVENT_FUNCTION}`
  },

  /** Everything in memory is forgotten: it burdens the garbage collector with what storage would hold. */
  forget: () => renew(),

  async usage(): Promise<Usage> {
    const { user, system } = process.cpuUsage()
    const counters = (await lakemark?.())?.counters.all() ?? {}
    return { cpuMs: (user + system) / 1000, requests: requests(), counters }
  },
})

async function startIntake(config: Config, opener: LakemarkOpener): Promise<Host> {
  const log = createLog(config.logLevel)
  return startHost({
    port: config.port,
    hostJson: await readHostJson(new URL('../../../host.json', import.meta.url).pathname),
    load: async () => registerBlobEvents(opener),
    queueService: () => createQueueService(config.storage as StorageConnection),
    setting: () => undefined,
    log: (level, message, fields) => {
      if (level !== 'debug') log[level](message, fields)
    },
  })
}

/** As `openLakemark` opens it, rules of a folder included, but over nothing that is outside of this process. */
function inMemory(config: Config): LakemarkOpener {
  let opened: OpenLakemark | undefined
  renew = async () => {
    opened = await openInMemory(config)
  }
  return async () => {
    if (opened === undefined) throw new Error('nothing was opened in memory')
    await opened.keeper.keepUp()
    return opened
  }
}

async function openInMemory(config: Config): Promise<OpenLakemark> {
  const clock = { now: () => Date.now() }
  const log = createLog(config.logLevel)
  let keeper: RulesKeeper | undefined
  const world = createMemoryWorld(ANY_RULE, () => ({
    rules: () => (keeper as RulesKeeper).current(),
    clock,
    log,
  }))
  const store = createMemoryRulesStore()
  const announcer = createAnnouncer(world)
  keeper = await openRules(config, { store, announcer, clock, log, onActive: () => undefined })
  // Whole as far as `onBlobEvent` goes.
  return { ...world.lakemark, keeper } as OpenLakemark
}
