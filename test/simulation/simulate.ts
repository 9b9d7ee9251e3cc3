import type { Failure } from '../../src/app/failures/failure.ts'
import type { MatchingRules } from '../../src/app/intake/intake.ts'
import type { Counters, Log } from '../../src/app/ports.ts'
import { DAY, MINUTE, SECOND } from '../../src/core/time.ts'
import { createMemoryAgenda } from '../../src/memory/agenda.ts'
import { createSilentMeter } from '../../src/memory/arm-meter.ts'
import { createMemoryAzureMl, createMemoryAzureMlService } from '../../src/memory/azure-ml.ts'
import { createMemoryBudgetStore } from '../../src/memory/budget-store.ts'
import { createMemoryDatastoreLooks } from '../../src/memory/datastore-looks.ts'
import { createMemoryFailureIndex } from '../../src/memory/failure-index.ts'
import { createMemoryLake } from '../../src/memory/lake.ts'
import { createMemoryLedger } from '../../src/memory/ledger.ts'
import { createLakemark } from '../../src/wiring.ts'
import { createEventGrid } from './event-grid.ts'
import { createFaults } from './faults.ts'
import { createFleet, type Fleet } from './fleet.ts'
import { type Caller, createGate } from './gate.ts'
import { createHistory } from './history.ts'
import { checkInvariants } from './invariants.ts'
import { planMischief } from './mischief.ts'
import { createOnlooker } from './onlooker.ts'
import { drawProfile, drawVariant, type Profile } from './profile.ts'
import { createRandom } from './random.ts'
import { createResyncs } from './resyncs.ts'
import { createRulesLog } from './rules-log.ts'
import { createTimeline, Livelock } from './timeline.ts'
import { createTrace } from './trace.ts'
import { planUploads } from './uploads.ts'
import { createWatch, type Violation } from './watch.ts'
import { createSimulatedQueue } from './work-queue.ts'

export interface SeedReport {
  seed: number
  profile: Profile
  violations: Violation[]
  counts: ReadonlyMap<string, number>
  steps: number
  virtualMs: number
}

const START = Date.UTC(2026, 0, 15, 12)
const SWEEP_MS = MINUTE
/** Everything that was begun ends within this time once the trouble is over. */
const LONGEST_DRAIN_MS = 3 * DAY
const PAGE = 500
/** One seed in so many has bursts of new files. */
const BURSTS_ONE_IN = 5
/** Of a process that lets others go first. */
const LONGEST_PAUSE_MS = 50
/** By seed: where transactions are small, even little news fills several, one made ready behind the other. */
const INTENTS_PER_COMMIT = [undefined, 1, 2, 3]

/**
 * Plays one seed: trouble, then peace, then everything must be as it should. The same seed is the same history,
 * call by call. `write`: gets the trace, line by line.
 */
export async function simulate(seed: number, write?: (line: string) => void): Promise<SeedReport> {
  const world = createSimulation(seed, write)
  const { timeline, trace, profile, violations } = world
  try {
    await world.play()
  } catch (error) {
    if (!(error instanceof Livelock)) throw error
    violations.push({ invariant: 'bounded', detail: error.message })
  }
  return {
    seed,
    profile,
    violations,
    counts: trace.counts(),
    steps: timeline.steps(),
    virtualMs: timeline.now() - START,
  }
}

