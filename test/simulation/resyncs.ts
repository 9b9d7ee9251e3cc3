import type { Lake } from '../../src/app/ports.ts'
import type { RunFilter } from '../../src/core/resync/filter.ts'
import type { Run } from '../../src/core/resync/run.ts'
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts'
import type { MemoryLake } from '../../src/memory/lake.ts'
import { createMemoryListingIndex } from '../../src/memory/listing-index.ts'
import { createMemoryRunStore } from '../../src/memory/runs.ts'
import { ACCOUNT, CONTAINER } from './assets.ts'
import { createFaults } from './faults.ts'
import type { Fleet } from './fleet.ts'
import { createGate } from './gate.ts'
import type { Deeds } from './mischief.ts'
import type { Profile } from './profile.ts'
import { createRandom } from './random.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'
import type { Violation } from './watch.ts'

/** A part of the seeds has runs while there is trouble. */
const TROUBLED = 0.35
const MAX_RUNS = 4
/** What people and the schedule ask for; the last run asks for everything. */
const FILTERS: readonly Partial<RunFilter>[] = [
  {},
  {},
  {},
  { verify: true },
  { verify: true, dryRun: true },
  { dryRun: true },
  { prefix: 'sales/' },
  { rule: 'files' },
  { asset: 'logs' },
  { container: CONTAINER, verify: true },
  { workspace: 'ml-two' },
]
/** Somebody dies in the middle of the last run, so often and so long after it was begun. */
const DEATHS = 0.5
const MOST_DEATHS = 3
const LONGEST_UNTIL_DEATH_MS = 3 * SECOND
const BACK_AFTER_MS = 5 * SECOND
/** A run waits for an hour for deliveries; before and after it there is not much to do. */
const LONGEST_RUN_MS = 3 * HOUR
const PAGE = 500
const BLOBS_PER_PAGE = 2

interface Dependencies {
  seed: number
  timeline: Timeline
  trace: Trace
  profile: Profile
  fleet: () => Fleet
  lake: MemoryLake
  report: (violation: Violation) => void
}

export type Resyncs = ReturnType<typeof createResyncs>

/**
 * Re-sync runs, step by step, over stores that fail as all others do. What is drawn here is drawn apart: seeds
 * without runs in their trouble are the histories that they would be without any.
 */
export function createResyncs({ seed, timeline, trace, profile, fleet, lake, report }: Dependencies) {
  const random = createRandom(seed ^ 0x5e_5c)
  const stores = { runStore: createMemoryRunStore(), listingIndex: createMemoryListingIndex() }
  const faults = createFaults(random.fork(), profile)
  const gate = { timeline, faults, random: random.fork(), trace, observer: { begins: () => undefined } }
  const gated = createGate(gate)

  function plan(): void {
    if (profile.calm || !random.chance(TROUBLED)) return
    for (let count = random.between(1, MAX_RUNS); count > 0; count -= 1) {
      const filter = random.pick(FILTERS)
      timeline.after(random.next() * profile.troubleMs, () => {
        // Whoever asks in vain asks no more: the last run comes anyway.
        start(filter)?.catch(() => undefined)
      })
    }
  }

  /** Undefined: nobody lives. */
  function start(filter: Partial<RunFilter>): Promise<string | undefined> | undefined {
    const living = fleet().living()
    if (living.length === 0) return undefined
    trace.count('re-sync runs asked for')
    const isScheduled = Object.keys(filter).length === 0 && random.chance(0.5)
    const what = `resync ${JSON.stringify(filter)}`
    return fleet()
      .invoke(random.pick(living), what, ({ resync }) =>
        isScheduled ? resync.startScheduled() : resync.start({ filter, by: 'simulation' }),
      )
      .then(answer => (answer.kind === 'refused' ? undefined : answer.run.id))
  }

  /** Everything that lies in the lake is in the ledger when it ends, also where somebody dies on the way. */
  async function runToItsEnd(): Promise<void> {
    trace.count('resyncs')
    let id: string | undefined
    const ask = () => {
      start({})?.then(
        started => {
          id ??= started
        },
        // The next look asks again.
        () => undefined,
      )
    }
    ask()
    const deaths = profile.calm || !random.chance(DEATHS) ? 0 : random.between(1, MOST_DEATHS)
    for (let count = 0; count < deaths; count += 1) planDeath()
    const end = timeline.now() + LONGEST_RUN_MS
    let run: Run | undefined
    while (timeline.now() < end && run?.endedAt === undefined) {
      await timeline.runUntil(timeline.now() + MINUTE)
      // Who was to be told which run it is may have died.
      id ??= (await stores.runStore.read('register', '', 'runs'))?.document.open[0]?.id
      if (id === undefined) ask()
      run = id === undefined ? undefined : (await stores.runStore.read('run', '', id))?.document
    }
    await checkLast(run)
  }

  function planDeath(): void {
    timeline.after(random.scale(100, LONGEST_UNTIL_DEATH_MS), () => {
      const living = fleet().living()
      if (living.length === 0) return
      const victim = random.pick(living)
      trace.count('deaths in a re-sync run')
      fleet().kill(victim)
      timeline.after(BACK_AFTER_MS, fleet().start)
    })
  }

  async function checkLast(run: Run | undefined): Promise<void> {
    const violation = (detail: string) =>
      report({ invariant: 'nothing lost', detail: `the last re-sync run ${detail}` })
    if (run?.state !== 'done') {
      violation(run === undefined ? 'was never begun' : `is ${run.state}, ${run.phase}: ${run.reason}`)
      return
    }
    const { items } = await lake.list({ account: ACCOUNT, container: CONTAINER, path: '' }, { limit: PAGE })
    const { listed, matched, troubled, settling, refused, unfollowed } = run.counters
    const odd = troubled + settling + refused + unfollowed
    if (listed !== items.length || matched !== items.length || odd > 0)
      violation(`has counted ${JSON.stringify(run.counters)} of ${items.length} files`)
  }

  /** What is said to be missing, archived or foreign must be so: nobody deletes, and only strangers archive. */
  async function checkFindings({ archived }: Deeds): Promise<void> {
    const { items: runs } = await stores.runStore.list('run', '', { limit: PAGE })
    for (const { id } of runs) {
      const { items } = await stores.runStore.list('finding', id, { limit: PAGE })
      for (const { document } of items) {
        const { asset, workspace, version, kind, detail } = document
        const isTrue =
          kind === 'unanswered' || (kind === 'archived' && archived.has(`${workspace}/${asset}/${version}`))
        trace.count(`re-sync findings: ${kind}`)
        if (!isTrue)
          report({
            invariant: 'explained',
            detail: `${asset} ${version} in ${workspace} is called ${kind}: ${detail}`,
          })
      }
    }
    for (const { document } of runs) trace.count(`re-sync runs ${document.state}`)
  }

  return {
    /** Lists in small pages, so that there is something between them. */
    lake: {
      ...lake,
      listFlat: (place, page) => lake.listFlat(place, { ...page, limit: BLOBS_PER_PAGE }),
    } as Lake,
    /** For one process. */
    ports: (caller: Parameters<typeof gated>[0]) => gated(caller, stores),
    plan,
    heal: faults.stop,
    runToItsEnd,
    checkFindings,
    /** How many are under way. */
    open: async () => (await stores.runStore.read('register', '', 'runs'))?.document.open.length ?? 0,
  }
}
