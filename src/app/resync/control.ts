import { rulesConcerned } from '../../core/resync/filter.ts'
import { planPlaces } from '../../core/resync/parts.ts'
import {
  hasEnded,
  isPartOver,
  newPart,
  type Part,
  type PartKind,
  type Run,
  type RunPhase,
  sumCounters,
} from '../../core/resync/run.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import type { Clock, Counters, Log, WorkQueue } from '../ports.ts'
import type { RunStore, Stored } from './ports.ts'
import type { RegisterRuns } from './register-runs.ts'
import type { RunDocuments } from './run-documents.ts'

/** Parts of one run that are worked on at a time. */
export const PARTS_AT_ONCE = 8
const ID_DIGITS = 4

/** Says that there is something to be done for a run: for one of its parts, or for the run as a whole. */
export type AnnounceRun = (run: string, part: string | undefined, delayMs: number) => Promise<void>

export function createRunAnnouncer({ queue }: { queue: WorkQueue }): AnnounceRun {
  return (run, part, delayMs) => queue.enqueue([{ message: { kind: 'run', run, part }, delayMs }])
}

interface Dependencies {
  store: RunStore
  documents: RunDocuments
  announce: AnnounceRun
  registering: Pick<RegisterRuns, 'places'>
  rules: () => { rules: RuleSet }
  clock: Clock
  counters: Counters
  log: Log
}

/**
 * Looks at a run as a whole: plans it, opens its parts, leads it from phase to phase and ends it. May run twice, late,
 * or in two places at once.
 */
export function createControl(dependencies: Dependencies) {
  const { store, documents, announce, registering, rules, clock, log } = dependencies

  return async function control(id: string): Promise<void> {
    const run = (await documents.readRun(id))?.document ?? (await createFromRegister(id))
    if (run === undefined) return
    if (hasEnded(run)) return documents.strike(id)
    const begun = run.state === 'queued' ? await begin(run) : run
    if (begun === undefined || hasEnded(begun)) return
    const parts = await documents.readParts(id)
    const its = parts.filter(({ document }) => document.kind === begun.phase)
    if (its.every(({ document }) => isPartOver(document))) return goOn(begun, parts)
    await openSome(id, its)
  }

  async function createFromRegister(id: string): Promise<Run | undefined> {
    const request = (await documents.readRegister()).open.find(it => it.id === id)
    return request && documents.createRun(request)
  }

  async function begin(run: Run): Promise<Run | undefined> {
    for (const [index, place] of (await placesOf(run)).entries()) {
      const id = String(index + 1).padStart(ID_DIGITS, '0')
      await documents.createPart(run.id, newPart(id, 'listing', 'waiting', place, clock.now()))
    }
    log.info('re-sync run begins', { run: run.id, by: run.by })
    return documents.changeRun(run.id, it =>
      it.state === 'queued' ? { ...it, state: 'running', startedAt: clock.now() } : undefined,
    )
  }

  /** Decided once: another process may have other rules when it goes on. */
  async function placesOf(run: Run) {
    const { id, kind, filter, expected } = run
    const active = rules().rules
    const places =
      kind === 'register'
        ? await registering.places(run)
        : planPlaces(rulesConcerned(filter, active), filter.prefix ?? '', active, expected)
    await store.write('plan', id, 'places', undefined, { places })
    return (await store.read('plan', id, 'places'))?.document.places ?? places
  }

  async function openSome(run: string, parts: readonly Stored<Part>[]): Promise<void> {
    const open = parts.filter(({ document }) => document.state === 'open').length
    const waiting = parts.filter(({ document }) => document.state === 'waiting')
    for (const { id, etag, document } of waiting.slice(0, Math.max(0, PARTS_AT_ONCE - open))) {
      const next: Part = { ...document, state: 'open', progressAt: clock.now() }
      // Somebody else has opened it, and announces it.
      if ((await store.write('part', run, id, etag, next)) === 'conflict') continue
      await announce(run, id, 0)
    }
  }

  /** A phase is over: the next one has a single part, or there is none. */
  async function goOn(run: Run, parts: readonly Stored<Part>[]): Promise<void> {
    const next = await phaseAfter(run)
    if (next === 'done') return end(run, parts)
    const kind: PartKind = next
    await documents.createPart(run.id, newPart(kind, kind, 'open', undefined, clock.now()))
    const counters = sumCounters(parts.map(({ document }) => document.counters))
    const changed = await documents.changeRun(run.id, it =>
      hasEnded(it) || it.phase !== run.phase
        ? undefined
        : { ...it, phase: next, counters, listedAt: it.listedAt ?? clock.now() },
    )
    if (changed?.phase === next && !hasEnded(changed)) await announce(run.id, kind, 0)
  }

  async function phaseAfter({ id, phase, filter }: Run): Promise<Exclude<RunPhase, 'listing'>> {
    if (phase === 'listing' && filter.verify) return 'verifying'
    if (phase === 'delivering' || filter.dryRun) return 'done'
    const { items } = await store.list('asset', id, { limit: 1 })
    return items.length > 0 ? 'delivering' : 'done'
  }

  async function end(run: Run, parts: readonly Stored<Part>[]): Promise<void> {
    const counters = sumCounters(parts.map(({ document }) => document.counters))
    const failed = parts.map(({ document }) => document).filter(({ state }) => state === 'failed')
    let isEndedHere = false
    const ended = await documents.changeRun(run.id, it => {
      isEndedHere = !hasEnded(it)
      if (!isEndedHere) return undefined
      return {
        ...it,
        state: failed.length > 0 ? 'failed' : 'done',
        phase: 'done',
        endedAt: clock.now(),
        listedAt: it.listedAt ?? clock.now(),
        counters,
        reason: failed[0]?.reason,
      }
    })
    if (ended?.state === 'done' && run.filter.since === undefined) {
      await store.put('ground', '', [
        { id: run.ground, document: { listed: counters.listed, at: clock.now() } },
      ])
    }
    // Several steps may come here: it ends once.
    if (isEndedHere && ended !== undefined) {
      dependencies.counters.add(`runs:${ended.state}`)
      log.info('re-sync run ended', { run: run.id, state: ended.state, ...counters })
    }
    await documents.strike(run.id)
  }
}