function createSimulation(seed: number, write: ((line: string) => void) | undefined) {
  const random = createRandom(seed)
  const profile = drawProfile(random)
  const timeline = createTimeline(START)
  const clock = { now: timeline.now }
  const trace = createTrace(() => timeline.now() - START, write)
  trace.line('seed', String(seed), JSON.stringify(profile))
  const violations: Violation[] = []
  const report = (violation: Violation) => {
    if (violations.length < 20) violations.push(violation)
    trace.line('check', `✗ ${violation.invariant}: ${violation.detail}`)
  }

  let fleet: Fleet
  const queue = createSimulatedQueue({ timeline, random: random.fork(), trace, profile, fleet: () => fleet })
  const lake = createMemoryLake()
  const onlooker = createOnlooker({ timeline, random: random.fork(), trace, profile, fleet: () => fleet })
  const service = createMemoryAzureMlService()
  const stores = {
    ledger: createMemoryLedger(),
    failureIndex: onlooker.watched(createMemoryFailureIndex()),
    agenda: createMemoryAgenda(),
    queue,
    lake,
    azureMl: createMemoryAzureMl(undefined, service),
    budgetStore: createMemoryBudgetStore(),
  }
  const resyncs = createResyncs({ seed, timeline, trace, profile, fleet: () => fleet, lake, report })
  const unused = { datastoreLooks: createMemoryDatastoreLooks() }
  const faults = createFaults(random.fork(), profile)
  const watch = createWatch(report)
  const gated = createGate({ timeline, faults, random: random.fork(), trace, observer: watch })
  const rulesLog = createRulesLog(drawVariant(random), START, queue)
  const pauses = createRandom(~seed)
  let ids = 0
  const build = (caller: Caller, own: { rules: () => MatchingRules; counters: Counters; log: Log }) =>
    createLakemark({
      ...gated(caller, {
        ...stores,
        lake: resyncs.lake,
        // What a process has seen of it dies with the process.
        azureMl: createMemoryAzureMl(undefined, service),
      }),
      ...resyncs.ports(caller),
      ...own,
      ...unused,
      clock,
      armMeter: createSilentMeter(),
      giveWay: () =>
        new Promise(resolve => timeline.after(pauses.between(0, LONGEST_PAUSE_MS), resolve, caller)),
      newId: () => String(++ids),
      intentsPerCommit: INTENTS_PER_COMMIT[seed % INTENTS_PER_COMMIT.length],
    })
  const onDefect = (detail: string) => report({ invariant: 'no defects', detail })
  fleet = createFleet({ timeline, random: random.fork(), trace, build, rulesAt: rulesLog.at, onDefect })
  const history = createHistory()
  const eventGrid = createEventGrid({ timeline, random: random.fork(), trace, profile, fleet })
  const { workspaces } = rulesLog.at(START).rules
  const parts = { timeline, trace, profile, faults, fleet, history, rulesLog, lake }

  for (let count = 0; count < profile.processes; count += 1) fleet.start()
  const bursts = seed % BURSTS_ONE_IN === 1 ? createRandom(-seed) : undefined
  const moments = planUploads({ ...parts, random: random.fork(), eventGrid, bursts })
  const deeds = planMischief({
    ...parts,
    random: random.fork(),
    azureMl: stores.azureMl,
    workspaces,
    look: onlooker.look,
    moments,
  })
  const sweepRandom = random.fork()
  resyncs.plan()

  async function play(): Promise<void> {
    keepSweeping()
    await timeline.runUntil(START + profile.troubleMs)
    trace.line('seed', 'the trouble is over')
    heal()
    await drain('after the trouble')
    await checkIdle()
    const wasLost = [...history.changes.values()].flat().some(({ event }) => event.isLost)
    if (wasLost || profile.resync) {
      await resyncs.runToItsEnd()
      await drain('after the resync')
    }
    if (deeds.gone.size > 0 && random.chance(0.5)) {
      faults.workspaces.clear()
      deeds.gone.clear()
      trace.line('azure-ml', 'the deleted workspaces are back')
    }
    await retryAll()
    await drain('after the retries')
    const failures = await listFailures()
    const found = { history, deeds, stores, rulesLog, fleet, profile, workspaces, watch, failures }
    const { violations, registered } = await checkInvariants(found)
    for (const violation of violations) report(violation)
    await resyncs.checkFindings(deeds)
    trace.count('versions registered', registered)
  }

  function keepSweeping(): void {
    timeline.after(SWEEP_MS, () => {
      const times = sweepRandom.chance(profile.doubleSweep) ? 2 : 1
      for (let time = 0; time < times; time += 1) {
        const process = fleet.pick()
        if (process === undefined) continue
        fleet
          .invoke(process, 'sweep', ({ sweep, resync }) => Promise.all([sweep(), resync.sweep()]))
          // What is no trouble has been reported, and the next sweep comes anyway.
          .catch(() => undefined)
      }
      keepSweeping()
    })
  }

  function heal(): void {
    faults.stop()
    resyncs.heal()
    queue.heal()
    eventGrid.heal()
    while (fleet.living().length < profile.processes) fleet.start()
  }

  /** Until nothing is outstanding, anywhere. */
  async function drain(when: string): Promise<void> {
    const end = timeline.now() + LONGEST_DRAIN_MS
    while (timeline.now() < end) {
      await timeline.runUntil(timeline.now() + MINUTE + SECOND)
      if (await isQuiet()) return
    }
    report({ invariant: 'bounded', detail: `${when} something is still outstanding: ${await outstanding()}` })
  }

  /** What is in the ledger goes on from there by itself: nobody has to tell of it again. */
  async function checkIdle(): Promise<void> {
    const { items } = await stores.ledger.listAssets({ limit: PAGE })
    for (const { name: asset } of items) {
      const head = (await stores.ledger.readWork(asset))?.head
      if (head?.wakeAt === undefined && head?.open === 0) continue
      report({
        invariant: 'nothing lost',
        detail: `${asset} has work outstanding, and nobody will look at it`,
      })
    }
  }

  async function isQuiet(): Promise<boolean> {
    if (eventGrid.outstanding() > 0 || queue.waiting() > 0 || fleet.busy() > 0) return false
    if ((await resyncs.open()) > 0) return false
    const { items } = await stores.agenda.overdue(Number.POSITIVE_INFINITY, { limit: 1 })
    return items.length === 0
  }

  async function outstanding(): Promise<string> {
    const { items } = await stores.agenda.overdue(Number.POSITIVE_INFINITY, { limit: PAGE })
    const agenda = items.flatMap(({ assets }) => assets).join(' ')
    const runs = await resyncs.open()
    return `${runs} runs, ${eventGrid.outstanding()} events, ${queue.waiting()} messages, ${fleet.busy()} invocations, agenda: ${agenda}`
  }

  /** What has failed is tried again: what the list of failures leaves out stays as it is. */
  async function retryAll(): Promise<void> {
    let continuation: string | undefined
    do {
      const at = continuation
      const report = await finish('retry all', ({ failures }) =>
        failures.retry({ filter: {} }, { continuation: at, mayRetry: () => true }),
      )
      continuation = report?.continuation
    } while (continuation !== undefined)
  }

  async function listFailures(): Promise<Failure[]> {
    const listed: Failure[] = []
    let continuation: string | undefined
    do {
      const page = { limit: PAGE, continuation }
      const found = await finish('list failures', ({ failures }) => failures.list({}, page))
      listed.push(...(found?.items ?? []))
      continuation = found?.continuation
    } while (continuation !== undefined)
    return listed
  }

  /** Undefined: it did not end well, which has been reported. */
  async function finish<T>(
    what: string,
    run: (lakemark: ReturnType<typeof build>) => Promise<T>,
  ): Promise<T | undefined> {
    const process = fleet.pick()
    if (process === undefined) throw new Error('nobody lives')
    let outcome: { done: T } | 'failed' | undefined
    fleet.invoke(process, what, run).then(
      done => {
        outcome = { done }
      },
      () => {
        outcome = 'failed'
      },
    )
    for (let minute = 0; minute < 60 && outcome === undefined; minute += 1) {
      await timeline.runUntil(timeline.now() + MINUTE)
    }
    if (typeof outcome === 'object') return outcome.done
    report({ invariant: 'bounded', detail: `${what} did not end well` })
    return undefined
  }

  return { timeline, trace, profile, violations, play }
}
