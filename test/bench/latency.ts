/**
 * How long it takes from a file's drop to its version in Azure ML: `npm run bench:latency`. Files go through the
 * lake of the local world, which is one process, as with `lakemark start`; a version is visible when the emulated
 * service has answered its PUT. In the same run and against the same Azurite and Azure ML, the calls that cannot
 * be avoided are made bare, one after the other, by this process.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { BlobServiceClient, type ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { DEV_ACCOUNT, DEV_KEY } from '../../src/emulators/lake/azurite.ts'
import { type Child, startChild } from './intake/child.ts'
import { cells, digits, load, machine, median, quantile, verdict } from './intake/figures.ts'
import { createBareCalls } from './latency/bare-calls.ts'
import { runSeries, type Series, type SeriesOptions } from './latency/series.ts'
import type { Span } from './latency/spans.ts'
import { toStages, visibleTimes } from './latency/stages.ts'
import type { WorldAddresses } from './latency/world-process.ts'

const HELP = `npm run bench:latency -- [options]
  --quick             ten seconds of each series
  --rate N            files a second (10)
  --seconds N         of each series (55)
  --bare-every N      files after which the bare calls are made once (5)
  --size N            bytes of a file (1024)
  --only WORD         new: files that make new assets; further: further versions of assets`

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rate: { type: 'string', default: '10' },
    seconds: { type: 'string' },
    'bare-every': { type: 'string', default: '5' },
    size: { type: 'string', default: '1024' },
    only: { type: 'string', default: '' },
  },
})

const CONTAINER = 'silver'
const WORKSPACE = {
  subscription: '00000000-0000-0000-0000-000000000001',
  resourceGroup: 'rg-bench',
  name: 'ml-bench',
}
const RULES = `
workspaces:
  ml-bench: { subscription: ${WORKSPACE.subscription}, resourceGroup: ${WORKSPACE.resourceGroup} }
rules:
  - name: latency
    from: ${DEV_ACCOUNT}/${CONTAINER}
    match: latency/{name}.csv
    asset: "{name}"
    to: [ml-bench]
    tags: { team: bench }
`
/** Assets that get further versions, one after the other: none before its last one is long done. */
const OLD_ASSETS = 60
const WARM_UP = { perSecond: 20, seconds: 6, bareEvery: 1 }
/** What is not visible by then after the last file is lost. */
const VISIBLE_WITHIN_MS = 30_000
const TARGETS = { p50: { atMost: 1.5 }, p99: { atMost: 4 } }

if (values.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const perSecond = numberOf('rate', values.rate)
  const seconds = numberOf('seconds', values.seconds ?? (values.quick ? '10' : '55'))
  const bareEvery = numberOf('bare-every', values['bare-every'])
  const folder = await mkdtemp(join(tmpdir(), 'lakemark-bench-'))
  const world = startChild(new URL('./latency/world-process.ts', import.meta.url))
  const server = startChild(new URL('./intake/bare-process.ts', import.meta.url))
  console.log(machine())
  try {
    await writeFile(join(folder, 'rules.yaml'), RULES)
    const run = await prepare(world, server, folder)
    const pace = { perSecond, seconds, bareEvery }
    await run('warm', WARM_UP, index => ({
      asset: `old-${index % OLD_ASSETS}`,
      version: 1 + Math.floor(index / OLD_ASSETS),
    }))
    const done = Math.ceil((WARM_UP.perSecond * WARM_UP.seconds) / OLD_ASSETS)
    if ('new'.includes(values.only)) {
      report(
        'each file a new asset',
        await run('new', pace, index => ({ asset: `new-${index}`, version: 1 })),
      )
    }
    if ('further'.includes(values.only)) {
      const toFile = (index: number) => ({
        asset: `old-${index % OLD_ASSETS}`,
        version: done + 1 + Math.floor(index / OLD_ASSETS),
      })
      report('each file a further version of an asset', await run('further', pace, toFile))
    }
    await world.call('close')
    console.log(`\n${load()} after`)
  } finally {
    await Promise.all([world.close(), server.close()])
    await rm(folder, { recursive: true, force: true })
  }
}

interface Observed {
  series: Series
  spans: Span[]
}

type Run = (
  name: string,
  pace: Pick<SeriesOptions, 'perSecond' | 'seconds' | 'bareEvery'>,
  toFile: SeriesOptions['toFile'],
) => Promise<Observed>

