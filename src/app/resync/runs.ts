import { hash } from 'node:crypto'
import { groundOfRegistration, type Registration } from '../../core/register/request.ts'
import { groundOf, NO_FILTER, problemOf, type RunFilter, rulesConcerned } from '../../core/resync/filter.ts'
import { planPlaces } from '../../core/resync/parts.ts'
import { hasEnded, type Run, sumCounters } from '../../core/resync/run.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import { DAY, MINUTE } from '../../core/time.ts'
import type { Clock, Page, PageRequest } from '../ports.ts'
import type { AnnounceRun } from './control.ts'
import type { Finding, Register, RunRequest, RunStore } from './ports.ts'
import type { RunDocuments } from './run-documents.ts'
import { type RunView, toView } from './run-view.ts'

/** Runs over different grounds that may be under way at once. */
export const MAX_RUNS = 4
/** The same of those that register what requests name, which are small as a rule. */
export const MAX_REGISTER_RUNS = 64
/** So long the same idempotency key leads to the same run. */
export const KEY_HOLDS_MS = DAY
/** The timers of several processes go off within this time, and mean one run. */
const SAME_TURN_MS = MINUTE / 2

export interface StartRequest {
  filter: Partial<RunFilter>
  /** Who asks: shown, and what idempotency keys are told apart by. */
  by: string
  idempotencyKey?: string | undefined
  /** Of a run that registers what a request names; the filter then says no more than whether it is a dry run. */
  registration?: Registration | undefined
  /** The schedule asks. `succeededAt`: when the last of its runs before this one went well, as far as is known. */
  schedule?: { succeededAt: number | undefined } | undefined
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
  async function start(asked: StartRequest): Promise<StartAnswer> {
    const { filter: wanted, by, idempotencyKey, registration } = asked
    const filter: RunFilter = { ...NO_FILTER, ...wanted }
    const problem = registration === undefined ? problemWith(filter) : undefined
    if (problem !== undefined) return { kind: 'refused', why: 'nothing', reason: problem }
    const ground =
      registration === undefined
        ? groundOf(filter, rules().rules)
        : groundOfRegistration(registration, filter.dryRun)
    const request: RunRequest = {
      id: idOf(clock.now(), newId()),
      ...(registration === undefined ? {} : { kind: 'register' }),
      filter,
      ground,
      by,
      createdAt: clock.now(),
    }
    const claimed = idempotencyKey === undefined ? request.id : await claimKey(request, idempotencyKey)
    if (claimed === undefined) {
      return { kind: 'refused', why: 'key', reason: 'the idempotency key was used for another request' }
    }
    const earlier = claimed === request.id ? undefined : await get(claimed)
    if (earlier !== undefined) return { kind: 'repeated', run: earlier }
    return open({ ...request, id: claimed }, idempotencyKey, asked)
  }

  function problemWith(filter: RunFilter): string | undefined {
    const active = rules().rules
    const { prefix = '', verify } = filter
    const problem = problemOf(filter, active)
    if (problem !== undefined || verify) return problem
    const places = planPlaces(rulesConcerned(filter, active), prefix, active)
    return places.length > 0 ? undefined : `no rule wants files whose paths begin with ${prefix}`
  }

  async function open(
    asked: RunRequest,
    key: string | undefined,
    { registration, schedule }: Pick<StartRequest, 'registration' | 'schedule'>,
  ): Promise<StartAnswer> {
    await strikeEnded()
    const request = registration === undefined ? asked : { ...asked, ground: await freshGround(asked) }
    if (registration !== undefined) {
      // What was written first stays: the run may have begun with it.
      await store.write('registration', request.id, 'request', undefined, registration)
    }
    const { open, scheduled } = await documents.changeRegister(register => {
      const there = register.open.find(({ ground }) => ground === request.ground)
      if (schedule !== undefined) return scheduledIn(register, there, request, schedule)
      if (there !== undefined || isFull(register.open, request)) return undefined
      return { ...register, open: [...register.open, request] }
    })
    const entry = open.find(({ ground }) => ground === request.ground)
    if (entry === undefined && schedule !== undefined) {
      const run = scheduled === undefined ? undefined : await get(scheduled)
      if (run !== undefined) return { kind: 'joined', run }
    }
    if (registration !== undefined && entry?.id !== request.id) {
      await store.remove('registration', request.id, ['request'])
    }
    if (entry === undefined) {
      const count = open.filter(({ kind }) => kind === request.kind).length
      const reason = `${count} runs of this kind are under way, as many as may be; wait for one to end`
      return { kind: 'refused', why: 'busy', reason }
    }
    // The register says so already: whoever finds it without a run makes the run.
    const run = (await documents.readRun(entry.id))?.document ?? (await documents.createRun(entry))
    if (key !== undefined && entry.id !== request.id) await rememberKey(asked, key, entry.id)
    if (run.state === 'queued') await announce(run.id, undefined, 0)
    const view = (await get(run.id)) ?? toView(run, run.counters, [], clock.now())
    return { kind: entry.id === request.id ? 'started' : 'joined', run: view }
  }

  /**
   * The ground of a request to register. A run that lists already may be past what the caller has written just now:
   * such a one is not joined, another begins beside it.
   */
  async function freshGround({ ground }: RunRequest): Promise<string> {
    const { open } = await documents.readRegister()
    for (let count = 0; count < open.length; count += 1) {
      const candidate = count === 0 ? ground : `${ground}.${count}`
      const entry = open.find(it => it.ground === candidate)
      const run = entry && (await documents.readRun(entry.id))?.document
      if (run === undefined || run.state === 'queued') return candidate
    }
    return open.length === 0 ? ground : `${ground}.${open.length}`
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

/**
 * The register with a run of the schedule: also where as many are under way as may be, as it is what heals lost
 * events. Undefined: the same turn of the schedule has begun one already, in another process.
 */
function scheduledIn(
  register: Register,
  there: RunRequest | undefined,
  request: RunRequest,
  { succeededAt }: NonNullable<StartRequest['schedule']>,
): Register | undefined {
  const { open, scheduledAt = 0 } = register
  if (request.createdAt - scheduledAt < SAME_TURN_MS) return undefined
  const started = there ?? request
  return {
    open: there === undefined ? [...open, request] : open,
    scheduled: started.id,
    scheduledAt: request.createdAt,
    succeededAt,
  }
}

function isFull(open: readonly RunRequest[], { kind }: RunRequest): boolean {
  const most = kind === 'register' ? MAX_REGISTER_RUNS : MAX_RUNS
  return open.filter(it => it.kind === kind).length >= most
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
