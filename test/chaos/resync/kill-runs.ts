/**
 * Re-sync over a lake of which the events of one file in a hundred were lost, by several processes of
 * `lakemark serve` that are killed with -9 in the middle of it. Storage is Azurite, the lake a process that makes its
 * listing up; the index says what a run of yesterday would have left.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { RunView } from '../../../src/app/resync/run-view.ts'
import { DEV_ACCOUNT, DEV_KEY, startAzurite } from '../../../src/emulators/lake/azurite.ts'
import { startChild } from '../../bench/intake/child.ts'
import type { Served } from '../../bench/resync/lake-process.ts'
import { countLost } from '../../bench/resync/lost.ts'
import { containerOf, writeRules } from '../../bench/resync/rules.ts'
import { getRun, postRun, runToItsEnd, type Service, startService } from '../../bench/resync/service.ts'
import { startAzureMlProcess } from '../azure-ml.ts'
import { readWorkspace } from '../checker-reading.ts'

export interface KillOptions {
  blobs: number
  pageBlobs: number
  /** Every page takes so long, so that there is time to die in it. */
  pageMs: number
  workers: number
  /** All die as soon as these parts of the blobs, from 0 to 1, have been listed. */
  killAllAt: readonly number[]
  /** The clocks of those that come after them go ahead so far: leases are over then. 0: one waits for that. */
  aheadMs: number
  patienceMs: number
  tell: (line: string) => void
}

export interface KillReport {
  lost: number
  run: RunView
  /** Blobs that had been listed, by the counters, when everybody died. */
  listedAtDeath: number[]
  served: Served
  /** Files in all versions that Azure ML has. */
  registeredFiles: number
  versions: number
  again: RunView
}

const WORKSPACE = {
  name: 'ml-retail',
  subscription: '00000000-0000-0000-0000-000000000001',
  resourceGroup: 'rg-retail',
}
const POLL_MS = 25

export async function killRuns(options: KillOptions): Promise<KillReport> {
  const ends: (() => Promise<unknown>)[] = []
  const home = await mkdtemp(join(tmpdir(), 'lakemark-kill-'))
  ends.push(() => rm(home, { recursive: true, force: true }))
  try {
    return await play(home, options, ends)
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

async function play(
  home: string,
  options: KillOptions,
  ends: (() => Promise<unknown>)[],
): Promise<KillReport> {
  const { blobs, pageBlobs, tell } = options
  const container = containerOf(blobs)
  const logs = join(home, 'logs')
  await mkdir(logs)
  const azurite = await startAzurite()
  ends.push(() => azurite.close())
  const lake = startChild(new URL('../../bench/resync/lake-process.ts', import.meta.url))
  ends.push(() => lake.close())
  const stateFile = join(home, 'azure-ml.jsonl')
  const azureMlOptions = { workspaces: [WORKSPACE], stateFile, seed: 1, isTroubled: false }
  const azureMl = await startAzureMlProcess(azureMlOptions, join(logs, 'azure-ml.log'))
  ends.push(() => azureMl.close())
  const lakeOptions = { blobs, azuritePort: azurite.ports.blob, pageMs: options.pageMs, pageBlobs }
  const port = await lake.call<number>('start', lakeOptions)
  const blobUrl = `http://127.0.0.1:${port}/${DEV_ACCOUNT}`
  const env = {
    AzureWebJobsStorage: [
      `DefaultEndpointsProtocol=http;AccountName=${DEV_ACCOUNT};AccountKey=${DEV_KEY}`,
      `BlobEndpoint=${blobUrl};QueueEndpoint=${azurite.queueUrl};TableEndpoint=${azurite.tableUrl}`,
    ].join(';'),
    LAKEMARK_AZUREML_URL: azureMl.url,
    LAKEMARK_HOME: home,
    LAKEMARK_PORT: '0',
    // What is found within some seconds becomes one version.
    LAKEMARK_RULES: await writeRules(home, [container], '3s'),
    LAKEMARK_SWEEP_SCHEDULE: '*/5 * * * * *',
  }
  const lost = countLost(blobs)
  await prime(env, container, blobs - lost)
  await lake.call('served')
  tell(`the index knows ${blobs - lost} of ${blobs} files`)

  const workers = createWorkers(options, env, logs)
  ends.push(workers.killAll)
  await workers.startAll()
  tell('the run begins')
  // Over everything, which nobody has run before: cut into parts, however few files there are.
  const asked = await postRun(workers.url(), {})
  const listedAtDeath: number[] = []
  for (const share of options.killAllAt) {
    listedAtDeath.push(await untilListed(workers.url(), asked.id, share * blobs))
    await workers.killAll()
    tell(`all are killed: ${listedAtDeath.at(-1)} files were listed`)
    await workers.startAll()
    tell('others have taken their place')
  }
  const run = await untilEnded(workers.url(), asked.id, options.patienceMs)
  const served = await lake.call<Served>('served')
  tell('the run has ended')
  const again = (await runToItsEnd(workers.url(), {})).run
  const [asset] = await readWorkspace(azureMl.directUrl(), WORKSPACE)
  const files = (asset?.versions ?? []).map(({ properties }) => Number(properties['lakemark.files']))
  const registeredFiles = files.reduce((sum, count) => sum + count, 0)
  return { lost, run, listedAtDeath, served, registeredFiles, versions: files.length, again }
}

function createWorkers({ workers: count, aheadMs }: KillOptions, env: Record<string, string>, logs: string) {
  let workers: Service[] = []
  let deaths = 0
  return {
    url: () => workers[0]?.url ?? '',
    async startAll() {
      const own = { ...env, CHAOS_CLOCK_AHEAD_MS: String(deaths * aheadMs) }
      const starting = Array.from({ length: count }, (_, index) =>
        startService(own, join(logs, `worker-${index + 1}.log`)),
      )
      workers = await Promise.all(starting)
    },
    async killAll() {
      deaths += 1
      await Promise.all(workers.map(({ close }) => close()))
      workers = []
    },
  }
}

async function prime(env: Record<string, string>, container: string, expected: number): Promise<void> {
  const primer = startChild(new URL('../../bench/resync/prime-process.ts', import.meta.url))
  try {
    const listed = await primer.call<number>('prime', { env, container, withoutLost: true })
    if (listed !== expected) throw new Error(`${listed} of ${expected} blobs were listed`)
  } finally {
    await primer.close()
  }
}

/** Answers how many were listed, by the counters. */
async function untilListed(url: string, id: string, wanted: number): Promise<number> {
  for (;;) {
    const run = await getRun(url, id)
    if (run.counters.listed >= wanted) return run.counters.listed
    if (run.endedAt !== null) throw new Error(`the run has ended before anybody died: ${JSON.stringify(run)}`)
    await wait(POLL_MS)
  }
}

async function untilEnded(url: string, id: string, patienceMs: number): Promise<RunView> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const run = await getRun(url, id)
    if (run.endedAt !== null) return run
    if (Date.now() > deadline) throw new Error(`the run does not end: ${JSON.stringify(run)}`)
    await wait(POLL_MS)
  }
}
