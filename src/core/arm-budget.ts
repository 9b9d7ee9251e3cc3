/**
 * How many requests ARM takes from one principal in one subscription: a bucket of tokens that fills steadily.
 * Whoever finds it empty is given a place in a line: the level below zero is the length of that line.
 */
import type { Workspace } from './rules/rule-set.ts'
import { SECOND } from './time.ts'

export type RequestKind = 'reads' | 'writes'

export const REQUEST_KINDS: readonly RequestKind[] = ['reads', 'writes']

export interface Budget {
  /** Requests that may come at once. */
  capacity: number
  perSecond: number
}

/** Documented by Azure Resource Manager, per region, subscription and principal. */
export const ARM_BUDGETS: Readonly<Record<RequestKind, Budget>> = {
  reads: { capacity: 250, perSecond: 25 },
  writes: { capacity: 200, perSecond: 10 },
}

/**
 * Which budget the requests to a workspace are taken from: that of its subscription and of the principal that speaks to
 * it. Without a service principal of its own that is the identity of the app, and the subscription alone names it.
 */
export function budgetOf({
  subscription,
  credential,
}: Pick<Workspace, 'subscription' | 'credential'>): string {
  const principal = credential === undefined ? '' : `.${credential.client}`
  return `${subscription}${principal}`.toLowerCase()
}

/** What all processes together have left of a budget. Times are milliseconds since 1970. */
export interface BudgetState {
  /** Tokens that nobody has been given, at the time `at`; below zero: so many were given in advance. */
  level: number
  /** In the future after a stop: nothing comes in before then. */
  at: number
  /** The service has said that it takes nothing before then. */
  stoppedUntil: number
  /** When the level was last raised because the service said that it would take more than we thought. */
  raisedAt: number
  /** Since when there has not been plenty; undefined: there is. */
  tightSince?: number | undefined
}

/** Part of the bucket that is never given out: what others spend in our name, and what we count wrongly. */
const RESERVE = 0.1
/** The part of the bucket below which nothing is given in advance. */
const PLENTY = 0.5
/** What the service says is left above this part of the bucket is spent, whatever we thought was left. */
const SPARE_ABOVE = 0.5
/** Until then, what was given out since the level was raised has been sent, and shows in what the service says. */
const RAISE_EVERY_MS = 2 * SECOND
/** What ARM says after it has been tight for so long is not of the time before. */
const BELIEVED_AFTER_MS = 5 * SECOND
/** Requests that one asset is given at a time where others wait as well. */
const REQUESTS_PER_TURN = 5

/** The state as it is now. Undefined: nobody has spent anything yet. */
export function refilled(state: BudgetState | undefined, budget: Budget, now: number): BudgetState {
  const full = budget.capacity * (1 - RESERVE)
  if (state === undefined) return { level: full, at: now, stoppedUntil: 0, raisedAt: 0 }
  const gainedMs = Math.max(0, now - state.at)
  const level = Math.min(Math.max(full, state.level), state.level + (gainedMs * budget.perSecond) / SECOND)
  return { ...state, level, at: Math.max(state.at, now) }
}

/** The state once the service has said that it would take fewer requests than we thought. */
export function observed(state: BudgetState, budget: Budget, remaining: number): BudgetState {
  return { ...state, level: Math.min(state.level, remaining - budget.capacity * RESERVE) }
}

/**
 * The state once the service has said, at the time `saidAt`, that it would take more than we thought: its budget
 * is larger than the documented one, or what was given out has not been used.
 */
export function raised(
  state: BudgetState,
  budget: Budget,
  { remaining, saidAt }: { remaining: number; saidAt: number },
): BudgetState {
  // Those who stand in the line have been promised what they wait for.
  const level = Math.min(0, state.level) + remaining - budget.capacity * SPARE_ABOVE
  // More than the documented bucket holds is certain; what is less may have been said before others spent it.
  const isCertain = remaining > budget.capacity
  const isOld = !isCertain && saidAt < (state.tightSince ?? saidAt) + BELIEVED_AFTER_MS
  const isNews = saidAt > state.raisedAt + RAISE_EVERY_MS && !isOld
  return isNews && level > state.level ? { ...state, level, raisedAt: saidAt } : state
}

/** The state once requests that were given out a moment ago are not going to be sent. */
export function returned(state: BudgetState, budget: Budget, count: number): BudgetState {
  const full = budget.capacity * (1 - RESERVE)
  return { ...state, level: Math.min(Math.max(full, state.level), state.level + count) }
}

/**
 * The state once places in the line are not taken. What they stood for came in long ago, and shortens the line; where
 * there is none the bucket may have run over since.
 */
export function vacated(state: BudgetState, count: number): BudgetState {
  return state.level < 0 ? { ...state, level: Math.min(0, state.level + count) } : state
}

/**
 * Gives a process requests in advance, for what need not ask then: only as far as there is plenty. `state` is of now.
 */
export function advance(
  state: BudgetState,
  budget: Budget,
  most: number,
  now: number,
): { state: BudgetState; count: number } {
  const spare = Math.floor(state.level - budget.capacity * PLENTY)
  const count = state.stoppedUntil > now ? 0 : Math.max(0, Math.min(most, spare))
  return { state: { ...state, level: state.level - count }, count }
}

/** The state once the service has said that it takes nothing before `until`. */
export function stopped(state: BudgetState, until: number): BudgetState {
  if (until <= state.stoppedUntil) return state
  return { ...state, level: Math.min(state.level, 0), at: Math.max(state.at, until), stoppedUntil: until }
}

/**
 * Gives out up to `wanted` requests, at least one: at once as far as there are any, in the line otherwise.
 * `state` is of now.
 */
export function reserve(
  state: BudgetState,
  budget: Budget,
  wanted: number,
  now: number,
): { state: BudgetState; at: number; count: number } {
  const count = Math.max(1, Math.min(wanted, Math.max(REQUESTS_PER_TURN, Math.floor(state.level))))
  const level = state.level - count
  const lackMs = (Math.max(0, -level) / budget.perSecond) * SECOND
  const at = lackMs === 0 ? Math.max(now, state.stoppedUntil) : Math.max(now, state.at + Math.ceil(lackMs))
  const isTight = level < budget.capacity * PLENTY
  const tightSince = isTight ? (state.tightSince ?? now) : undefined
  return { state: { ...state, level, tightSince }, at, count }
}
