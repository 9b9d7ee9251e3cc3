import { PermanentError, reasonOf, TransientError } from '../core/errors.ts'
import { createMatcher } from '../core/matching.ts'
import { type Place, planBackfill } from '../core/rules/backfill.ts'
import { parseRules } from '../core/rules/parse-rules.ts'
import { formatProblem } from '../core/rules/problem.ts'
import type { RuleSet } from '../core/rules/rule-set.ts'
import { SECOND } from '../core/time.ts'
import type { Announcer } from './announcer.ts'
import type { MatchingRules } from './intake.ts'
import type { Clock, Log, RuleFile, RulesSource, RulesState, RulesStore } from './ports.ts'

/** How long a process goes on with the rules that it knows before it looks whether there are others. */
const LOOK_AGAIN_MS = 5 * SECOND
const MAX_CONFLICTS = 20
const MAX_PROBLEMS_KEPT = 50

interface Dependencies {
  source: RulesSource
  store: RulesStore
  announcer: Announcer
  clock: Clock
  log: Log
  /** The commit that versions carry; undefined: not known. */
  commitOf: (commit: string | undefined) => string | undefined
  /** Told whenever other rules are in force in this process. */
  onActive: (rules: RuleSet) => void
}

export interface RulesKeeper {
  /** The rules in force, as far as this process knows. */
  current(): MatchingRules
  /** Sees to it that what `current` answers is at most some seconds old. Trouble is logged: the old rules go on. */
  keepUp(): Promise<void>
  /** Asks the source for a newer commit; a good one becomes active in every process, a bad one is remembered as such. */
  refresh(): Promise<void>
  state(): RulesState
  /** What the last look at the source met; undefined: no trouble. */
  trouble(): { reason: string; at: number } | undefined
}

/** The rules have problems: each line of the message is one, as `file:line:col  what`. */
export class RulesError extends Error {
  override readonly name = 'RulesError'
}

/**
 * Opens the rules of a source that all processes share. What is active stands in the store: one document, changed
 * by compare-and-swap, read by every process every few seconds; so a commit becomes active everywhere once one
 * process has seen it, and a restart while the source is down goes on with the last good rules.
 * Rejects with RulesError where there are no good rules at all.
 */
export async function openRulesKeeper(dependencies: Dependencies): Promise<RulesKeeper> {
  const { source, store, announcer, clock, log, commitOf, onActive } = dependencies
  let known: { etag: string; state: RulesState } | undefined
  let active: MatchingRules | undefined
  let lookedAt = 0
  let looking: Promise<void> | undefined
  let trouble: { reason: string; at: number } | undefined

  await look()
  if (active === undefined) await refresh()
  else
    await refresh().catch(error => log.warn('the rules could not be refreshed', { reason: reasonOf(error) }))
  if (active === undefined) throw new RulesError(problemsIn(known?.state) ?? 'there are no rules')
  return {
    current: () => active as MatchingRules,
    keepUp,
    refresh,
    state: () => stateOf(known),
    trouble: () => trouble,
  }

  async function keepUp(): Promise<void> {
    if (clock.now() - lookedAt < LOOK_AGAIN_MS) return
    looking ??= look()
      .catch(error => log.warn('the rules in force could not be read', { reason: reasonOf(error) }))
      .finally(() => {
        looking = undefined
      })
    await looking
  }

  /** Takes over what the store holds, where it has changed. */
  async function look(): Promise<void> {
    const found = await store.read(known?.etag)
    lookedAt = clock.now()
    if (found === 'unchanged' || found === undefined) return
    const { active: stored } = found.state
    const isNew = stored !== undefined && stored.since !== known?.state.active?.since
    known = found
    if (isNew) {
      const rules = parseGood(stored.files)
      active = { rules, commit: commitOf(stored.commit), ...createMatcher(rules) }
      onActive(rules)
      log.info('rules are in force', { commit: stored.commit })
    }
  }

  async function refresh(): Promise<void> {
    try {
      await takeLatest(await source.latestCommit())
      trouble = undefined
    } catch (error) {
      trouble = { reason: reasonOf(error), at: clock.now() }
      throw error
    }
  }

  async function takeLatest(latest: string): Promise<void> {
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      await look()
      const state = stateOf(known)
      const isSeen = latest === (state.candidate?.commit ?? state.active?.commit)
      if (isSeen) return announceBackfill()
      const next = await planNext(state, latest)
      const written = await store.write(known?.etag, next)
      if (written === 'conflict') continue
      for (const problem of next.candidate?.problems ?? []) log.error('rules refused', { problem })
      await look()
      return announceBackfill()
    }
    throw new TransientError('the rules in force are changed by too many at once')
  }

  /** A commit that cannot be read for good (its folder is missing, say) is refused like one with problems. */
  async function planNext(state: RulesState, latest: string): Promise<RulesState> {
    try {
      return planState(state, await source.read(), clock.now())
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error
      return { ...state, candidate: { commit: latest, problems: [reasonOf(error)], seenAt: clock.now() } }
    }
  }

  /** Announced before it is struck off the state: whoever dies in between, another announces it again. */
  async function announceBackfill(): Promise<void> {
    const state = stateOf(known)
    if (state.backfill.length === 0) return
    for (const place of state.backfill) await announcer.backfill(place)
    await store.write(known?.etag, { ...state, backfill: [] })
    await look()
  }
}

/** What a commit makes of the state: active if it is good, a candidate with its problems if not. */
function planState(
  state: RulesState,
  { commit, files }: { commit: string; files: RuleFile[] },
  now: number,
): RulesState {
  const parsed = parseRules(files)
  const problems = parsed.ok ? [] : parsed.problems.map(formatProblem)
  if (files.length === 0) problems.push('no rule files; add one that ends in .yaml')
  if (!parsed.ok || problems.length > 0) {
    return { ...state, candidate: { commit, problems: problems.slice(0, MAX_PROBLEMS_KEPT), seenAt: now } }
  }
  const before = state.active === undefined ? undefined : parseGood(state.active.files)
  const fresh = before === undefined ? [] : planBackfill(before, parsed.rules)
  return {
    active: { commit, files, since: Math.max(now, (state.active?.since ?? 0) + 1) },
    candidate: undefined,
    backfill: merged(state.backfill, fresh),
  }
}

function merged(old: readonly Place[], fresh: readonly Place[]): Place[] {
  return [...new Map([...old, ...fresh].map(place => [JSON.stringify(place), place])).values()]
}

function stateOf(known: { state: RulesState } | undefined): RulesState {
  return known?.state ?? { active: undefined, candidate: undefined, backfill: [] }
}

/** Rules that were good once may not be any more, where a newer version of Lakemark refuses what an older one took. */
function parseGood(files: RuleFile[]): RuleSet {
  const parsed = parseRules(files)
  if (!parsed.ok)
    throw new PermanentError(`the rules in force are refused: ${parsed.problems.map(formatProblem)[0]}`)
  return parsed.rules
}

function problemsIn(state: RulesState | undefined): string | undefined {
  return state?.candidate?.problems.join('\n')
}
