import { setImmediate } from 'node:timers/promises'
import type { DeadLetterStore } from './app/intake/dead-letters.ts'
import type { Log, RulesStore } from './app/ports.ts'
import type { Probes } from './app/questions/health.ts'
import { createArmMeter } from './azure/arm-meter.ts'
import type { ArmClientsOptions } from './azure/azure-ml-client.ts'
import { createBlobDeadLetters } from './azure/blob-dead-letters.ts'
import { createBlobLake } from './azure/blob-lake.ts'
import { createBlobRulesStore } from './azure/blob-rules-store.ts'
import { createCredential } from './azure/credential.ts'
import { fromStorage } from './azure/errors.ts'
import { createLateAzureMl } from './azure/late-azure-ml.ts'
import { createBlobService, createQueueService } from './azure/storage-clients.ts'
import { accountOf, type StorageConnection } from './azure/storage-connection.ts'
import { createStorageProbes, readQueueLength } from './azure/storage-probes.ts'
import { createStorageWorkQueue } from './azure/storage-work-queue.ts'
import { createTableAgenda } from './azure/table-agenda.ts'
import { createTableBudgetStore } from './azure/table-budget-store.ts'
import { createTableDatastoreLooks } from './azure/table-datastore-looks.ts'
import { createTableFailureIndex } from './azure/table-failure-index.ts'
import { createTableLedger } from './azure/table-ledger.ts'
import { createTableListingIndex } from './azure/table-listing-index.ts'
import { createTableRunStore } from './azure/table-runs.ts'
import type { Config } from './config.ts'
import { storageUrl } from './core/clouds.ts'
import { createCounters } from './memory/counters.ts'
import type { OwnTables } from './open-tables.ts'
import { DEAD_LETTER_CONTAINER, EVENT_QUEUE, OWN_CONTAINER, WORK_QUEUE } from './storage-names.ts'
import type { World } from './wiring.ts'

export { DEAD_LETTER_CONTAINER, WORK_QUEUE } from './storage-names.ts'

export interface WorldOptions {
  onEnqueued?: () => void
  /** For tests: how requests to ARM, to vaults and to the sign-in service are sent. */
  httpClient?: ArmClientsOptions['httpClient']
}

/** Also what is none of the use cases' business, but of those who run them. */
export interface AzureWorld extends Omit<World, 'rules'> {
  rulesStore: RulesStore
  deadLetters: DeadLetterStore
  probes: Probes
  /** About how many messages wait in the work queue. */
  queueLength: () => Promise<number>
}

/**
 * The world as it is in Azure, or in its local doubles: queues and containers are created where they are missing.
 * Rejects with TransientError while the storage account does not answer.
 */
export async function createAzureWorld(
  config: Config & { storage: StorageConnection },
  opened: Promise<OwnTables>,
  log: Log,
  { onEnqueued = () => undefined, httpClient }: WorldOptions = {},
): Promise<AzureWorld> {
  const { storage } = config
  const queues = createQueueService(storage)
  const queue = queues.getQueueClient(WORK_QUEUE)
  const blobs = createBlobService(storage)
  const container = blobs.getContainerClient(OWN_CONTAINER)
  const deadLetters = blobs.getContainerClient(DEAD_LETTER_CONTAINER)
  const create = async () => {
    await Promise.all([
      queue.createIfNotExists(),
      queues.getQueueClient(EVENT_QUEUE).createIfNotExists(),
      container.createIfNotExists(),
      // Event Grid drops what it cannot deliver where there is no such container.
      deadLetters.createIfNotExists(),
    ])
  }
  const [{ ledger, agenda, failures, runs, listings }] = await Promise.all([
    opened,
    create().catch(error => {
      throw fromStorage(error, 'open the storage account of AzureWebJobsStorage')
    }),
  ])

  const clock = { now: () => Date.now() }
  const armMeter = createArmMeter(clock)
  return {
    probes: createStorageProbes({ ledger, agenda, queue, container }),
    queueLength: () => readQueueLength(queue),
    rulesStore: createBlobRulesStore(container.getBlockBlobClient('rules.json')),
    deadLetters: createBlobDeadLetters(deadLetters),
    ledger: createTableLedger(ledger),
    failureIndex: createTableFailureIndex(failures),
    agenda: createTableAgenda(agenda),
    queue: createStorageWorkQueue(queue, onEnqueued),
    lake: createBlobLake(lakeAccounts(config)),
    azureMl: createLateAzureMl(async () => {
      // Only with the first delivery: intake is not kept waiting for what speaks with Azure ML.
      const { openAzureMl } = await import('./open-azure-ml.ts')
      return openAzureMl({ ...config, clock, meter: armMeter, httpClient })
    }),
    armMeter,
    budgetStore: createTableBudgetStore(ledger),
    datastoreLooks: createTableDatastoreLooks(ledger),
    runStore: createTableRunStore(runs),
    listingIndex: createTableListingIndex(listings),
    clock,
    counters: createCounters(),
    log,
    giveWay: () => setImmediate(),
  }
}

/** The lake's accounts by identity; the app's own account, where it is part of the lake, as it is connected. */
function lakeAccounts({ storage, clientId, cloud }: Config & { storage: StorageConnection }) {
  const own = accountOf(storage)
  const services = new Map<string, ReturnType<typeof createBlobService>>()
  return (account: string) => {
    const service = services.get(account) ?? connect(account)
    services.set(account, service)
    return service
  }

  function connect(account: string) {
    if (account === own) return createBlobService(storage)
    return createBlobService({
      kind: 'identity',
      blobUrl: storageUrl(cloud, account, 'blob'),
      queueUrl: storageUrl(cloud, account, 'queue'),
      tableUrl: storageUrl(cloud, account, 'table'),
      credential: createCredential(clientId, cloud),
    })
  }
}
