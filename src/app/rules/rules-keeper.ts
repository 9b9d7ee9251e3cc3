import { type Cloud, PUBLIC_CLOUD } from '../../core/clouds.ts'
import { reasonOf, TransientError } from '../../core/errors.ts'
import { createMatcher } from '../../core/matching.ts'
import { mergePlaces, planBackfill } from '../../core/rules/backfill.ts'
import { parseRules } from '../../core/rules/parse-rules.ts'
import { formatProblem } from '../../core/rules/problem.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import { SECOND } from '../../core/time.ts'
import type { Announcer } from '../announcer.ts'
import type { MatchingRules } from '../intake/intake.ts'
import type { Clock, Log, RuleFile, RulesSource, RulesState, RulesStore } from '../ports.ts'

/** How long a process goes on with the rules that it knows before it looks whether there are others. */
const LOOK_AGAIN_MS = 5 * SECOND
const MAX_CONFLICTS = 20
const MAX_PROBLEMS_KEPT = 50

interface Dependencies {
  /** Whose addresses the rules may name; nothing said: public Azure. */
  cloud?: Cloud
  source: RulesSource
  store: RulesStore
  announcer: Announcer
  clock: Clock
  log: Log
  /** Whether the store's rules are this process's too: then it need not wait for the source where it has some. */
  isShared: boolean
  /** The commit that versions carry; undefined: not known. */
  commitOf: (commit: string) => string | undefined
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
  const { source, store, announcer, clock, log, isShared, commitOf, onActive } = dependencies
  const { cloud = PUBLIC_CLOUD } = dependencies
  let known: { etag: string; state: RulesState } | undefined
  let active: MatchingRules | undefined
  let lookedAt = 0
  let looking: Promise<void> | undefined
  let refreshing: Promise<void> | undefined
  let trouble: { reason: string; at: number } | undefined
  /** Commits that this process has refused itself: what another version of Lakemark refused is looked at anew. */
  const refused = new Set<string>()

  await look()
  if (active !== undefined && isShared) void refresh().catch(warn('the rules could not be refreshed'))
  else await refresh()
  if (active === undefined)
    throw new RulesError(stateOf(known).candidate?.problems.join('\n') ?? 'there are no rules')
  return {
    current: () => active as MatchingRules,
    keepUp,
    refresh,
    state: () => stateOf(known),
    trouble: () => trouble,
  }

  async function keepUp(): Promise<void> {
    if (clock.now() - lookedAt >= LOOK_AGAIN_MS)
      await look().catch(warn('the rules in force could not be read'))
  }

  function warn(message: string) {
    return (error: unknown) => log.warn(message, { reason: reasonOf(error) })
  }

  /** One at a time: none takes over what an earlier one has read. */
  function look(): Promise<void> {
    looking ??= takeOver().finally(() => {
      looking = undefined
    })
    return looking
  }

  /** Takes over what the store holds, where it has changed. */
  async function takeOver(): Promise<void> {
    lookedAt = clock.now()
    const found = await store.read(known?.etag)
    if (found === 'unchanged' || found === undefined) return
    const { active: stored } = found.state
    const isNew = stored !== undefined && stored.since !== active?.since
    known = found
    if (!isNew) return
    const rules = parseGood(stored.files, cloud)
    if ('problem' in rules) {
      // An older version of Lakemark took what this one refuses; the source may have something better.
      log.error('rules in force are refused by this version', {
        commit: stored.commit,
        problem: rules.problem,
      })
      return
    }
    active = { rules, commit: commitOf(stored.commit), since: stored.since, ...createMatcher(rules) }
    onActive(rules)
    log.info('rules are in force', { commit: stored.commit })
  }

  function refresh(): Promise<void> {
    refreshing ??= askSource().finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  async function askSource(): Promise<void> {
    try {
      await look()
      await announceBackfill()
      await takeLatest(await source.latestCommit())
      await announceBackfill()
      trouble = undefined
    } catch (error) {
      trouble = { reason: reasonOf(error), at: clock.now() }
      throw error
    }
  }

  async function takeLatest(latest: string): Promise<void> {
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      await look()
      // What is planned from a state is only ever written over that state.
      const base = known
      if (isSeen(stateOf(base), latest)) return
      const next = planState(stateOf(base), source.address, await source.read(), { cloud, now: clock.now() })
      if ((await store.write(base?.etag, next)) === 'conflict') continue
      for (const problem of next.candidate?.problems ?? []) log.error('rules refused', { problem })
      if (next.candidate !== undefined) refused.add(next.candidate.commit)
      return look()
    }
    throw new TransientError('the rules in force are changed by too many at once')
  }

  function isSeen(state: RulesState, latest: string): boolean {
    const isOf = (it: { commit: string; address: string } | undefined) =>
      it?.commit === latest && it.address === source.address
    if (state.candidate !== undefined) return isOf(state.candidate) && refused.has(latest)
    return isOf(state.active) && active !== undefined
  }

  /** Announced before it is struck off the state: whoever dies in between, another announces it again. */
  async function announceBackfill(): Promise<void> {
    const base = known
    const { backfill, active: since } = stateOf(base)
    if (backfill.length === 0) return
    for (const place of backfill) await announcer.backfill(place, since?.since ?? 0)
    await store.write(base?.etag, { ...stateOf(base), backfill: [] })
    await look()
  }
}

/** What a commit makes of the state: active if it is good, a candidate with its problems if not. */
function planState(
  state: RulesState,
  address: string,
  { commit, files }: { commit: string; files: RuleFile[] },
  { cloud, now }: { cloud: Cloud; now: number },
): RulesState {
  const parsed = parseRules(files, { cloud })
  const problems = parsed.ok ? [] : parsed.problems.map(formatProblem)
  if (parsed.ok && files.length === 0) problems.push('no rule files; add one that ends in .yaml')
  if (!parsed.ok || problems.length > 0) {
    const candidate = { commit, address, problems: problems.slice(0, MAX_PROBLEMS_KEPT), seenAt: now }
    return { ...state, candidate }
  }
  const before = state.active === undefined ? undefined : parseGood(state.active.files, cloud)
  const fresh = before === undefined || 'problem' in before ? [] : planBackfill(before, parsed.rules)
  return {
    active: { commit, address, files, since: Math.max(now, (state.active?.since ?? 0) + 1) },
    candidate: undefined,
    backfill: mergePlaces([...state.backfill, ...fresh]),
  }
}

function stateOf(known: { state: RulesState } | undefined): RulesState {
  return known?.state ?? { active: undefined, candidate: undefined, backfill: [] }
}

/** Rules that were good once may not be any more, where a newer version of Lakemark refuses what an older one took. */
function parseGood(files: RuleFile[], cloud: Cloud): RuleSet | { problem: string } {
  const parsed = parseRules(files, { cloud })
  return parsed.ok ? parsed.rules : { problem: parsed.problems.map(formatProblem).join('; ') }
}
