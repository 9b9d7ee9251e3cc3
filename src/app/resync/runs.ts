import { hash } from 'node:crypto'
import { groundOf, NO_FILTER, problemOf, type RunFilter, rulesConcerned } from '../../core/resync/filter.ts'
import { hasEnded, type Run, sumCounters } from '../../core/resync/run.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import { DAY } from '../../core/time.ts'
import type { Clock, Page, PageRequest } from '../ports.ts'
import type { AnnounceRun } from './control.ts'
import type { Finding, RunRequest, RunStore } from './ports.ts'
import type { RunDocuments } from './run-documents.ts'
import { type RunView, toView } from './run-view.ts'

/** Runs over different grounds that may be under way at once. */
export const MAX_RUNS = 4
/** So long the same idempotency key leads to the same run. */
export const KEY_HOLDS_MS = DAY

export interface StartRequest {
  filter: Partial<RunFilter>
  /** Who asks: shown, and what idempotency keys are told apart by. */
  by: string
  idempotencyKey?: string | undefined
}

export type StartAnswer =
  /** 'joined': a run over the same ground was under way. 'repeated': the key was used for this run before. */
  | { kind: 'started' | 'joined' | 'repeated'; run: RunView }
  /** 'nothing': no rule does what is asked for; 'busy': as many runs as may be are under way; 'key': used otherwise. */
  | { kind: 'refused'; why: 'nothing' | 'busy' | 'key'; reason: string }

interface Dependencies {
  store: RunStore
  documents: RunDocuments
  announce: AnnounceRun
  rules: () => { rules: RuleSet }
  clock: Clock
  /** Differs every time. */
  newId: () => string
}

