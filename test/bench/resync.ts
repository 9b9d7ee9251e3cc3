/**
 * How many blobs a second a whole re-sync run gets through where nothing is new, against the SDK's own listing loop:
 * `npm run bench:resync`. The run is one of `lakemark serve`, asked for by HTTP and followed to its end: queue,
 * leases, checkpoints and the index of the listing are real, over Azurite. Storage, lake, service and reader are
 * processes of their own.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BlobServiceClient, ContainerSASPermissions, StorageSharedKeyCredential } from '@azure/storage-blob'
import type { RunCounters } from '../../src/core/resync/run.ts'
import { type Azurite, DEV_ACCOUNT, DEV_KEY, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { startChild } from './intake/child.ts'
import { cells, digits, load, machine, median, verdict } from './intake/figures.ts'
import { nameOf } from './listing/blob-text.ts'
import type { Read, Reading, Way } from './listing/reader-process.ts'
import { containerOf, writeRules } from './resync/rules.ts'
import { runToItsEnd, startService } from './resync/service.ts'

const HELP = `npm run bench:resync -- [options]
  --blobs N      of the largest lake, in steps of 500 000; 0: leaves it out (1 000 000)
  --rounds N     of the runs over the smaller ones (3)
  --azurite N    blobs in Azurite itself; 0: leaves it out (100 000)
  --quick        100 000, 1 round, 5 000`

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    blobs: { type: 'string' },
    rounds: { type: 'string' },
    azurite: { type: 'string' },
  },
})

const RATE_TARGET = { atLeast: 2.5 }
const MEMORY_TARGET = { atMost: 1.2 }
const MEGABYTE = 1024 * 1024
const SMALL_HEAP_MB = 64
const SMALL_HEAP = [`--max-old-space-size=${SMALL_HEAP_MB}`, '--max-semi-space-size=1']
/** The runs over a small lake are repeated until about so many blobs were listed: garbage has time to pile up. */
const BLOBS_FOR_MEMORY = 300_000
const MOST_RUNS_FOR_MEMORY = 10
const UPLOADS_AT_ONCE = 32
const SECOND = 1000
const HOUR_MS = 3_600_000
const PAGE = 5000

interface Lake {
  size: number
  container: string
  /** Of the blob service that lists it. */
  blobUrl: string
  /** The container's address with a shared access signature; undefined: the floor is not measured. */
  signedUrl?: string
  env: Record<string, string>
}

if (values.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const largest = numberOf('blobs', values.blobs ?? (values.quick ? '100000' : '1000000'))
  const rounds = numberOf('rounds', values.rounds ?? (values.quick ? '1' : '3'))
  const inAzurite = numberOf('azurite', values.azurite ?? (values.quick ? '5000' : '100000'))
  const home = await mkdtemp(join(tmpdir(), 'lakemark-resync-'))
  console.log(machine())
  try {
    if (largest > 0) await measureFake(home, largest, rounds)
    if (inAzurite > 0) await measureAzurite(home, inAzurite, rounds)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
  console.log(`\n${load()} after`)
}

async function measureFake(home: string, largest: number, rounds: number): Promise<void> {
  const azurite = await startAzurite()
  const fake = startChild(new URL('./resync/lake-process.ts', import.meta.url))
  try {
    const port = await fake.call<number>('start', {
      blobs: largest,
      azuritePort: azurite.ports.blob,
      pageMs: 0,
      pageBlobs: PAGE,
    })
    const sizes = [100, 10, 1].map(part => Math.floor(largest / part))
    const blobUrl = `http://127.0.0.1:${port}/${DEV_ACCOUNT}`
    const env = await envOf(home, azurite, blobUrl, sizes.map(containerOf))
    const lakes = sizes.map(size => ({ size, container: containerOf(size), blobUrl, env }))
    for (const lake of lakes) await measure(home, lake, lake.size === largest ? 1 : rounds)
    await measureMemory(home, lakes)
  } finally {
    await fake.close()
    await azurite.close()
  }
}

/** In another Azurite than what the service stores: it does one thing at a time, and an account of the lake is another. */
async function measureAzurite(home: string, size: number, rounds: number): Promise<void> {
  const [azurite, storage] = await Promise.all([startAzurite(), startAzurite()])
  try {
    const key = new StorageSharedKeyCredential(DEV_ACCOUNT, DEV_KEY)
    const container = containerOf(size)
    const client = new BlobServiceClient(azurite.blobUrl, key).getContainerClient(container)
    await client.create()
    const rest = Array.from({ length: size }, (_, number) => number).values()
    async function lane(): Promise<void> {
      for (const number of rest) await client.getBlockBlobClient(nameOf(number)).upload('x', 1)
    }
    await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, lane))
    const env = await envOf(home, storage, azurite.blobUrl, [container])
    const signedUrl = await client.generateSasUrl({
      permissions: ContainerSASPermissions.parse('rl'),
      expiresOn: new Date(Date.now() + HOUR_MS),
    })
    await measure(home, { size, container, blobUrl: azurite.blobUrl, signedUrl, env }, rounds, 'in Azurite')
  } finally {
    await Promise.all([azurite.close(), storage.close()])
  }
}