async function prepare(world: Child, server: Child, rulesFolder: string): Promise<Run> {
  const addresses = await world.call<WorldAddresses>('start', { rulesFolder })
  const lake = await openLake(addresses.lake)
  const size = numberOf('size', values.size)
  const bare = await createBareCalls({
    ...addresses,
    eventsUrl: await server.call<string>('start'),
    rules: RULES,
    workspace: WORKSPACE,
    datastore: `${DEV_ACCOUNT}_${CONTAINER}`,
    container: CONTAINER,
    content: Buffer.alloc(size, 'x'),
  })
  // The first version brings its datastore along, which the bare calls need too.
  await lake.getBlockBlobClient('latency/first.csv').upload('x', 1)
  await allVisible(world, 0, [{ asset: 'first', version: 1 }])

  return async (name, pace, toFile) => {
    const content = (index: number) => Buffer.from(`${name}-${index}`.padEnd(size, 'x'))
    const series = await runSeries({ ...pace, name, toFile, lake, bare, content })
    return { series, spans: await allVisible(world, series.startedAt, series.files) }
  }
}

/** Tries once, as the bare calls do in effect: what fails is seen. */
async function openLake(url: string): Promise<ContainerClient> {
  const credential = new StorageSharedKeyCredential(DEV_ACCOUNT, DEV_KEY)
  const service = new BlobServiceClient(url, credential, { retryOptions: { maxTries: 1 } })
  const container = service.getContainerClient(CONTAINER)
  await container.createIfNotExists()
  return container
}

/** What was seen since then, once all versions are there. Rejects with those that never came. */
async function allVisible(
  world: Child,
  since: number,
  files: readonly { asset: string; version: number }[],
): Promise<Span[]> {
  const deadline = performance.now() + VISIBLE_WITHIN_MS
  for (;;) {
    const spans = await world.call<Span[]>('spans', since)
    const visible = visibleTimes(spans)
    const missing = files.filter(({ asset, version }) => !visible.has(`${asset} ${version}`))
    if (missing.length === 0) return spans
    if (performance.now() > deadline) {
      const names = missing.slice(0, 5).map(({ asset, version }) => `${asset} ${version}`)
      throw new Error(
        `${missing.length} of ${files.length} versions did not become visible: ${names.join(', ')} …`,
      )
    }
    await wait(500)
  }
}

function report(title: string, { series, spans }: Observed): void {
  const visible = visibleTimes(spans)
  const latencies = series.files.map(
    ({ asset, version, droppedAt }) => (visible.get(`${asset} ${version}`) as number) - droppedAt,
  )
  const answers = series.files.map(({ droppedAt, answeredAt }) => answeredAt - droppedAt)
  const names = [...(series.bare[0]?.times.keys() ?? [])]
  const sums = series.bare.map(({ times }) => [...times.values()].reduce((sum, ms) => sum + ms, 0))
  const row = (name: string, ms: number[]) =>
    console.log(
      cells(`  ${name}`, [digits(quantile(ms, 0.5)), digits(quantile(ms, 0.99)), digits(Math.max(...ms))]),
    )
  console.log(`\n${title}: ${series.files.length} files, bare calls ${series.bare.length} times, ms`)
  console.log(cells('', ['p50', 'p99', 'max']))
  for (const name of names)
    row(
      name,
      series.bare.map(({ times }) => times.get(name) as number),
    )
  row('sum of the bare calls', sums)
  row('file dropped → version visible', latencies)
  row('of it until the lake has answered', answers)
  const sum = median(sums)
  console.log(`  p50 against the sum's p50: ${verdict(quantile(latencies, 0.5) / sum, TARGETS.p50)}`)
  console.log(`  p99 against the sum's p50: ${verdict(quantile(latencies, 0.99) / sum, TARGETS.p99)}`)
  printStages(toStages(series, spans))
}

function printStages({ files, stages }: ReturnType<typeof toStages>): void {
  console.log(
    `\n  where the time goes, medians of the ${files} files that were alone on their way, ms since the drop`,
  )
  console.log(cells('  in the local world', ['begins', 'ends', 'takes', 'of files']))
  for (const { label, start, end, takes, share } of stages) {
    const times = [start, end, takes].map(digits)
    console.log(cells(`    ${label}`, [...times, `${Math.round(share * 100)} %`]))
  }
}

function numberOf(option: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${option} is ${text}; a number above 0`)
  return value
}