/** What people and programs do with runs. All reject with TransientError where the store does not answer. */
export function createRuns({ store, documents, announce, rules, clock, newId }: Dependencies) {
  async function start({ filter: wanted, by, idempotencyKey }: StartRequest): Promise<StartAnswer> {
    const filter: RunFilter = { ...NO_FILTER, ...wanted }
    const problem = problemOf(filter, rules().rules)
    if (problem !== undefined) return { kind: 'refused', why: 'nothing', reason: problem }
    const request = {
      id: idOf(clock.now(), newId()),
      filter,
      ground: groundOf(filter),
      by,
      createdAt: clock.now(),
    }
    const claimed = idempotencyKey === undefined ? request.id : await claimKey(request, idempotencyKey)
    if (claimed === undefined) {
      return { kind: 'refused', why: 'key', reason: 'the idempotency key was used for another request' }
    }
    const earlier = claimed === request.id ? undefined : await get(claimed)
    if (earlier !== undefined) return { kind: 'repeated', run: earlier }
    return open({ ...request, id: claimed }, idempotencyKey)
  }

  async function open(request: RunRequest, key: string | undefined): Promise<StartAnswer> {
    await strikeEnded()
    const { open } = await documents.changeRegister(register => {
      const isThere = register.open.some(({ ground }) => ground === request.ground)
      if (isThere || register.open.length >= MAX_RUNS) return undefined
      return { ...register, open: [...register.open, request] }
    })
    const entry = open.find(({ ground }) => ground === request.ground)
    if (entry === undefined) {
      const reason = `${open.length} re-sync runs are under way, as many as may be; wait for one to end`
      return { kind: 'refused', why: 'busy', reason }
    }
    // The register says so already: whoever finds it without a run makes the run.
    const run = (await documents.readRun(entry.id))?.document ?? (await documents.createRun(entry))
    if (key !== undefined && entry.id !== request.id) await rememberKey(request, key, entry.id)
    if (run.state === 'queued') await announce(run.id, undefined, 0)
    const view = (await get(run.id)) ?? toView(run, run.counters, [], clock.now())
    return { kind: entry.id === request.id ? 'started' : 'joined', run: view }
  }

  /** A run that has ended, and whose end was cut short, is not in anybody's way. */
  async function strikeEnded(): Promise<void> {
    for (const { id } of (await documents.readRegister()).open) {
      const run = await documents.readRun(id)
      if (run !== undefined && hasEnded(run.document)) await documents.strike(id)
    }
  }

  /** The run that the key stands for; undefined: it was used for something else. */
  async function claimKey(request: RunRequest, key: string): Promise<string | undefined> {
    const id = keyIdOf(request, key)
    const found = await store.read('key', '', id)
    const isFresh = found !== undefined && clock.now() - found.document.at < KEY_HOLDS_MS
    if (isFresh) return found.document.ground === request.ground ? found.document.run : undefined
    const { ground } = request
    const document = { run: request.id, ground, at: clock.now() }
    const written = await store.write('key', '', id, found?.etag, document)
    if (written !== 'conflict') return request.id
    const other = await store.read('key', '', id)
    return other === undefined || other.document.ground === ground
      ? (other?.document.run ?? request.id)
      : undefined
  }

  async function rememberKey(request: RunRequest, key: string, run: string): Promise<void> {
    const document = { run, ground: request.ground, at: clock.now() }
    await store.put('key', '', [{ id: keyIdOf(request, key), document }])
  }

  /** Newest first. */
  async function list(page: PageRequest): Promise<Page<RunView>> {
    const { items, continuation } = await store.list('run', '', page)
    const views: RunView[] = []
    // Few of them have not ended, and only those need more than their own row.
    for (const { document } of items) views.push(await view(document))
    return { items: views, continuation }
  }

  async function get(id: string): Promise<RunView | undefined> {
    if (!isRunId(id)) return undefined
    const run = await documents.readRun(id)
    return run && view(run.document)
  }

  async function view(run: Run): Promise<RunView> {
    const parts = run.state === 'queued' ? [] : (await documents.readParts(run.id)).map(it => it.document)
    const counters = hasEnded(run) ? run.counters : sumCounters(parts.map(part => part.counters))
    return toView(run, counters, parts, clock.now())
  }

  /** What parts are doing comes to its end within seconds, and what was taken in stays. Undefined: no such run. */
  async function cancel(id: string, by: string): Promise<{ cancelled: boolean; run: RunView } | undefined> {
    if (!isRunId(id)) return undefined
    const parts = (await documents.readParts(id)).map(({ document }) => document)
    let cancelled = false
    const run = await documents.changeRun(id, it => {
      cancelled = !hasEnded(it)
      if (!cancelled) return undefined
      const counters = sumCounters(parts.map(part => part.counters))
      const reason = `cancelled by ${by}`
      return { ...it, state: 'cancelled', endedAt: clock.now(), counters, reason }
    })
    if (run === undefined) return undefined
    await documents.strike(id)
    return { cancelled, run: toView(run, run.counters, parts, clock.now()) }
  }

  /** What a run with `verify` has found, by asset. Undefined: no such run. */
  async function findings(id: string, page: PageRequest): Promise<Page<Finding> | undefined> {
    if (!isRunId(id) || (await documents.readRun(id)) === undefined) return undefined
    const { items, continuation } = await store.list('finding', id, page)
    return { items: items.map(({ document }) => document), continuation }
  }

  /** The names of the rules whose data a run of this filter touches: who starts it must be allowed to do so for each. */
  function rulesTouched(filter: Partial<RunFilter>): string[] {
    return rulesConcerned({ ...NO_FILTER, ...filter }, rules().rules).map(({ name }) => name)
  }

  return { start, list, get, cancel, findings, rulesTouched }
}

const ID_DIGITS = 14
/** Enough for two runs of the same millisecond. */
const DISTINCTION = 12
const LATEST = 10 ** ID_DIGITS - 1

/** Sorts newest first. */
function idOf(now: number, distinction: string): string {
  return `${String(LATEST - now).padStart(ID_DIGITS, '0')}-${distinction.replaceAll('-', '').slice(0, DISTINCTION)}`
}

function isRunId(text: string): boolean {
  return /^[0-9]{14}-[0-9A-Za-z]{1,12}$/.test(text)
}

function keyIdOf({ by }: RunRequest, key: string): string {
  return hash('sha256', JSON.stringify([by, key]), 'base64url')
}
