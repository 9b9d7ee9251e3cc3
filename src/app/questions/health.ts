import { reasonOf } from '../../core/errors.ts'
import type { RunState } from '../../core/resync/run.ts'
import type { MatchingRules } from '../intake/intake.ts'
import type { Counters } from '../ports.ts'
import type { ScheduledRuns } from '../resync/resync.ts'
import type { RulesKeeper } from '../rules/rules-keeper.ts'
import { toIso } from './asset-views.ts'

/**
 * What the service needs and how it is. Of what it depends on: `ready`, or why it is not. Nothing that costs a request
 * to Azure ML or Key Vault is asked: trouble with these shows in deliveries, in `rulesSource` and in `datastores`.
 * Times are ISO 8601 in UTC.
 */
export interface Health {
  /** `unready`: storage that the app cannot do without does not answer. */
  status: 'ready' | 'unready'
  version: string
  ledger: string
  agenda: string
  runs: string
  workQueue: string
  blobs: string
  /** Why the newest commit is not in force: the rules before it go on. */
  rules: string
  /** What the last look at it met: the rules in force go on. */
  rulesSource: string
  /** Which datastores could not be given their credentials: what needs these waits, or fails. */
  datastores: string
  rulesCount: number | null
  rulesCommit: string | null
  rulesSince: string | null
  /** The last run that the schedule started. */
  lastResync: ScheduledResult | null
  /** When the last one that went well ended. */
  lastResyncSuccessAt: string | null
  /** What was counted in this process since its start. */
  counts: Record<string, number>
}

export interface ScheduledResult {
  id: string
  state: RunState
  startedAt: string | null
  endedAt: string | null
  listed: number
  new: number
  registered: number
  failed: number
  reason: string | null
}

/** Asks what the app needs of its storage account, as cheaply as may be. Each rejects where it does not answer. */
export type Probes = Readonly<Record<'ledger' | 'agenda' | 'workQueue' | 'blobs', () => Promise<void>>>

export interface DatastoreTrouble {
  workspace: string
  /** `account/container` */
  container: string
  reason: string
  /** Milliseconds since 1970. */
  since: number
}

interface Dependencies {
  probes: Probes
  lastScheduled: () => Promise<ScheduledRuns>
  keeper: Pick<RulesKeeper, 'state' | 'trouble'>
  rules: () => MatchingRules
  /** Of datastores with a credential, as the last look at each of them found it. */
  datastoreTroubles: () => Promise<readonly DatastoreTrouble[]>
  counters: Counters
  /** Rejects where it takes too long. */
  inTime: <T>(work: Promise<T>) => Promise<T>
  version: string
}

const READY = 'ready'
/** Datastores that are named; of the others it is said how many there are. */
const DATASTORES_NAMED = 3
const UNKNOWN_RULES = { rulesCount: null, rulesCommit: null, rulesSince: null }

/** Never rejects: what is in the way is the answer. All is asked at once, and nothing is waited for long. */
export function createHealth({
  probes,
  lastScheduled,
  datastoreTroubles,
  inTime,
  version,
  ...known
}: Dependencies) {
  return async function health(): Promise<Health> {
    const [ledger, agenda, workQueue, blobs, scheduled, datastores] = await Promise.all([
      ask(probes.ledger),
      ask(probes.agenda),
      ask(probes.workQueue),
      ask(probes.blobs),
      inTime(lastScheduled()).catch(reasonOf),
      inTime(datastoreTroubles()).then(describeTroubles, reasonOf),
    ])
    const runs = typeof scheduled === 'string' ? scheduled : READY
    const storage = { ledger, agenda, runs, workQueue, blobs }
    return {
      status: Object.values(storage).every(answer => answer === READY) ? 'ready' : 'unready',
      version,
      ...storage,
      ...describeRules(known),
      datastores,
      ...describeRuns(scheduled),
      counts: known.counters.all(),
    }
  }

  async function ask(probe: () => Promise<void>): Promise<string> {
    try {
      await inTime(probe())
      return READY
    } catch (error) {
      return reasonOf(error)
    }
  }
}

/** What is answered while the service could not even be opened. */
export function unopened(reason: string, version: string): Health {
  const all = { ledger: reason, agenda: reason, runs: reason, workQueue: reason, blobs: reason }
  const rules = { rules: reason, rulesSource: reason, datastores: reason, ...UNKNOWN_RULES }
  return { status: 'unready', version, ...all, ...rules, ...describeRuns(undefined), counts: {} }
}

function describeRules({ keeper, rules }: Pick<Dependencies, 'keeper' | 'rules'>) {
  const { active, candidate } = keeper.state()
  const trouble = keeper.trouble()
  const { rules: inForce, commit } = rules()
  return {
    rules: candidate === undefined ? READY : refusalOf(candidate, commit !== undefined),
    rulesSource: trouble === undefined ? READY : `${trouble.reason} (at ${toIso(trouble.at)})`,
    rulesCount: inForce.rules.length,
    rulesCommit: commit ?? null,
    rulesSince: active === undefined ? null : toIso(active.since),
  }
}

function describeTroubles(troubles: readonly DatastoreTrouble[]): string {
  if (troubles.length === 0) return READY
  const named = troubles
    .slice(0, DATASTORES_NAMED)
    .map(
      ({ workspace, container, reason, since }) =>
        `${container} in ${workspace}: ${reason} (since ${toIso(since)})`,
    )
  const more = troubles.length - named.length
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

/** Rules that have no commit lie in a folder, of which `commit` is a digest that tells nobody anything. */
function refusalOf({ commit, problems }: { commit: string; problems: string[] }, isCommit: boolean): string {
  const more = problems.length > 1 ? ` and ${problems.length - 1} more` : ''
  const refused = isCommit ? `commit ${commit} was refused` : 'newer rules were refused'
  return reasonOf(`${refused}: ${problems[0] ?? 'no problem is told'}${more}`)
}

function describeRuns(scheduled: ScheduledRuns | string | undefined) {
  const { run, succeededAt } = typeof scheduled === 'object' ? scheduled : {}
  return {
    lastResync: run === undefined ? null : describeRun(run),
    lastResyncSuccessAt: succeededAt === undefined ? null : toIso(succeededAt),
  }
}

function describeRun({ id, state, startedAt, endedAt, counters, reason }: NonNullable<ScheduledRuns['run']>) {
  const { listed, new: fresh, registered, failed } = counters
  return {
    id,
    state,
    startedAt: startedAt === undefined ? null : toIso(startedAt),
    endedAt: endedAt === undefined ? null : toIso(endedAt),
    listed,
    new: fresh,
    registered,
    failed,
    reason: reason ?? null,
  }
}
