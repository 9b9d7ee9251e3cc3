import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Failure } from '../../src/app/failures/failure.ts'
import { createDeadLetterRedrive, FRESH_MS } from '../../src/app/intake/dead-letters.ts'
import type { AssetDetail } from '../../src/app/questions/status.ts'
import { createBlobDeadLetters } from '../../src/azure/blob-dead-letters.ts'
import { createBlobService } from '../../src/azure/storage-clients.ts'
import { DEAD_LETTER_CONTAINER } from '../../src/azure-world.ts'
import { readConfig } from '../../src/config.ts'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { createDeadLetterContainer } from '../../src/emulators/event-grid/dead-letter.ts'
import type { DeliverySchema } from '../../src/emulators/event-grid/event.ts'
import { type EventGrid, startEventGrid } from '../../src/emulators/event-grid/event-grid.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import type { Host } from '../../src/host/host.ts'
import { loadRules } from '../../src/load-rules.ts'
import { startService } from '../../src/local/service.ts'
import { ALIASES, armVersions, createHome, until, writeRules } from '../e2e/process.ts'
import { startEndpoint } from '../emulators/event-grid/endpoint.ts'
import { salesEvent } from '../support/local-events.ts'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'

const RULES = `
rules:
  - name: sales
    from: devstoreaccount1/silver
    match: sales/{region}/*.csv
    asset: sales-{region}-{stem}
    to: [retail]
`

