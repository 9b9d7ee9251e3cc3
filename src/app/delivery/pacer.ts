import {
  ARM_BUDGETS,
  advance,
  type Budget,
  type BudgetState,
  observed,
  REQUEST_KINDS,
  type RequestKind,
  raised,
  refilled,
  reserve,
  returned,
  stopped,
  vacated,
} from '../../core/arm-budget.ts'
import type { Turn } from '../../core/asset/asset.ts'
import { reasonOf } from '../../core/errors.ts'
import { MAX_CONFLICTS } from '../../core/limits.ts'
import { SECOND } from '../../core/time.ts'
import { createGroup } from '../group.ts'
import type { ArmMeter, BudgetStore, Clock, Log } from '../ports.ts'

/**
 * Spends the budget that ARM gives a subscription, all processes together, without running into its end. Where
 * there is plenty, a process takes some requests in advance and need not ask for each; where it gets tight, whoever
 * asks is given a place in a line that all processes share. A subscription is one as a principal sees it: what
 * `budgetOf` makes of a workspace. Functions that answer a promise reject with
 * TransientError where the store does not answer.
 */
export interface Pacer {
  /**
   * When requests may be sent, and how many of the wanted ones: they are ours then. A count of 0: nothing could be
   * agreed on with the other processes, ask again then.
   */
  turn(subscription: string, kind: RequestKind, wanted: number): Promise<Turn>
  /** What was given and is not going to be sent. */
  giveBack(subscription: string, kind: RequestKind, count: number): void
  /** Nothing is to be sent before then, not even what was given before; in the past: nobody says so. */
  stoppedUntil(subscription: string): Promise<number>
  /** The same as far as this process knows already. */
  isStopped(subscription: string): boolean
  /**
   * The service has refused a request for having too many: nobody sends another before then. Never rejects: where
   * the others cannot be told, each finds out for itself.
   */
  stop(subscription: string, until: number): Promise<void>
}

interface Dependencies {
  store: BudgetStore
  meter: ArmMeter
  clock: Clock
  log: Log
  budgets?: Readonly<Record<RequestKind, Budget>> | undefined
}

/** What this process knows of a budget since it last looked into the store, and what it has of it. */
interface Account {
  /** Undefined: nobody has spent anything yet. */
  state: BudgetState | undefined
  etag: string | undefined
  readAt: number
  /** Requests that were given in advance, good for some seconds. */
  inAdvance: number
  advancedAt: number
  /** Places in the line that were given and not taken, to be told with the next change. */
  vacant: number
}

/** How long what was read in the store, given in advance, or said by ARM, is good. */
const KNOWN_FOR_MS = 5 * SECOND
/** Requests that one process is given in advance. */
const MAX_IN_ADVANCE = 20
const WANTS_PER_GROUP = 1000
/** So long, and so often, is it tried to agree with the other processes. */
const AGREE_WITHIN_MS = 10 * SECOND
const ASK_AGAIN_MS = 5 * SECOND

