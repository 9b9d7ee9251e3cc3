/** One run: files are dropped while everything breaks; then everything has to become quiet, and right. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { QueueClient, StorageSharedKeyCredential } from '@azure/storage-queue'
import { WORK_QUEUE } from '../../src/azure-world.ts'
import { DEV_KEY } from '../../src/emulators/lake/azurite.ts'
import { findViolations } from './checker.ts'
import type { Expectation, Violation } from './checker-facts.ts'
import { countVersions, readWorld } from './checker-reading.ts'
import { commitFaults, type Fault, type FaultKind, planFaults, type Times } from './faults.ts'
import { ACCOUNT, CONTAINER, DATASTORE, type FilesPlan, planFiles, WORKSPACES } from './files.ts'
import { createRandom, type Random } from './random.ts'
import { startWorld, type World } from './world.ts'
import { startWriter, type Writer } from './writer.ts'

const SECOND = 1000
/** The writer's, beyond the time of the faults. */
const WRITER_PATIENCE_MS = 600 * SECOND
const AT_WORK_LIMIT_MS = 60 * SECOND
const POLL_MS = 500
/** As long as this nothing may move before it counts as quiet. */
const STILL_MS = 3 * SECOND
/** Further ahead than every lease, hidden message and grace of the sweep. */
const CLOCK_AHEAD_MS = 5 * 60 * SECOND

export interface ChaosOptions {
  seconds: number
  files: number
  workers: number
  seed: number
  /** How long it may take, once the faults have stopped, until everything is registered. */
  patienceSeconds: number
  /** Instead of as many faults as usual. */
  times?: Times | undefined
  /**
   * After the faults the workers are killed once more and come back with their clock five minutes ahead, so that
   * nobody has to wait for the leases of the dead. Without it the real time passes.
   */
  withClockAhead: boolean
  tell(line: string): void
  /** The folder with everything, logs too, is left for looking into. */
  keepsHome?: boolean | undefined
}

export interface ChaosReport {
  options: ChaosOptions
  home: string
  /** Files that lie in the lake in the end, and how many contents were written in all. */
  filesInLake: number
  contents: number
  operations: number
  uploadsRepeated: number
  assets: number
  /** In all workspaces together. */
  versions: number
  struck: Map<FaultKind, number>
  /** What was done to single posts of events and to single requests to Azure ML, by name. */
  troubles: Record<string, number>
  startsRepeated: number
  writingSeconds: number
  quietSeconds: number
  checks: number
  violations: Violation[]
}

/** Rejects only where the run itself could not be made; what is wrong with the product is in the report. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const home = await mkdtemp(join(tmpdir(), 'lakemark-chaos-'))
  const random = createRandom(options.seed)
  const files = planFiles(options.files, random.fork('files'))
  const faults = planFaults(options.seconds, random.fork('faults'), options.times)
  let world: World | undefined
  try {
    world = await startWorld({ home, workers: options.workers, random: random.fork('world') })
    const begun = Date.now()
    options.tell(
      `${seconds(begun)} everything is up; ${files.operations.length} operations, ${faults.length} faults`,
    )
    const { struck, writer } = await fight(world, files, faults, options, random, line =>
      options.tell(`${seconds(begun)} ${line}`),
    )
    const written = Date.now()
    options.tell(`${seconds(begun)} faults are over, ${writer.progress().done} operations done`)
    world.azureMl.calm()
    world.balancer.calm()
    if (options.withClockAhead) await world.workers.replace({ CHAOS_CLOCK_AHEAD_MS: String(CLOCK_AHEAD_MS) })
    const end = await untilRight(world, files, options, line => options.tell(`${seconds(begun)} ${line}`))
    return {
      ...reportOf(world, writer, files),
      ...end,
      options,
      home,
      struck,
      writingSeconds: since(begun, written),
      quietSeconds: since(written, Date.now()),
    }
  } finally {
    await world?.close()
    if (options.keepsHome !== true) await rm(home, { recursive: true, force: true })
  }
}

/** Writes and strikes, both to their end whatever becomes of the other: then nothing is under way any more. */
async function fight(
  world: World,
  files: FilesPlan,
  faults: readonly Fault[],
  options: ChaosOptions,
  random: Random,
  tell: (line: string) => void,
): Promise<{ struck: Map<FaultKind, number>; writer: Writer }> {
  const writer = startWriter({
    lake: `http://127.0.0.1:${world.uploads.port}/${ACCOUNT}`,
    account: ACCOUNT,
    key: DEV_KEY,
    operations: files.operations,
    random: random.fork('writer'),
    durationMs: options.seconds * SECOND,
    patienceMs: WRITER_PATIENCE_MS,
    pass: world.gate.pass,
  })
  const striking = untilAtWork(world).then(() =>
    commitFaults(world, faults, ({ kind, lastsMs }, what) => {
      const span = lastsMs === 0 ? '' : `, ${(lastsMs / SECOND).toFixed(1)} s`
      tell(`${kind.padEnd(26)} ${what}${span}`)
    }),
  )
  const [struck, wrote] = await Promise.allSettled([striking, writer.done])
  if (struck.status === 'rejected') throw struck.reason
  if (wrote.status === 'rejected') throw wrote.reason
  return { struck: struck.value, writer }
}

