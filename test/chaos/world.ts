/** Everything that runs: storage, the lake's front with Event Grid, Azure ML, the balancer and the workers. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type EventGrid, startEventGrid } from '../../src/emulators/event-grid/event-grid.ts'
import { DEV_ACCOUNT, DEV_KEY } from '../../src/emulators/lake/azurite.ts'
import { type LakeProxy, startLakeProxy } from '../../src/emulators/lake/proxy.ts'
import type { StorageEvent } from '../../src/emulators/lake/storage-event.ts'
import { type AzureMlProcess, startAzureMlProcess } from './azure-ml.ts'
import { type Balancer, startBalancer } from './balancer.ts'
import type { Content } from './checker-facts.ts'
import { CONTAINER, RULES_YAML, WORKSPACES, WORKSPACES_YAML } from './files.ts'
import { createGate, type Gate } from './gate.ts'
import { type Gateway, startGateway } from './gateway.ts'
import type { Random } from './random.ts'
import { type Storage, startStorage } from './storage.ts'
import { startWorkers, type Workers } from './workers.ts'

/** Quick, as chaos does not last for hours; and without an end, as nobody would redrive dead letters here. */
const RETRY_DELAYS_MS = [300, 1000, 2000, 4000]
const ATTEMPTS_WITHOUT_END = 1_000_000
const ANSWER_LIMIT_MS = 8000

export interface World {
  storage: Storage
  azureMl: AzureMlProcess
  workers: Workers
  eventGrid: EventGrid
  balancer: Balancer
  /** In front of the lake, for the writer. */
  uploads: Gateway
  /** The writer's requests pass here; closed while the lake's storage is away, which would lose no event either. */
  gate: Gate
  /** Everything that was written and whose event is safe, in the order of writing. */
  contents: Content[]
  /** Events that Event Grid gave up: none may be. */
  givenUp(): number
  close(): Promise<void>
}

export interface WorldOptions {
  /** A folder of its own. */
  home: string
  workers: number
  random: Random
}

/** Resolves when everything is up. Ends what it has started where something fails. */
export async function startWorld({ home, workers: count, random }: WorldOptions): Promise<World> {
  const started: (() => Promise<void>)[] = []
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    started.push(() => part.close())
    return part
  }
  const close = () => closeAll(started.splice(0).reverse())
  try {
    const rules = await writeRules(home)
    const logs = join(home, 'logs')
    await mkdir(logs)
    const workersPart: { current?: Workers } = {}
    const [storage, azureMl, balancer] = await Promise.all([
      startStorage(join(home, 'azurite')).then(keep),
      startAzureMlProcess(
        {
          workspaces: WORKSPACES,
          stateFile: join(home, 'azure-ml.jsonl'),
          seed: random.below(2 ** 31),
          isTroubled: true,
        },
        join(logs, 'azure-ml.log'),
      ).then(keep),
      startBalancer(() => workersPart.current?.addresses() ?? [], random.fork('balancer')).then(keep),
    ])
    const contents: Content[] = []
    let givenUp = 0
    const [{ eventGrid, lake }, workers] = await Promise.all([
      startFront({
        lakeUrl: storage.lake,
        endpoint: `${balancer.url}/runtime/webhooks/EventGrid?functionName=onBlobEvent`,
        onEvent: event => contents.push(...contentsOf(event)),
        onGivenUp: events => {
          givenUp += events
        },
        keep,
      }),
      startWorkers({
        count,
        folder: logs,
        env: {
          AzureWebJobsStorage: storage.connectionString,
          LAKEMARK_AZUREML_URL: azureMl.url,
          LAKEMARK_HOME: home,
          LAKEMARK_PORT: '0',
          LAKEMARK_RULES: rules,
          LAKEMARK_LOG: 'info',
          LAKEMARK_SWEEP_SCHEDULE: '*/10 * * * * *',
        },
      }).then(keep),
    ])
    workersPart.current = workers
    const uploads = keep(await startGateway(lake.port))
    return {
      storage,
      azureMl,
      workers,
      eventGrid,
      balancer,
      uploads,
      gate: createGate(),
      contents,
      givenUp: () => givenUp,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface FrontOptions {
  lakeUrl: string
  endpoint: string
  onEvent(event: StorageEvent): void
  onGivenUp(events: number): void
  keep<T extends { close(): Promise<void> }>(part: T): T
}

async function startFront({ lakeUrl, endpoint, onEvent, onGivenUp, keep }: FrontOptions) {
  const includedEventTypes = ['Microsoft.Storage.BlobCreated', 'Microsoft.Storage.BlobDeleted']
  const eventGrid = keep(
    await startEventGrid({
      subscriptions: [{ name: 'lakemark', endpoint, includedEventTypes }],
      retryDelaysMs: RETRY_DELAYS_MS,
      maxAttempts: ATTEMPTS_WITHOUT_END,
      answerLimitMs: ANSWER_LIMIT_MS,
      deadLetter: async events => onGivenUp(events.length),
    }),
  )
  const lake: LakeProxy = keep(
    await startLakeProxy({
      port: 0,
      azuriteBlobUrl: lakeUrl,
      account: DEV_ACCOUNT,
      key: DEV_KEY,
      onEvent: event => {
        onEvent(event)
        return eventGrid.publish(event)
      },
    }),
  )
  return { eventGrid, lake }
}

/** Of the watched container; deletions write nothing. */
function contentsOf({ eventType, subject, data }: StorageEvent): Content[] {
  const prefix = `/blobServices/default/containers/${CONTAINER}/blobs/`
  if (eventType !== 'Microsoft.Storage.BlobCreated' || !subject.startsWith(prefix)) return []
  const { eTag = '', contentLength = 0 } = data as { eTag?: string; contentLength?: number }
  return [{ path: subject.slice(prefix.length), etag: eTag, sizeBytes: contentLength }]
}

async function writeRules(home: string): Promise<string> {
  const folder = join(home, 'rules')
  await mkdir(folder)
  await writeFile(join(folder, 'workspaces.yaml'), WORKSPACES_YAML)
  await writeFile(join(folder, 'rules.yaml'), RULES_YAML)
  return folder
}

/** All are ended, whatever one of them says. */
async function closeAll(ends: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = []
  for (const end of ends) await end().catch(error => failures.push(error))
  if (failures.length > 0) throw new AggregateError(failures, 'not everything could be ended')
}