export function createPacer({ store, meter, clock, log, budgets = ARM_BUDGETS }: Dependencies): Pacer {
  const accounts = new Map<string, Account>()
  const askers = {
    reads: createGroup(askFor('reads'), WANTS_PER_GROUP),
    writes: createGroup(askFor('writes'), WANTS_PER_GROUP),
  }

  /** What is asked for at the same time is asked for together. */
  function askFor(kind: RequestKind) {
    return async (subscription: string, wants: number[]) => {
      let turns: Turn[] = []
      const agreed = await update(subscription, kind, (state, now) => {
        turns = []
        return wants.reduce((before, wanted) => {
          const { state: after, at, count } = reserve(before, budgets[kind], wanted, now)
          turns.push({ at, count })
          return after
        }, state)
      })
      const later = { at: clock.now() + ASK_AGAIN_MS, count: 0 }
      return wants.map((_, index) => (agreed ? (turns[index] ?? later) : later))
    }
  }

  /** Changes what all share; what this process has and does not use goes back on the way. False: others were faster. */
  async function update(
    subscription: string,
    kind: RequestKind,
    change: (state: BudgetState, now: number) => BudgetState,
  ): Promise<boolean> {
    const begun = clock.now()
    const { unspent, vacant } = takeBack(accountOf(subscription, kind))
    for (let tries = 0; tries <= MAX_CONFLICTS && clock.now() - begun < AGREE_WITHIN_MS; tries += 1) {
      const account = accountOf(subscription, kind) ?? (await look(subscription, kind))
      const now = clock.now()
      const current = returned(refilled(account.state, budgets[kind], now), budgets[kind], unspent)
      const changed = change(heeding(vacated(current, vacant), subscription, kind, now), now)
      const { state, count } = advance(changed, budgets[kind], MAX_IN_ADVANCE, now)
      const written = await store.write(subscription, kind, account.etag, state)
      if (written !== 'conflict') {
        const account = { state, etag: written.etag, readAt: now, inAdvance: count, advancedAt: now }
        const vacantNow = accountOf(subscription, kind)?.vacant ?? 0
        accounts.set(keyOf(subscription, kind), { ...account, vacant: vacantNow })
        return true
      }
      await look(subscription, kind)
    }
    giveBack(subscription, kind, vacant)
    return false
  }

  /** From now on the account has none of it. */
  function takeBack(account: Account | undefined): { unspent: number; vacant: number } {
    if (account === undefined) return { unspent: 0, vacant: 0 }
    const { inAdvance, advancedAt, vacant } = account
    Object.assign(account, { inAdvance: 0, vacant: 0 })
    return { unspent: isRecent(advancedAt) ? inAdvance : 0, vacant }
  }

  async function look(subscription: string, kind: RequestKind): Promise<Account> {
    const found = await store.read(subscription, kind)
    const { inAdvance = 0, advancedAt = 0, vacant = 0 } = accountOf(subscription, kind) ?? {}
    const read = { state: found?.state, etag: found?.etag, readAt: clock.now() }
    const account = { ...read, inAdvance, advancedAt, vacant }
    accounts.set(keyOf(subscription, kind), account)
    return account
  }

  function accountOf(subscription: string, kind: RequestKind): Account | undefined {
    return accounts.get(keyOf(subscription, kind))
  }

  /** Corrected by what ARM itself has said. */
  function heeding(state: BudgetState, subscription: string, kind: RequestKind, now: number): BudgetState {
    const { remaining, at, inFlight } = meter.read(subscription, kind)
    if (remaining === undefined || now - at >= KNOWN_FOR_MS) return state
    const budget = budgets[kind]
    const gained = (Math.max(0, now - at) * budget.perSecond) / SECOND
    const seen = observed(state, budget, remaining + gained - inFlight)
    return raised(seen, budget, { remaining: remaining - inFlight, saidAt: at })
  }

  function isRecent(at: number): boolean {
    return clock.now() - at < KNOWN_FOR_MS
  }

  function spendInAdvance(subscription: string, kind: RequestKind, wanted: number): boolean {
    const account = accountOf(subscription, kind)
    if (account === undefined || account.inAdvance < wanted || !isRecent(account.advancedAt)) return false
    if ((account.state?.stoppedUntil ?? 0) > clock.now()) return false
    account.inAdvance -= wanted
    return true
  }

  function giveBack(subscription: string, kind: RequestKind, count: number): void {
    const account = accountOf(subscription, kind)
    if (account !== undefined) account.vacant += count
  }

  return {
    async turn(subscription, kind, wanted) {
      const id = subscription.toLowerCase()
      if (spendInAdvance(id, kind, wanted)) return { at: clock.now(), count: wanted }
      return askers[kind](id, wanted)
    },

    giveBack: (subscription, kind, count) => giveBack(subscription.toLowerCase(), kind, count),

    async stoppedUntil(subscription) {
      const id = subscription.toLowerCase()
      const stops = REQUEST_KINDS.map(async kind => {
        const known = accountOf(id, kind)
        const account = known !== undefined && isRecent(known.readAt) ? known : await look(id, kind)
        return account.state?.stoppedUntil ?? 0
      })
      return Math.max(...(await Promise.all(stops)))
    },

    isStopped: subscription =>
      REQUEST_KINDS.some(
        kind => (accountOf(subscription.toLowerCase(), kind)?.state?.stoppedUntil ?? 0) > clock.now(),
      ),

    async stop(subscription, until) {
      const id = subscription.toLowerCase()
      for (const kind of REQUEST_KINDS) {
        const known = accountOf(id, kind)?.state?.stoppedUntil ?? 0
        // Those that were refused together say so once.
        if (until <= known + SECOND) continue
        try {
          await update(id, kind, state => stopped(state, until))
        } catch (error) {
          log.warn('could not tell the others that Azure takes no more for now', { reason: reasonOf(error) })
        }
      }
    },
  }
}

function keyOf(subscription: string, kind: RequestKind): string {
  return `${subscription} ${kind}`
}
