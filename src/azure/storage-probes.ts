import type { TableClient } from '@azure/data-tables'
import type { ContainerClient } from '@azure/storage-blob'
import type { QueueClient } from '@azure/storage-queue'
import type { Probes } from '../app/questions/health.ts'
import { SECOND } from '../core/time.ts'
import { fromStorage, isNotFound } from './errors.ts'
import { withinTime } from './within-time.ts'

/** A check that takes longer has its answer. */
const PROBE_MS = 4 * SECOND
/** No row of ours is called so. */
const NO_ROW = '!probe!'

interface Places {
  ledger: TableClient
  agenda: TableClient
  queue: QueueClient
  container: ContainerClient
}

/** One small request each. Rejects where the place does not answer, or is not there. */
export function createStorageProbes({ ledger, agenda, queue, container }: Places): Probes {
  return {
    ledger: () => probeTable(ledger),
    agenda: () => probeTable(agenda),
    workQueue: () => probe(`ask the queue ${queue.name}`, () => queue.getProperties(withinTime(PROBE_MS))),
    blobs: () =>
      probe(`ask the container ${container.containerName}`, () =>
        container.getProperties(withinTime(PROBE_MS)),
      ),
  }
}

/** Roughly; messages that are not visible yet are counted too. */
export async function readQueueLength(queue: QueueClient): Promise<number> {
  try {
    return (await queue.getProperties(withinTime(PROBE_MS))).approximateMessagesCount ?? 0
  } catch (error) {
    throw fromStorage(error, `ask the queue ${queue.name}`)
  }
}

async function probeTable(table: TableClient): Promise<void> {
  await probe(`ask the table ${table.tableName}`, async () => {
    try {
      await table.getEntity(NO_ROW, NO_ROW, withinTime(PROBE_MS))
    } catch (error) {
      // Without the table the status is the same.
      if (!isNotFound(error) || codeOf(error) !== 'ResourceNotFound') throw error
    }
  })
}

async function probe(doing: string, ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask()
  } catch (error) {
    throw fromStorage(error, doing)
  }
}

/** Of Table Storage's errors. */
function codeOf(error: unknown): unknown {
  return (error as { details?: { odataError?: { code?: unknown } } }).details?.odataError?.code
}
