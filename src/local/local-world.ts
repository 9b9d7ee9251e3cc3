import { join } from 'node:path'
import type { Config } from '../config.ts'
import { type AzureMlEmulator, startAzureMlEmulator } from '../emulators/azure-ml/server.ts'
import { createDeadLetterContainer } from '../emulators/event-grid/dead-letter.ts'
import { type EventGrid, startEventGrid } from '../emulators/event-grid/event-grid.ts'
import { type Azurite, DEV_ACCOUNT, DEV_KEY, startAzurite } from '../emulators/lake/azurite.ts'
import { type LakeProxy, startLakeProxy } from '../emulators/lake/proxy.ts'
import { BLOB_EVENT_FUNCTION } from '../functions/blob-events.ts'
import type { Host } from '../host/host.ts'
import { loadRules } from '../load-rules.ts'
import { createLog } from '../log.ts'
import { DEAD_LETTER_CONTAINER } from '../storage-names.ts'
import { startService } from './service.ts'

/** Everything on this machine. All addresses are without a slash at the end. */
export interface LocalWorld {
  /** Of the functions. */
  service: string
  /** The blob endpoint for clients, account included. */
  lake: string
  azureMl: string
  /** Ends with Azurite, should it die. */
  azuriteExited: Promise<unknown>
  /** Finishes what is under way, gives back what is not finished, and ends every process of it. */
  close(): Promise<void>
}

const GRACE_MS = 10_000

/** Starts the lake, Event Grid, Azure ML and the functions. Ends what it has started where one of them fails. */
export async function startLocalWorld(
  config: Config,
  { ephemeral }: { ephemeral: boolean },
): Promise<LocalWorld> {
  const log = createLog(config.logLevel)
  const place = (name: string) => (ephemeral ? undefined : join(config.home, name))
  // Before anything is started: problems in a folder of rules are told at once.
  if (config.rules.kind === 'folder') await loadRules(config.rules.folder, undefined, config.cloud)
  const started: (() => Promise<void>)[] = []
  const close = async () => {
    for (const end of started.splice(0).reverse()) await end()
  }
  const keep = <T>(part: T, end: (part: T) => Promise<void>): T => {
    started.push(() => end(part))
    return part
  }
  try {
    const azurite: Azurite = keep(await startAzurite({ location: place('azurite') }), part => part.close())
    const azureMl: AzureMlEmulator = keep(
      await startAzureMlEmulator({
        port: config.azureMlPort,
        workspaces: [],
        stateFile: place('azure-ml.jsonl'),
        throttle: config.azureMlThrottle,
        log: log.error,
      }),
      part => part.close(),
    )
    const host: Host = keep(
      await startService(
        {
          ...config,
          storage: { kind: 'connection string', connectionString: azurite.connectionString },
          azureMlUrl: azureMl.url,
        },
        // The workspaces that the rules name exist, and no others.
        rules => azureMl.setWorkspaces([...rules.workspaces.values()]),
      ),
      part => part.close({ graceMs: GRACE_MS }),
    )
    const eventGrid: EventGrid = keep(
      await startEventGrid({
        journalFile: place('event-grid.jsonl'),
        subscriptions: [
          {
            name: 'lakemark',
            endpoint: `${host.url}/runtime/webhooks/EventGrid?functionName=${BLOB_EVENT_FUNCTION}`,
            includedEventTypes: ['Microsoft.Storage.BlobCreated', 'Microsoft.Storage.BlobDeleted'],
          },
        ],
        deadLetter: await createDeadLetterContainer({
          connectionString: azurite.connectionString,
          container: DEAD_LETTER_CONTAINER,
        }),
        log: log.warn,
      }),
      part => part.close(),
    )
    const lake: LakeProxy = keep(
      await startLakeProxy({
        port: config.lakePort,
        azuriteBlobUrl: azurite.blobUrl,
        account: DEV_ACCOUNT,
        key: DEV_KEY,
        onEvent: eventGrid.publish,
        log: log.warn,
      }),
      part => part.close(),
    )
    return { service: host.url, lake: lake.url, azureMl: azureMl.url, azuriteExited: azurite.exited, close }
  } catch (error) {
    await close()
    throw error
  }
}
