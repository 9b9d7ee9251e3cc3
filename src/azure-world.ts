import type { DeadLetterStore } from './app/dead-letters.ts'
import type { Log, RulesStore } from './app/ports.ts'
import { createArmMeter } from './azure/arm-meter.ts'
import { createAzureMl } from './azure/azure-ml.ts'
import { createArmClients } from './azure/azure-ml-client.ts'
import { createBlobDeadLetters } from './azure/blob-dead-letters.ts'
import { createBlobLake } from './azure/blob-lake.ts'
import { createBlobRulesStore } from './azure/blob-rules-store.ts'
import { createCredential, createEmulatorCredential } from './azure/credential.ts'
import { fromStorage } from './azure/errors.ts'
import {
  accountOf,
  createBlobService,
  createQueueService,
  createTableClient,
  type StorageConnection,
} from './azure/storage-clients.ts'
import { createStorageWorkQueue } from './azure/storage-work-queue.ts'
import { createTableAgenda } from './azure/table-agenda.ts'
import { createTableBudgetStore } from './azure/table-budget-store.ts'
import { createTableLedger } from './azure/table-ledger.ts'
import { createTableListingIndex } from './azure/table-listing-index.ts'
import { createTableRunStore } from './azure/table-runs.ts'
import type { Config } from './config.ts'
import { createCounters } from './memory/counters.ts'
import type { World } from './wiring.ts'

export const LEDGER_TABLE = 'lakemarkLedger'
export const AGENDA_TABLE = 'lakemarkAgenda'
/** Of re-sync: its runs, and what it remembers of listings. */
export const RUNS_TABLE = 'lakemarkRuns'
export const LISTINGS_TABLE = 'lakemarkListings'
export const WORK_QUEUE = 'lakemark-work'
/** Of the app's own account: what all its processes share and no table holds. */
export const OWN_CONTAINER = 'lakemark'
/** Of the app's own account: what the Event Grid subscriptions name as the destination of dead letters. */
export const DEAD_LETTER_CONTAINER = 'dead-letters'

/**
 * The world as it is in Azure, or in its local doubles: the tables and the queue are created where they are
 * missing. Rejects with TransientError while the storage account does not answer.
 */
export async function createAzureWorld(
  config: Config & { storage: StorageConnection },
  log: Log,
  onEnqueued: () => void = () => undefined,
): Promise<Omit<World, 'rules'> & { rulesStore: RulesStore; deadLetters: DeadLetterStore }> {
  const { storage, azureMlUrl } = config
  const ledger = createTableClient(storage, LEDGER_TABLE)
  const agenda = createTableClient(storage, AGENDA_TABLE)
  const runs = createTableClient(storage, RUNS_TABLE)
  const listings = createTableClient(storage, LISTINGS_TABLE)
  const queue = createQueueService(storage).getQueueClient(WORK_QUEUE)
  const blobs = createBlobService(storage)
  const container = blobs.getContainerClient(OWN_CONTAINER)
  const deadLetters = blobs.getContainerClient(DEAD_LETTER_CONTAINER)
  try {
    await Promise.all([
      ledger.createTable(),
      agenda.createTable(),
      runs.createTable(),
      listings.createTable(),
      queue.createIfNotExists(),
      container.createIfNotExists(),
      // Event Grid drops what it cannot deliver where there is no such container.
      deadLetters.createIfNotExists(),
    ])
  } catch (error) {
    throw fromStorage(error, 'open the storage account of AzureWebJobsStorage')
  }

  const clock = { now: () => Date.now() }
  const armMeter = createArmMeter(clock)
  const credential = azureMlUrl === undefined ? createCredential(config.clientId) : createEmulatorCredential()
  return {
    rulesStore: createBlobRulesStore(container.getBlockBlobClient('rules.json')),
    deadLetters: createBlobDeadLetters(deadLetters),
    ledger: createTableLedger(ledger),
    agenda: createTableAgenda(agenda),
    queue: createStorageWorkQueue(queue, onEnqueued),
    lake: createBlobLake(lakeAccounts(config)),
    azureMl: createAzureMl({
      clientOf: createArmClients({ credential, url: azureMlUrl, meter: armMeter }),
      clock,
    }),
    armMeter,
    budgetStore: createTableBudgetStore(ledger),
    runStore: createTableRunStore(runs),
    listingIndex: createTableListingIndex(listings),
    clock,
    counters: createCounters(),
    log,
  }
}

/** The lake's accounts by identity; the app's own account, where it is part of the lake, as it is connected. */
function lakeAccounts({ storage, clientId }: Config & { storage: StorageConnection }) {
  const own = accountOf(storage)
  const services = new Map<string, ReturnType<typeof createBlobService>>()
  return (account: string) => {
    const service = services.get(account) ?? connect(account)
    services.set(account, service)
    return service
  }

  function connect(account: string) {
    if (account === own) return createBlobService(storage)
    const url = (service: string) => `https://${account}.${service}.core.windows.net`
    return createBlobService({
      kind: 'identity',
      blobUrl: url('blob'),
      queueUrl: url('queue'),
      tableUrl: url('table'),
      credential: createCredential(clientId),
    })
  }
}