/** The blob service is the lake's, which passes on what is not about the lake. */
async function envOf(
  home: string,
  azurite: Azurite,
  blobUrl: string,
  containers: readonly string[],
): Promise<Record<string, string>> {
  const connection = {
    DefaultEndpointsProtocol: 'http',
    AccountName: DEV_ACCOUNT,
    AccountKey: DEV_KEY,
    BlobEndpoint: blobUrl,
    QueueEndpoint: azurite.queueUrl,
    TableEndpoint: azurite.tableUrl,
  }
  return {
    AzureWebJobsStorage: Object.entries(connection)
      .map(([name, value]) => `${name}=${value}`)
      .join(';'),
    // Never spoken to: nothing is new.
    LAKEMARK_AZUREML_URL: 'http://127.0.0.1:9',
    LAKEMARK_HOME: home,
    LAKEMARK_PORT: '0',
    LAKEMARK_RULES: await writeRules(home, containers),
  }
}

/** The SDK's loop and the run in turns; both read the container from its first page to its last. */
async function measure(home: string, lake: Lake, rounds: number, where = 'in a fake'): Promise<void> {
  await prime(lake)
  const [sdk, bytes, runs, peaks]: [number[], number[], number[], number[]] = [[], [], [], []]
  for (let round = 0; round < rounds; round += 1) {
    sdk.push((await read(lake, 'sdk')).ms)
    if (lake.signedUrl !== undefined) bytes.push((await read(lake, 'bytes')).ms)
    const service = await startService(lake.env, join(home, 'service.log'))
    try {
      const { run, ms } = await runToItsEnd(service.url, { container: lake.container })
      expectNothingNew(run.counters, lake.size)
      runs.push(ms)
      peaks.push(service.peakBytes())
    } finally {
      await service.close()
    }
  }
  const rate = (times: readonly number[]) => digits((SECOND * lake.size) / median(times))
  console.log(`\n${cells(`${blobsOf(lake.size)} ${where}, nothing new`, ['blobs/s', 'seconds', 'peak MB'])}`)
  console.log(cells("the SDK's listing loop", [rate(sdk), digits(median(sdk) / SECOND), '']))
  if (bytes.length > 0)
    console.log(
      cells('the same pages, fetched and not read', [rate(bytes), digits(median(bytes) / SECOND), '']),
    )
  const peak = digits(median(peaks) / MEGABYTE)
  console.log(cells('a whole run of `lakemark serve`', [rate(runs), digits(median(runs) / SECOND), peak]))
  console.log(`a run to the SDK's loop: ${verdict(median(sdk) / median(runs), RATE_TARGET)}`)
}

/**
 * V8 lets garbage pile up where there is room for it, up to twice what the process needs. So each size is run in a
 * heap that has little room, in a process of its own, the smaller ones again and again: what grows then is held.
 */
async function measureMemory(home: string, lakes: readonly Lake[]): Promise<void> {
  const peaks: number[] = []
  console.log(`\n${cells(`Lakemark in a heap of ${SMALL_HEAP_MB} MB`, ['runs', 'peak MB'])}`)
  for (const lake of lakes) {
    const service = await startService(lake.env, join(home, 'service.log'), SMALL_HEAP)
    try {
      const runs = Math.min(MOST_RUNS_FOR_MEMORY, Math.max(1, Math.round(BLOBS_FOR_MEMORY / lake.size)))
      for (let run = 0; run < runs; run += 1) await runToItsEnd(service.url, { container: lake.container })
      peaks.push(service.peakBytes())
      console.log(cells(blobsOf(lake.size), [digits(runs), digits(service.peakBytes() / MEGABYTE)]))
    } finally {
      await service.close()
    }
  }
  const growth = (peaks.at(-1) ?? Number.NaN) / (peaks[0] ?? Number.NaN)
  console.log(`the largest to the smallest: ${verdict(growth, MEMORY_TARGET)}`)
}

/** Leaves the index that a run of yesterday would have left. */
async function prime({ env, container, size }: Lake): Promise<void> {
  const primer = startChild(new URL('./resync/prime-process.ts', import.meta.url))
  try {
    const listed = await primer.call<number>('prime', { env, container, withoutLost: false })
    if (listed !== size) throw new Error(`${listed} of ${size} blobs were listed`)
  } finally {
    await primer.close()
  }
}

async function read({ blobUrl, signedUrl = '', container, size }: Lake, way: Way): Promise<Read> {
  const reader = startChild(new URL('./listing/reader-process.ts', import.meta.url))
  try {
    const reading: Reading = { way, serviceUrl: blobUrl, container, signedUrl, blobs: size }
    const read = await reader.call<Read>('read', reading)
    if (way === 'sdk' && read.blobs !== size) throw new Error(`the SDK read ${read.blobs} of ${size} blobs`)
    return read
  } finally {
    await reader.close()
  }
}

function expectNothingNew(
  { listed, matched, new: found, changed, settling }: RunCounters,
  size: number,
): void {
  const others = found + changed + settling
  if (listed !== size || matched !== size || others > 0)
    throw new Error(`the run has counted ${JSON.stringify({ listed, matched, others })} of ${size} blobs`)
}

function blobsOf(count: number): string {
  return `${count.toLocaleString('en')} blobs`
}

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name}: ${text} is no number`)
  return value
}