/** Faults before the first version would only prolong the start. The service may be in trouble when it is asked. */
async function untilAtWork(world: World): Promise<void> {
  const deadline = Date.now() + AT_WORK_LIMIT_MS
  for (;;) {
    const [asked] = await Promise.allSettled([countVersions(placesOf(world))])
    if (asked.status === 'fulfilled' && asked.value > 0) return
    if (Date.now() > deadline) {
      const cause = asked.status === 'rejected' ? asked.reason : undefined
      throw new Error(`no version was registered within ${AT_WORK_LIMIT_MS} ms`, { cause })
    }
    await wait(POLL_MS)
  }
}

/** Waits until nothing moves, and looks; where something is missing that may still come, waits on. */
async function untilRight(
  world: World,
  files: FilesPlan,
  { patienceSeconds, withClockAhead }: ChaosOptions,
  tell: (line: string) => void,
): Promise<Pick<ChaosReport, 'checks' | 'violations' | 'filesInLake' | 'assets' | 'versions'>> {
  const deadline = Date.now() + patienceSeconds * SECOND
  for (let lastCount = -1; ; ) {
    const { isQuiet, count } = await untilQuiet(world, lastCount, deadline, !withClockAhead)
    lastCount = count
    const found = await readWorld(placesOf(world))
    if ((await countVersions(placesOf(world))) !== count && Date.now() < deadline) {
      // A delivery that had to wait came into the reading: what was read is of two times, and proves nothing.
      tell('a version came while everything was read; it is read again')
      continue
    }
    const expected: Expectation = {
      account: ACCOUNT,
      container: CONTAINER,
      datastore: DATASTORE,
      places: files.places,
      lying: lyingOf(files),
      contents: world.contents,
    }
    const { violations, checks } = findViolations(found, expected)
    const own = complaintsOf(world, isQuiet)
    const passing = violations.filter(({ kind }) => kind === 'lost' || kind === 'uneven').length
    const isFinal = own.length > 0 || passing < violations.length || Date.now() > deadline
    if (violations.length === 0 || isFinal) {
      const assets = new Set([...found.workspaces.values()].flatMap(all => all.map(({ name }) => name))).size
      const all = [...violations, ...own]
      return { checks, violations: all, filesInLake: found.lake.length, assets, versions: count }
    }
    tell(`quiet, and ${passing} facts are still missing, such as: ${violations[0]?.what}`)
  }
}

/**
 * Nothing owed by Event Grid, no message in the queue, and no version made for a while; or the deadline. Where the
 * clock is ahead the queue does not count: its service has a clock of its own, by which messages are still hidden
 * whose time has come for the workers.
 */
async function untilQuiet(
  world: World,
  lastCount: number,
  deadline: number,
  withQueue: boolean,
): Promise<{ isQuiet: boolean; count: number }> {
  const queue = new QueueClient(
    `${world.storage.queues}/${WORK_QUEUE}`,
    new StorageSharedKeyCredential(ACCOUNT, DEV_KEY),
  )
  let count = -1
  let stillSince = Date.now()
  for (;;) {
    const now = await countVersions(placesOf(world))
    const { approximateMessagesCount: messages = 0 } = await queue.getProperties()
    if (now !== count || (withQueue && messages > 0) || world.eventGrid.pending() > 0) stillSince = Date.now()
    count = now
    const isStill = Date.now() - stillSince > STILL_MS
    // What was quiet and incomplete before is looked at again only when something has been added.
    if (isStill && count !== lastCount) return { isQuiet: true, count }
    if (Date.now() > deadline) return { isQuiet: isStill, count }
    await wait(POLL_MS)
  }
}

function complaintsOf(world: World, isQuiet: boolean): Violation[] {
  const complaints = [...world.workers.complaints(), ...[world.azureMl.complaint() ?? []].flat()]
  if (world.givenUp() > 0) complaints.push(`Event Grid gave ${world.givenUp()} events up`)
  if (!isQuiet) {
    complaints.push(
      `it did not become quiet: ${world.eventGrid.pending()} events are still owed, or messages or versions keep coming`,
    )
  }
  return complaints.map(what => ({ kind: 'wrong', what }))
}

function placesOf({ azureMl, storage }: World) {
  return {
    arm: azureMl.directUrl(),
    workspaces: WORKSPACES,
    lake: storage.lake,
    account: ACCOUNT,
    key: DEV_KEY,
    container: CONTAINER,
  }
}

function reportOf(world: World, writer: Writer, files: FilesPlan) {
  return {
    contents: world.contents.length,
    operations: files.operations.length,
    uploadsRepeated: writer.progress().repeated,
    troubles: { ...world.balancer.counts(), ...world.azureMl.troubles() },
    startsRepeated: world.workers.startsRepeated(),
  }
}

function lyingOf({ operations }: FilesPlan): Set<string> {
  const last = new Map(operations.map(({ path, kind }) => [path, kind]))
  return new Set([...last].flatMap(([path, kind]) => (kind === 'delete' ? [] : [path])))
}

function since(from: number, to: number): number {
  return (to - from) / SECOND
}

function seconds(begun: number): string {
  return `${since(begun, Date.now()).toFixed(1).padStart(6)} s`
}
