/** The calls that no way from a file to its version can do without, one after the other, with the same clients. */
import { AzureMachineLearningWorkspaces } from '@azure/arm-machinelearning'
import { odata, type TableClient, type TransactionAction } from '@azure/data-tables'
import { createBlobService, createQueueService } from '../../../src/azure/storage-clients.ts'
import { createTableClient } from '../../../src/azure/table-client.ts'
import { type CapturedActions, captureActions } from '../intake/captured-rows.ts'
import { uploadEvent } from '../intake/load.ts'
import { nowMs } from './clock.ts'

export interface BareOptions {
  connectionString: string
  azureMl: string
  /** Of a bare server that parses what it is sent. */
  eventsUrl: string
  rules: string
  /** Of the rules' only workspace. */
  workspace: { subscription: string; resourceGroup: string; name: string }
  /** Of a datastore that is there. */
  datastore: string
  container: string
  content: Buffer
}

/** By name of the call, in ms, in the order in which they were made. */
export type BareTimes = Map<string, number>

const MESSAGES_AT_ONCE = 16
const HIDDEN_SECONDS = 30
/** As long as a work message of one asset. */
const MESSAGE = Buffer.from(JSON.stringify({ kind: 'assets', assets: ['bare-0000000'] })).toString('base64')

export async function createBareCalls(options: BareOptions): Promise<(index: string) => Promise<BareTimes>> {
  const storage = { kind: 'connection string', connectionString: options.connectionString } as const
  const container = createBlobService(storage).getContainerClient(options.container)
  const queue = createQueueService(storage).getQueueClient('bench-bare')
  const [ledger, agenda] = ['benchLedger', 'benchAgenda'].map(name => createTableClient(storage, name)) as [
    TableClient,
    TableClient,
  ]
  await Promise.all([queue.createIfNotExists(), ledger.createTable(), agenda.createTable()])
  const captured = await captureActions(options.rules, 'latency/sample.csv')
  const { dataVersions } = createArmClient(options.azureMl, options.workspace.subscription)
  const { resourceGroup, name: workspaceName } = options.workspace

  return async index => {
    const asset = `bare-${index}`
    const times: BareTimes = new Map()
    const timed = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
      const start = nowMs()
      const result = await call()
      times.set(name, nowMs() - start)
      return result
    }
    const blob = container.getBlockBlobClient(`bare/${index}.csv`)
    await timed('PUT of the blob, to Azurite', () => blob.upload(options.content, options.content.length))
    await timed('POST of the event, to a bare server', () =>
      postEvent(options.eventsUrl, `bare/${index}.csv`),
    )
    await timed('agenda: one row', () =>
      agenda.createEntity({
        partitionKey: asset.slice(-1),
        rowKey: asset,
        wakeAt: new Date(),
        assets: JSON.stringify([asset]),
      }),
    )
    const actions = actionsOf(captured, asset)
    await timed('ledger: head, version and file', () => ledger.submitTransaction(actions))
    await timed('queue: send', () => queue.sendMessage(MESSAGE, { messageTimeToLive: -1 }))
    const { receivedMessageItems } = await timed('queue: receive', () =>
      queue.receiveMessages({ numberOfMessages: MESSAGES_AT_ONCE, visibilityTimeout: HIDDEN_SECONDS }),
    )
    const head = await timed('ledger: read of the head', () => ledger.getEntity(asset, 'head'))
    const { etag, timestamp: _, ...row } = head as typeof head & { partitionKey: string; rowKey: string }
    await timed('ledger: claim', () => ledger.submitTransaction([['update', row, 'Replace', { etag }]]))
    await timed('ledger: query of the versions', () => readVersions(ledger, asset))
    const dataUri = `azureml://datastores/${options.datastore}/paths/bare/${index}.csv`
    await timed('PUT of the version, to Azure ML', () =>
      dataVersions.createOrUpdate(resourceGroup, workspaceName, asset, '1', {
        properties: { dataType: 'uri_file', dataUri, tags: { team: 'bench' }, properties: {} },
      }),
    )
    for (const { messageId, popReceipt } of receivedMessageItems)
      await queue.deleteMessage(messageId, popReceipt)
    return times
  }
}

function actionsOf({ assetActions, fileAction }: CapturedActions, partitionKey: string): TransactionAction[] {
  return [...assetActions, fileAction].map(
    ([verb, row]): TransactionAction =>
      verb === 'create'
        ? ['create', { ...row, partitionKey }]
        : ['upsert', { ...row, partitionKey }, 'Replace'],
  )
}

async function readVersions(ledger: TableClient, asset: string): Promise<void> {
  const filter = odata`PartitionKey eq ${asset} and RowKey ge ${'v!'} and RowKey le ${'v!~'}`
  const { value } = await ledger.listEntities({ queryOptions: { filter } }).byPage({ maxPageSize: 20 }).next()
  if (value?.length !== 1) throw new Error(`expected one version of ${asset}, found ${value?.length}`)
}

/** As the local Event Grid posts. */
async function postEvent(url: string, path: string): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', 'aeg-event-type': 'Notification' },
    body: JSON.stringify([uploadEvent(path)]),
  })
  await answer.arrayBuffer()
  if (!answer.ok) throw new Error(`the bare server answered ${answer.status}`)
}

/** The official client, over plain http: its own policy for tokens insists on TLS. */
function createArmClient(endpoint: string, subscription: string): AzureMachineLearningWorkspaces {
  const credential = { getToken: async () => null }
  const client = new AzureMachineLearningWorkspaces(credential, subscription, {
    endpoint,
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  })
  client.pipeline.removePolicy({ name: 'bearerTokenAuthenticationPolicy' })
  client.pipeline.addPolicy({
    name: 'benchToken',
    sendRequest(request, next) {
      request.headers.set('Authorization', 'Bearer bench')
      return next(request)
    },
  })
  return client
}