describe('the function onDeadLetter', () => {
  let azurite: Azurite
  let azureMl: AzureMlEmulator
  let home: Awaited<ReturnType<typeof createHome>>
  let host: Host

  beforeAll(async () => {
    azurite = await startAzurite()
    home = await createHome()
    const folder = await writeRules(home.home, RULES)
    const { rules } = await loadRules(folder, undefined)
    azureMl = await startAzureMlEmulator({ port: 0, workspaces: [...rules.workspaces.values()] })
    host = await startService(
      readConfig({
        AzureWebJobsStorage: azurite.connectionString,
        LAKEMARK_AZUREML_URL: azureMl.url,
        LAKEMARK_RULES: folder,
        LAKEMARK_PORT: '0',
        LAKEMARK_DEAD_LETTER_SCHEDULE: '* * * * * *',
        LAKEMARK_LOG: 'error',
      }),
    )
  })
  afterAll(async () => {
    await host?.close({ graceMs: 5000 })
    await azureMl?.close()
    await azurite?.close()
    await home?.remove()
  })

  const containerOf = (name: string) =>
    createBlobService({
      kind: 'connection string',
      connectionString: azurite.connectionString,
    }).getContainerClient(name)

  async function namesIn(container: string): Promise<string[]> {
    const names: string[] = []
    for await (const { name } of containerOf(container).listBlobsFlat()) names.push(name)
    return names
  }

  const versionsOf = (asset: string) =>
    Promise.all(
      ALIASES.map(async alias => (await armVersions(azureMl.url, alias, asset)).map(({ name }) => name)),
    )

  const untilEmpty = () =>
    until('the container to be empty', async () => (await namesIn(DEAD_LETTER_CONTAINER)).length === 0)

  /** Everything that was recorded of the asset is one version, and it is in every workspace. */
  async function expectOnce(asset: string): Promise<void> {
    const read = async () => (await (await fetch(`${host.url}/api/assets/${asset}`)).json()) as AssetDetail
    await until(`${asset} to be cut`, async () => (await read()).gathering === 0)
    expect((await read()).latest).toBe(1)
    await until(`${asset} in every workspace`, async () =>
      (await versionsOf(asset)).every(versions => versions.length > 0),
    )
    expect(await versionsOf(asset)).toEqual([['1'], ['1']])
  }

  /** Delivers to an endpoint that answers so until Event Grid gives up; every dead letter is written so often. */
  async function giveUp(status: number, schema: DeliverySchema, names: string[], copies = 1): Promise<void> {
    const endpoint = await startEndpoint()
    endpoint.answer = () => status
    const letters = await createDeadLetterContainer({
      connectionString: azurite.connectionString,
      container: DEAD_LETTER_CONTAINER,
    })
    const grid: EventGrid = await startEventGrid({
      subscriptions: [
        {
          name: 'lakemark',
          endpoint: endpoint.url,
          includedEventTypes: ['Microsoft.Storage.BlobCreated'],
          maxEventsPerBatch: 1,
          deliverySchema: schema,
        },
      ],
      retryDelaysMs: [1],
      maxAttempts: 2,
      deadLetter: async (events, subscription) => {
        for (let copy = 0; copy < copies; copy += 1) await letters(events, subscription)
      },
    })
    try {
      for (const name of names) await grid.publish(salesEvent(name))
      await grid.drained()
    } finally {
      await grid.close()
      await endpoint.close()
    }
  }

  it.each([
    [400, 'EventGridSchema', 'refused'],
    [503, 'EventGridSchema', 'down'],
    [503, 'CloudEventSchemaV1_0', 'cloud'],
  ] as const)(
    'registers what an endpoint answered with %i until it was given up, in %s',
    async (status, schema, name) => {
      await giveUp(status, schema, [`${name}-1`, `${name}-2`])
      await untilEmpty()
      await expectOnce(`sales-eu-${name}-1`)
      await expectOnce(`sales-eu-${name}-2`)
    },
  )

  it('registers once what lies there several times', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `many-${index}`)
    await giveUp(400, 'EventGridSchema', names, 5)
    await untilEmpty()
    for (const name of names) await expectOnce(`sales-eu-${name}`)
    await until('all of them to be counted', async () => {
      const health = (await (await fetch(`${host.url}/api/health`)).json()) as {
        counts: Record<string, number>
      }
      return Number(health.counts['deadletters:events']) >= 12 * 5
    })
  })

  it('leaves what it cannot read where it is, and takes in what lies beside it', async () => {
    const blob = containerOf(DEAD_LETTER_CONTAINER).getBlockBlobClient('A/0.json')
    await blob.uploadData(Buffer.from('<!doctype html>'))
    await giveUp(400, 'EventGridSchema', ['beside'])
    await until('its blob to be gone', async () => (await namesIn(DEAD_LETTER_CONTAINER)).length === 1)
    await expectOnce('sales-eu-beside')
    expect(await namesIn(DEAD_LETTER_CONTAINER)).toEqual(['A/0.json'])
    await blob.delete()
    const { failures } = (await (await fetch(`${host.url}/api/failures`)).json()) as {
      failures: Failure[]
    }
    // It was written a moment ago, perhaps in part.
    expect(failures).toEqual([])
  })

  it('takes in more blobs than fit on a page', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const container = containerOf('pages')
    await container.create()
    const event = Buffer.from(JSON.stringify([world.upload('files/one.csv')]))
    const names = Array.from({ length: 450 }, (_, index) => `T/S/2026/1/2/3/${index}.json`)
    for (let from = 0; from < names.length; from += 50) {
      const some = names.slice(from, from + 50)
      await Promise.all(some.map(name => container.getBlockBlobClient(name).uploadData(event)))
    }
    const redrive = createDeadLetterRedrive({
      ...world,
      deadLetters: createBlobDeadLetters(container),
      intake: world.lakemark.intake,
    })

    expect(await redrive()).toMatchObject({ events: 450, redriven: 450 })

    expect(await namesIn('pages')).toEqual([])
    await world.drain()
    expect(await world.registered('ml-retail', 'one')).toEqual({ 1: 'files/one.csv' })
  })

  it('sets aside hostile blobs of every kind, each shown with its reason, and no other', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const container = containerOf('hostile')
    await container.create()
    const events = [world.upload('files/one.csv'), { eventType: 'Microsoft.Storage.BlobCreated', data: 7 }]
    const contents: Record<string, Buffer> = {
      'a/html': Buffer.from('<html>Service Unavailable</html>'),
      'b/empty': Buffer.alloc(0),
      'c/huge': Buffer.alloc(50 * 1024 * 1024, '['),
      'e/garbage': Buffer.from('[1,"two",null,[[]],{"eventType":3}]'),
      'f/bytes': Buffer.from([0xff, 0xfe, 0x00, 0xd8]),
      'g/%2e%2e 😀?#.json': Buffer.from('nul\0'),
      'z/good': Buffer.from(JSON.stringify(events)),
    }
    for (const [name, content] of Object.entries(contents)) {
      await container.getBlockBlobClient(name).uploadData(content)
    }
    const redrive = createDeadLetterRedrive({
      ...world,
      // As if it had all lain there for a while.
      clock: { now: () => Date.now() + 2 * FRESH_MS },
      deadLetters: createBlobDeadLetters(container),
      intake: world.lakemark.intake,
    })

    expect(await redrive()).toEqual({ events: 2, redriven: 1, left: 0, failed: 0, setAside: 6 })
    await world.drain()

    expect(await world.registered('ml-retail', 'one')).toEqual({ 1: 'files/one.csv' })
    const { items } = await world.lakemark.failures.list({}, { limit: 100 })
    const reasons = Object.fromEntries(
      items.map(({ file, reason }) => [String(file).replace(/^.*hostile\//, ''), reason]),
    )
    expect(reasons).toEqual({
      'a/html': expect.stringContaining('is not JSON'),
      'b/empty': 'the dead letter is empty',
      'c/huge': expect.stringContaining('is larger than 16777216 bytes'),
      'e/garbage': expect.stringContaining('holds no event'),
      'f/bytes': expect.stringContaining('is not JSON'),
      'g/%2e%2e 😀?#.json': expect.stringContaining('is not JSON'),
    })
    expect((await namesIn('hostile')).length).toBe(6)
    const marked = await container.getBlobClient('a/html').getProperties()
    expect(marked.metadata?.lakemark_set_aside).toContain('is not JSON')
    expect(await redrive()).toEqual({ events: 0, redriven: 0, left: 0, failed: 0, setAside: 0 })
  })
})
