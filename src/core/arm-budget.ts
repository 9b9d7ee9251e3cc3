/**
 * How many requests ARM takes from one principal in one subscription: a bucket of tokens that fills steadily.
 * Whoever finds it empty is given a place in a line: the level below zero is the length of that line.
 */
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
}

/** Part of the bucket that is never given out: what others spend in our name, and what we count wrongly. */
const RESERVE = 0.05
/** What the service says is left above this part of the bucket is spent, whatever we thought was left. */
const SPARE_ABOVE = 0.5
/** Until then, what was given out since the level was raised has been sent, and shows in what the service says. */
const RAISE_EVERY_MS = 2 * SECOND
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
  const spare = remaining - budget.capacity * SPARE_ABOVE
  const isNews = saidAt > state.raisedAt + RAISE_EVERY_MS
  return isNews && spare > Math.max(0, state.level) ? { ...state, level: spare, raisedAt: saidAt } : state
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
  return { state: { ...state, level }, at, count }
}
