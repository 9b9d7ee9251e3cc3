/**
 * How many blobs a second a listing reads: `npm run bench:listing`. The SDK's own loop, the same pages fetched and
 * not read at all, and ours, each time in a process of its own: over a server that sends pages which were written
 * beforehand, so that what is measured is the client, and over Azurite.
 */
import { parseArgs } from 'node:util'
import { BlobServiceClient, ContainerSASPermissions, StorageSharedKeyCredential } from '@azure/storage-blob'
import { DEV_ACCOUNT, DEV_KEY, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { startChild } from './intake/child.ts'
import { cells, digits, load, machine, median, verdict } from './intake/figures.ts'
import { nameOf } from './listing/blob-text.ts'
import type { Read, Reading, Way } from './listing/reader-process.ts'

const HELP = `npm run bench:listing -- [options]
  --blobs N      of the largest listing, in steps of 5 000 (1 000 000)
  --rounds N     at a tenth of that (3)
  --azurite N    blobs in Azurite; 0: leaves it out (20 000)
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

type Place = Omit<Reading, 'way' | 'blobs'>

const WAYS: readonly Way[] = ['sdk', 'bytes', 'ours']
const NAMES: Record<Way, string> = {
  sdk: "the SDK's loop",
  bytes: 'the bytes alone',
  ours: 'Lakemark',
}
const RATE_TARGET = { atLeast: 2.5 }
const MEMORY_TARGET = { atMost: 1.2 }
const PAGE = 5000
const SMALL_HEAP_MB = 64
const BLOBS_FOR_MEMORY = 300_000
const MEGABYTE = 1024 * 1024
const UPLOADS_AT_ONCE = 16
const HOUR_MS = 3_600_000

if (values.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const largest = numberOf('blobs', values.blobs ?? (values.quick ? '100000' : '1000000'))
  const rounds = numberOf('rounds', values.rounds ?? (values.quick ? '1' : '3'))
  const inAzurite = numberOf('azurite', values.azurite ?? (values.quick ? '5000' : '20000'))
  if (largest % PAGE !== 0) throw new Error(`--blobs: a multiple of ${PAGE}`)
  console.log(machine())
  await measureFake(largest, rounds)
  if (inAzurite > 0) await measureAzurite(inAzurite, rounds)
  console.log(`\n${load()} after`)
}

async function measureFake(largest: number, rounds: number): Promise<void> {
  const fake = startChild(new URL('./listing/fake-process.ts', import.meta.url))
  try {
    const port = await fake.call<number>('start', largest)
    const serviceUrl = `http://127.0.0.1:${port}/${DEV_ACCOUNT}`
    const placeOf = (size: number): Place => {
      const container = `blobs-${size}`
      return { serviceUrl, container, signedUrl: `${serviceUrl}/${container}?sig=none` }
    }
    const sizes = [100, 10, 1].map(part => Math.max(PAGE, Math.floor(largest / part / PAGE) * PAGE))
    for (const size of sizes) {
      const reads = await measure(placeOf(size), size, size === largest ? 1 : rounds)
      print(`${blobsOf(size)}, pages written beforehand`, reads, size)
    }
    await measureMemory(sizes.map(size => ({ size, place: placeOf(size) })))
  } finally {
    await fake.close()
  }
}

/**
 * V8 lets garbage pile up where there is room for it, up to twice what the process needs, and takes its time to do
 * so. So the listings of all sizes are read in a small heap, the smaller ones again and again: what grows then is
 * what is held.
 */
async function measureMemory(listings: readonly { size: number; place: Place }[]): Promise<void> {
  const peaks: number[] = []
  console.log(`\n${cells(`Lakemark in a heap of ${SMALL_HEAP_MB} MB`, ['peak MB'])}`)
  for (const { size, place } of listings) {
    const { peakBytes } = await readOnce({ ...place, way: 'ours', blobs: BLOBS_FOR_MEMORY }, [
      `--max-old-space-size=${SMALL_HEAP_MB}`,
      '--max-semi-space-size=1',
    ])
    peaks.push(peakBytes)
    console.log(cells(blobsOf(size), [digits(peakBytes / MEGABYTE)]))
  }
  const growth = (peaks.at(-1) ?? Number.NaN) / (peaks[0] ?? Number.NaN)
  console.log(`the largest to the smallest: ${verdict(growth, MEMORY_TARGET)}`)
}

async function measureAzurite(count: number, rounds: number): Promise<void> {
  const azurite = await startAzurite()
  try {
    const key = new StorageSharedKeyCredential(DEV_ACCOUNT, DEV_KEY)
    const container = new BlobServiceClient(azurite.blobUrl, key).getContainerClient('blobs')
    await container.create()
    const rest = Array.from({ length: count }, (_, number) => number).values()
    async function lane(): Promise<void> {
      for (const number of rest) await container.getBlockBlobClient(nameOf(number)).upload('x', 1)
    }
    await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, lane))
    const signedUrl = await container.generateSasUrl({
      permissions: ContainerSASPermissions.parse('rl'),
      expiresOn: new Date(Date.now() + HOUR_MS),
    })
    const reads = await measure({ serviceUrl: azurite.blobUrl, container: 'blobs', signedUrl }, count, rounds)
    print(`${blobsOf(count)} in Azurite`, reads, count)
  } finally {
    await azurite.close()
  }
}

/** The ways in turns, each reading in a process that has read nothing yet. */
async function measure(place: Place, size: number, rounds: number): Promise<Record<Way, Read[]>> {
  const reads: Record<Way, Read[]> = { sdk: [], bytes: [], ours: [] }
  for (let round = 0; round < rounds; round += 1) {
    for (const way of WAYS) {
      const read = await readOnce({ ...place, way, blobs: size })
      if (way !== 'bytes' && read.blobs !== size)
        throw new Error(`${way} read ${read.blobs} of ${size} blobs`)
      reads[way].push(read)
    }
  }
  return reads
}

async function readOnce(reading: Reading, flags: readonly string[] = []): Promise<Read> {
  const reader = startChild(new URL('./listing/reader-process.ts', import.meta.url), flags)
  try {
    return await reader.call<Read>('read', reading)
  } finally {
    await reader.close()
  }
}

function print(title: string, reads: Record<Way, Read[]>, size: number): void {
  const of = (way: Way, figure: (read: Read) => number) => median(reads[way].map(figure))
  console.log(`\n${cells(title, ['blobs/s', 'CPU µs/blob', 'peak MB'])}`)
  for (const way of WAYS) {
    const rate = of(way, ({ ms }) => (1000 * size) / ms)
    const cpu = of(way, ({ cpuMs }) => (1000 * cpuMs) / size)
    const peak = of(way, ({ peakBytes }) => peakBytes / MEGABYTE)
    console.log(cells(NAMES[way], [rate, cpu, peak].map(digits)))
  }
  const ratio = of('sdk', ({ ms }) => ms) / of('ours', ({ ms }) => ms)
  console.log(`ours to the SDK's: ${verdict(ratio, RATE_TARGET)}`)
}

function blobsOf(count: number): string {
  return `${count.toLocaleString('en')} blobs`
}

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name}: ${text} is no number`)
  return value
}
