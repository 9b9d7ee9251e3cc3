import { budgetOf } from '../../core/arm-budget.ts'
import type { AssetHead, Cursor, Turn } from '../../core/asset/asset.ts'
import { delayed, waitingInLine } from '../../core/asset/plan-work.ts'
import { reasonOf, TransientError } from '../../core/errors.ts'
import { TURN_HOLDS_MS } from '../../core/limits.ts'
import { own } from '../../core/record.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import type { Clock, Log } from '../ports.ts'
import type { Pacer } from './pacer.ts'

/** Sees to it that no workspace is sent more than ARM takes: each gets its turn, now or later. */
export interface Turns {
  /**
   * The workspaces that may be served now, each with what it may be sent, and the cursors with everybody's place
   * noted in them. `wanted`: how many requests each can use. `held` keeps the turns that were given, by alias, until they have been used: whoever has to
   * look again does not line up again. Trouble with one subscription's budget delays its workspaces only.
   */
  take(
    head: AssetHead,
    wanted: ReadonlyMap<string, number>,
    held: Map<string, Turn>,
  ): Promise<{ cursors: Record<string, Cursor>; ready: Map<string, Turn> }>
  /** What is not going to be used. */
  giveBack(alias: string, turn: Turn | undefined): void
}

export function createTurns({
  pacer,
  rules,
  clock,
  log,
}: {
  pacer: Pacer
  rules: () => { rules: RuleSet }
  clock: Clock
  log: Log
}): Turns {
  const subscriptionOf = (alias: string) => {
    const workspace = rules().rules.workspaces.get(alias)
    return workspace && budgetOf(workspace)
  }

  async function turnOf(
    head: AssetHead,
    cursor: Cursor,
    wanted: number,
    held: Turn | undefined,
    subscription: string,
  ): Promise<Turn> {
    const turn = held ?? cursor.turn
    const now = clock.now()
    if (turn !== undefined && turn.count > 0) {
      const isLate = now - turn.at > TURN_HOLDS_MS
      if (!isLate && (await pacer.stoppedUntil(subscription)) <= now) return turn
      pacer.giveBack(subscription, 'writes', turn.count)
    }
    const writes = await pacer.turn(subscription, 'writes', wanted)
    // Before the first version goes, the workspace is asked which numbers are taken.
    const reads = head.seeded ? writes : await pacer.turn(subscription, 'reads', 1)
    return { at: Math.max(writes.at, reads.at), count: writes.count }
  }

  return {
    async take(head, wanted, held) {
      const cursors: Record<string, Cursor> = { ...head.cursors }
      const ready = new Map<string, Turn>()
      const places = [...wanted].map(async ([alias, count]) => {
        const cursor = own(head.cursors, alias)
        if (cursor === undefined) return
        const subscription = subscriptionOf(alias)
        try {
          // A workspace that the rules do not name is for the delivery to complain of: nothing is sent.
          const turn =
            subscription === undefined
              ? { at: 0, count: 1 }
              : await turnOf(head, cursor, count, held.get(alias), subscription)
          held.set(alias, turn)
          const isNow = turn.at <= clock.now() && turn.count > 0
          cursors[alias] = isNow ? { ...cursor, turn } : waitingInLine(cursor, turn)
          if (isNow) ready.set(alias, turn)
        } catch (error) {
          const reason = reasonOf(error)
          const isPassing = error instanceof TransientError
          log[isPassing ? 'warn' : 'error']('no turn could be had', { workspace: alias, reason })
          const trouble = { reason, retryAfterMs: undefined, throttled: false }
          cursors[alias] = delayed(cursor, trouble, clock.now()).cursor
        }
      })
      await Promise.all(places)
      return { cursors, ready }
    },

    giveBack(alias, turn) {
      const subscription = subscriptionOf(alias)
      if (turn !== undefined && subscription !== undefined) pacer.giveBack(subscription, 'writes', turn.count)
    },
  }
}
