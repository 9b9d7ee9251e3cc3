import { PermanentError } from '../../core/errors.ts'
import { faultsOf, outcomeOf, type TargetOutcome } from '../../core/register/outcome.ts'
import { originOf, type Target } from '../../core/register/request.ts'
import { indexedAs, lastUseOf } from '../../core/register/target-index.ts'
import { toTargetRules } from '../../core/register/target-rule.ts'
import { targetsOf } from '../../core/register/targets.ts'
import { SPLIT_INTO } from '../../core/resync/parts.ts'
import type { ListedPlace, Part, Run } from '../../core/resync/run.ts'
import { SECOND } from '../../core/time.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { Intake, MatchingRules } from '../intake/intake.ts'
import type { Clock, Lake, Ledger, Log } from '../ports.ts'
import { createComparison } from '../resync/compare.ts'
import type { createFollowing } from '../resync/follow.ts'
import type { ListingIndex, RunStore } from '../resync/ports.ts'
import type { RegisterRuns } from '../resync/register-runs.ts'
import type { RunDocuments } from '../resync/run-documents.ts'
import { createScan } from '../resync/scan.ts'
import { ComeAgain, type Session } from '../resync/session.ts'
import type { createCompletion } from './complete.ts'
import { newestVersionOf } from './versions.ts'

const ASSETS_AT_ONCE = 16
const REFUSALS_LOOKED_AT = 100
const FIRST_LOOK_MS = SECOND

interface Dependencies {
  store: RunStore
  index: ListingIndex
  documents: RunDocuments
  ledger: Ledger
  lake: Lake
  /** Takes in what these rules, and not those in force, make of files. */
  intakeOver: (rules: () => MatchingRules) => Intake
  following: ReturnType<typeof createFollowing>
  complete: ReturnType<typeof createCompletion>
  rules: () => MatchingRules
  clock: Clock
  log: Log
}

/** Runs that register what a request names, each target as if it were a rule of its own. */
export function createRegisterRuns(dependencies: Dependencies): RegisterRuns {
  const { store, index, documents, ledger, intakeOver, following, complete, rules, clock } = dependencies

  async function targetsOfRun({ id }: Run): Promise<Target[]> {
    const found = await store.read('registration', id, 'request')
    if (found === undefined) throw new PermanentError(`what run ${id} was asked to register is not there`)
    return targetsOf(found.document)
  }

  async function places(run: Run): Promise<ListedPlace[]> {
    const targets = await targetsOfRun(run)
    // Followed whether something of them is new or not: what was asked for must be there in the end.
    const entries = targets.map(({ asset }) => ({ id: asset, document: { decided: undefined } }))
    if (!run.filter.dryRun) await store.put('asset', run.id, entries)
    const folders = targets.filter(({ type }) => type === 'uri_folder').length
    const splits = Math.max(1, Math.floor(SPLIT_INTO / Math.max(1, folders)))
    return targets.map(({ index, datastore: { account, container, kind }, type, prefix }) => ({
      account,
      container,
      prefix,
      splits: type === 'uri_file' ? 1 : splits,
      order: kind === 'azure_data_lake_gen2' ? 'hierarchical' : 'flat',
      target: index,
    }))
  }

  async function scan(session: Session, place: ListedPlace): Promise<'done' | 'more'> {
    const target = (await targetsOfRun(session.run)).find(({ index }) => index === place.target)
    if (target === undefined) throw new Error(`part ${session.part().id} is of no target`)
    const { rules: inForce } = rules()
    const listed = toTargetRules(target, inForce, false)
    const recorded = toTargetRules(target, inForce, true)
    const compare = createComparison({ ...dependencies, intake: intakeOver(() => recorded) })
    return createScan({
      ...dependencies,
      index: indexOf(target),
      rules: () => listed,
      compare,
      extendTo: async () => new Set(),
    })(session, place)
  }

  /** What was registered before need not be asked for; that is kept apart from what rules make of these files. */
  function indexOf(target: Target): Pick<ListingIndex, 'read' | 'change'> {
    const container = indexedAs(target)
    return {
      read: (place, from, page) => index.read({ ...place, container }, from, page),
      change: (place, put, remove) => index.change({ ...place, container }, put, remove),
    }
  }

  async function deliver(session: Session): Promise<void> {
    const { run } = session
    const targets = await targetsOfRun(run)
    const parts = (await documents.readParts(run.id)).map(({ document }) => document)
    if (session.part().checkpoint.since === undefined) await completeAll(run, targets, parts)
    await follow(session)
    const outcomes = targets.map(target => outcomeOf(target, parts, undefined))
    await forEachAtMost(ASSETS_AT_ONCE, targets, async target => {
      outcomes[target.index] = outcomeOf(target, parts, await newestVersionOf(ledger, target))
    })
    const faults = faultsOf(outcomes, await refusalsOf(run, outcomes))
    if (faults !== undefined) throw new PermanentError(faults)
  }

  /** By dataset. Each row is one file's, and one reason is enough. */
  async function refusalsOf(run: Run, outcomes: readonly TargetOutcome[]): Promise<Map<string, string>> {
    const refused = new Set(outcomes.filter(it => it.counters.refused > 0).map(it => it.target.dataset))
    const reasons = new Map<string, string>()
    for (const dataset of refused) {
      const { items } = await ledger.listRefusals({ limit: REFUSALS_LOOKED_AT }, originOf(dataset))
      const reason = items.find(({ at }) => at >= (run.startedAt ?? 0))?.reason
      if (reason !== undefined) reasons.set(dataset, reason)
    }
    return reasons
  }

  /** Somebody waits for the answer: it is looked at more often than what re-sync brings about, at first. */
  async function follow(session: Session): Promise<void> {
    try {
      await following.follow(session)
    } catch (error) {
      if (!(error instanceof ComeAgain)) throw error
      const waited = clock.now() - (session.part().checkpoint.since ?? clock.now())
      throw new ComeAgain(error.message, Math.min(error.delayMs, Math.max(FIRST_LOOK_MS, waited)))
    }
  }

  async function completeAll(run: Run, targets: readonly Target[], parts: readonly Part[]): Promise<void> {
    await forEachAtMost(ASSETS_AT_ONCE, targets, async target => {
      const { isListed, counters } = outcomeOf(target, parts, undefined)
      if (isListed && counters.matched > 0) {
        await complete(target)
        const id = lastUseOf(target.datastore.account, indexedAs(target))
        const document = { listed: counters.listed, at: clock.now() }
        await store.put('ground', '', [{ id, document }])
        return
      }
      // Half a folder waits for the next request, which registers it as a whole; nobody need wait for that here.
      const decided = { registered: 0, failed: 0 }
      await store.put('asset', run.id, [{ id: target.asset, document: { decided } }])
    })
  }

  return { places, scan, deliver }
}
