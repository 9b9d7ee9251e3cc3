import {
  ARM_BUDGETS,
  type Budget,
  type BudgetState,
  observed,
  REQUEST_KINDS,
  type RequestKind,
  raised,
  refilled,
  reserve,
  stopped,
} from '../core/arm-budget.ts'
import type { Turn } from '../core/asset/asset.ts'
import { TransientError } from '../core/errors.ts'
import { MAX_CONFLICTS } from '../core/limits.ts'
import { SECOND } from '../core/time.ts'
import { createGroup } from './group.ts'
import type { ArmMeter, BudgetStore, Clock } from './ports.ts'

/**
 * Spends the budget that ARM gives a subscription, all processes together, without running into its end. While
 * there is plenty, requests go at once and are accounted for later; where it gets tight, whoever asks is given a
 * place in a line that all processes share. Every function rejects with TransientError where the store does not
 * answer.
 */
export interface Pacer {
  /** When requests may be sent, and how many of the wanted ones, at least one: they are ours then. */
  turn(subscription: string, kind: RequestKind, wanted: number): Promise<Turn>
  /** Nothing may be sent before then, not even what was given before; in the past: nobody says so. */
  stoppedUntil(subscription: string): Promise<number>
  /** The service has refused a request for having too many: nobody sends another before then. */
  stop(subscription: string, until: number): Promise<void>
}

interface Dependencies {
  store: BudgetStore
  meter: ArmMeter
  clock: Clock
  budgets?: Readonly<Record<RequestKind, Budget>> | undefined
}

/** What this process knows of a budget since it last looked into the store. */
interface Account {
  /** Undefined: nobody has spent anything yet. */
  state: BudgetState | undefined
  etag: string | undefined
  readAt: number
  /** Requests that were sent since then without asking. */
  unsettled: number
}

/** How long what was read in the store, or of an answer of ARM, is good enough to go without asking. */
const KNOWN_FOR_MS = 5 * SECOND
/** Requests that one process sends without accounting for them. */
const MAX_UNSETTLED = 20
/** The part of the bucket that has to be left for going without asking: others do so at the same time. */
const PLENTY = 0.5
const WANTS_PER_GROUP = 1000

export function createPacer({ store, meter, clock, budgets = ARM_BUDGETS }: Dependencies): Pacer {
  const askers = new Map(REQUEST_KINDS.map(kind => [kind, createGroup(askFor(kind), WANTS_PER_GROUP)]))
  const accounts = new Map(REQUEST_KINDS.map(kind => [kind, new Map<string, Account>()]))

  /** What is asked for at the same time is asked for together. */
  function askFor(kind: RequestKind) {
    return async (subscription: string, wants: number[]) => {
      const turns: Turn[] = []
      await update(subscription, kind, (state, now) => {
        turns.splice(0)
        return wants.reduce((before, wanted) => {
          const { state: after, at, count } = reserve(before, budgets[kind], wanted, now)
          turns.push({ at, count })
          return after
        }, state)
      })
      return turns.map(result => ({ result }))
    }
  }

  /** Changes what all share; what this process has sent without asking is accounted for on the way. */
  async function update(
    subscription: string,
    kind: RequestKind,
    change: (state: BudgetState, now: number) => BudgetState,
  ): Promise<void> {
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      const account = accountOf(subscription, kind) ?? (await look(subscription, kind))
      const { unsettled } = account
      const now = clock.now()
      const state = change(raisedBy(currentOf(account, subscription, kind), subscription, kind), now)
      const written = await store.write(subscription, kind, account.etag, state)
      if (written === 'conflict') {
        await look(subscription, kind)
        continue
      }
      const sentMeanwhile = account.unsettled - unsettled
      const { etag } = written
      accounts.get(kind)?.set(subscription, { state, etag, readAt: now, unsettled: sentMeanwhile })
      return
    }
    throw new TransientError(`the budget of subscription ${subscription} is changed by too many at once`)
  }

  async function look(subscription: string, kind: RequestKind): Promise<Account> {
    const found = await store.read(subscription, kind)
    const unsettled = accountOf(subscription, kind)?.unsettled ?? 0
    const account = { state: found?.state, etag: found?.etag, readAt: clock.now(), unsettled }
    accounts.get(kind)?.set(subscription, account)
    return account
  }

  function accountOf(subscription: string, kind: RequestKind): Account | undefined {
    return accounts.get(kind)?.get(subscription)
  }

  /** What is left now: what is shared, less what this process owes, corrected by what ARM itself has said. */
  function currentOf(account: Account, subscription: string, kind: RequestKind): BudgetState {
    const now = clock.now()
    const budget = budgets[kind]
    const shared = refilled(account.state, budget, now)
    const settled = { ...shared, level: shared.level - account.unsettled }
    const { remaining, at, inFlight } = meter.read(subscription, kind)
    if (remaining === undefined || now - at >= KNOWN_FOR_MS) return settled
    const gained = (Math.max(0, now - at) * budget.perSecond) / SECOND
    return observed(settled, budget, remaining + gained - inFlight)
  }

  /** For those who write it down only: else everybody would take the same for their own. */
  function raisedBy(state: BudgetState, subscription: string, kind: RequestKind): BudgetState {
    const { remaining, at, inFlight } = meter.read(subscription, kind)
    if (remaining === undefined || clock.now() - at >= KNOWN_FOR_MS) return state
    return raised(state, budgets[kind], { remaining: remaining - inFlight, saidAt: at })
  }

  /** Whether there is so much that nobody needs to ask; then it is spent. */
  function spendUnasked(subscription: string, kind: RequestKind, wanted: number): boolean {
    const account = accountOf(subscription, kind)
    const now = clock.now()
    if (account === undefined || now - account.readAt >= KNOWN_FOR_MS) return false
    const { level, stoppedUntil } = currentOf(account, subscription, kind)
    const isPlenty = level - wanted >= budgets[kind].capacity * PLENTY && stoppedUntil <= now
    if (!isPlenty || account.unsettled + wanted > MAX_UNSETTLED) return false
    account.unsettled += wanted
    return true
  }

  return {
    async turn(subscription, kind, wanted) {
      if (spendUnasked(subscription, kind, wanted)) return { at: clock.now(), count: wanted }
      const ask = askers.get(kind)
      if (ask === undefined) throw new Error(`no budget of ${kind}`)
      return ask(subscription, wanted)
    },

    async stoppedUntil(subscription) {
      const stops = REQUEST_KINDS.map(async kind => {
        const known = accountOf(subscription, kind)
        const isRecent = known !== undefined && clock.now() - known.readAt < KNOWN_FOR_MS
        const account = isRecent ? known : await look(subscription, kind)
        return account.state?.stoppedUntil ?? 0
      })
      return Math.max(...(await Promise.all(stops)))
    },

    async stop(subscription, until) {
      for (const kind of REQUEST_KINDS) {
        const known = accountOf(subscription, kind)?.state?.stoppedUntil ?? 0
        // Those that were refused together say so once.
        if (until > known + SECOND) await update(subscription, kind, state => stopped(state, until))
      }
    },
  }
}
