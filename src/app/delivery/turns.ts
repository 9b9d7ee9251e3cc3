import { budgetOf } from '../../core/arm-budget.ts'
import type { AssetHead, Cursor, Turn } from '../../core/asset/asset.ts'
import { delayed, waitingInLine } from '../../core/asset/plan-work.ts'
import { reasonOf, TransientError } from '../../core/errors.ts'
import { TURN_HOLDS_MS } from '../../core/limits.ts'
import { own } from '../../core/record.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import type { Clock, Log } from '../ports.ts'
import type { Pacer } from './pacer.ts'
import { giveBackTurn } from './purse.ts'

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

/** What comes of one look at an asset, by alias. */
interface Taking {
  cursors: Record<string, Cursor>
  /** Trouble with one subscription's budget keeps its workspaces out of here. */
  given: Map<string, Turn>
  /** For the next look, where this one comes to nothing. */
  held: Map<string, Turn>
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
    cursor: Cursor,
    wanted: number,
    held: Turn | undefined,
    subscription: string,
  ): Promise<Turn> {
    const turn = held ?? cursor.turn
    const now = clock.now()
    if (turn !== undefined) {
      const isHeld = turn.count > 0 && now - turn.at <= TURN_HOLDS_MS
      if (isHeld && (await pacer.stoppedUntil(subscription)) <= now) return turn
      giveBackTurn(pacer, subscription, turn)
    }
    return pacer.turn(subscription, 'writes', wanted)
  }

  async function give(
    { cursors, given, held }: Taking,
    aliases: Iterable<string>,
    turnFor: (alias: string, cursor: Cursor, subscription: string) => Promise<Turn>,
  ): Promise<void> {
    const giving = [...aliases].map(async alias => {
      const cursor = own(cursors, alias)
      if (cursor === undefined) return
      const subscription = subscriptionOf(alias)
      try {
        // A workspace that the rules do not name is for the delivery to complain of: nothing is sent.
        const turn =
          subscription === undefined ? { at: 0, count: 1 } : await turnFor(alias, cursor, subscription)
        held.set(alias, turn)
        given.set(alias, turn)
      } catch (error) {
        const reason = reasonOf(error)
        const isPassing = error instanceof TransientError
        log[isPassing ? 'warn' : 'error']('no turn could be had', { workspace: alias, reason })
        const trouble = { reason, retryAfterMs: undefined, throttled: false }
        cursors[alias] = delayed(cursor, trouble, clock.now()).cursor
        if (subscription !== undefined) giveBackTurn(pacer, subscription, given.get(alias))
        given.delete(alias)
        held.delete(alias)
      }
    })
    await Promise.all(giving)
  }

  /** Whose turn it is now. */
  function planReady({ seeded }: AssetHead, { cursors, given }: Taking): Map<string, Turn> {
    // Workspaces of one subscription are asked together.
    const askedAt = new Map<string | undefined, number>()
    for (const [alias, { reads }] of seeded ? [] : given) {
      const subscription = subscriptionOf(alias)
      askedAt.set(subscription, Math.max(reads?.at ?? 0, askedAt.get(subscription) ?? 0))
    }
    const ready = new Map<string, Turn>()
    for (const [alias, turn] of given) {
      const cursor = own(cursors, alias)
      if (cursor === undefined) continue
      const at = Math.max(turn.at, askedAt.get(subscriptionOf(alias)) ?? 0)
      const isNow = isOurs({ ...turn, at })
      cursors[alias] = isNow ? { ...cursor, turn } : waitingInLine(cursor, { ...turn, at })
      if (isNow) ready.set(alias, turn)
    }
    return ready
  }

  const isOurs = (turn: Turn) => turn.count > 0 && turn.at <= clock.now()

  return {
    async take(head, wanted, held) {
      const taking: Taking = { cursors: { ...head.cursors }, given: new Map(), held }
      const { cursors, given } = taking
      await give(taking, wanted.keys(), (alias, cursor, subscription) =>
        turnOf(cursor, wanted.get(alias) ?? 1, held.get(alias), subscription),
      )
      // Before the first version of an asset goes, its workspaces are asked which numbers are taken. Whoever lined up for
      // that as early as for the version would hold up others who have to ask something.
      if (!head.seeded && [...given.values()].some(isOurs)) {
        await give(taking, [...given.keys()], async (alias, _, subscription) => {
          const turn = given.get(alias) ?? { at: 0, count: 0 }
          const { reads = await pacer.turn(subscription, 'reads', 1) } = turn
          return { ...turn, reads }
        })
      }
      return { cursors, ready: planReady(head, taking) }
    },

    giveBack(alias, turn) {
      const subscription = subscriptionOf(alias)
      if (subscription !== undefined) giveBackTurn(pacer, subscription, turn)
    },
  }
}
