import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAzureWorld } from '../../src/azure-world.ts'
import { readConfig } from '../../src/config.ts'
import { createMatcher } from '../../src/core/matching.ts'
import { parseRules } from '../../src/core/rules/parse-rules.ts'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { openTables } from '../../src/open-tables.ts'
import { createLakemark, type Lakemark } from '../../src/wiring.ts'
import { blobEvent, FILES_RULE, FOLDER_RULE, silentLog, WORKSPACES_YAML } from '../support/memory-world.ts'
import { type CountingProxy, startCountingProxy } from './counting-proxy.ts'

let azurite: Azurite
let azureMl: AzureMlEmulator
let tables: CountingProxy
let queues: CountingProxy
let lakemark: Lakemark

beforeAll(async () => {
  azurite = await startAzurite()
  tables = await startCountingProxy(azurite.tableUrl)
  queues = await startCountingProxy(azurite.queueUrl)
  const rules = parseRules([
    { path: 'workspaces.yaml', text: WORKSPACES_YAML },
    { path: 'rules.yaml', text: `${FOLDER_RULE}${FILES_RULE.replace('\nrules:\n', '')}` },
  ])
  if (!rules.ok) throw new Error('the rules of this test have problems')
  azureMl = await startAzureMlEmulator({ port: 0, workspaces: [...rules.rules.workspaces.values()] })
  const connectionString = azurite.connectionString
    .replace(/TableEndpoint=http:\/\/[^/]+/, `TableEndpoint=${tables.url}`)
    .replace(/QueueEndpoint=http:\/\/[^/]+/, `QueueEndpoint=${queues.url}`)
  const config = readConfig({ LAKEMARK_AZUREML_URL: azureMl.url })
  const storage = { kind: 'connection string', connectionString } as const
  const world = await createAzureWorld({ ...config, storage }, openTables(storage), silentLog)
  const active = { rules: rules.rules, commit: undefined, since: 0, ...createMatcher(rules.rules) }
  lakemark = createLakemark({ ...world, rules: () => active })
})

afterAll(async () => {
  await Promise.all([tables.close(), queues.close(), azureMl.close()])
  await azurite.close()
})

function takeWrites(): string[] {
  return [...tables.takeWrites(), ...queues.takeWrites()]
}

const csv = (name: string, write = 1) =>
  blobEvent('PutBlob', `files/${name}.csv`, {
    eTag: `0x${write}`,
    contentLength: 5,
    sequencer: String(write),
  })

describe('the budget of requests', () => {
  it('gives a file that becomes its own version at most 3 storage writes before it is acknowledged', async () => {
    takeWrites()
    await lakemark.intake.events([csv('first')])
    const writes = takeWrites()
    expect(writes.length).toBeGreaterThan(0)
    expect(writes.length, writes.join('\n')).toBeLessThanOrEqual(3)
  })

  it('gives it one write to Azure ML per workspace, however often it is worked on', async () => {
    await lakemark.intake.events([csv('second')])
    const before = azureMl.counts()['PUT dataVersion'] ?? 0
    await lakemark.work(['second'], { redelivered: false })
    await lakemark.work(['second'], { redelivered: true })
    expect((azureMl.counts()['PUT dataVersion'] ?? 0) - before).toBe(2)
    expect((await lakemark.status.asset('second'))?.latest).toBe(1)
  })

  it('writes nothing of the ledger anew for an event that comes again after its work is done', async () => {
    await lakemark.intake.events([csv('third')])
    await lakemark.work(['third'], { redelivered: false })
    takeWrites()
    await lakemark.intake.events([csv('third')])
    expect(takeWrites()).toEqual([])
  })

  it('gives a burst of files into one asset at most 0.1 storage writes a file, each in its own event', async () => {
    const files = 1000
    const events = Array.from({ length: files }, (_, index) =>
      blobEvent('PutBlob', `sales/eu/dt=1/part-${index}.parquet`, {
        eTag: '0x1',
        contentLength: 5,
        sequencer: '1',
      }),
    )
    takeWrites()
    await Promise.all(events.map(event => lakemark.intake.events([event])))
    const writes = takeWrites()
    expect(writes.length).toBeLessThanOrEqual(files * 0.1)
    expect((await lakemark.status.asset('sales-eu'))?.gathering).toBe(files)
  })
})
