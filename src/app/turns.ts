import type { AssetHead, Cursor, Turn } from '../core/asset/asset.ts'
import { waitingInLine } from '../core/asset/plan-work.ts'
import { MAX_REQUESTS_PER_TURN, TURN_HOLDS_MS } from '../core/limits.ts'
import { own } from '../core/record.ts'
import type { RuleSet } from '../core/rules/rule-set.ts'
import type { Pacer } from './pacer.ts'
import type { Clock } from './ports.ts'

export interface Turns {
  /** With their places in the line noted for those that have to wait. */
  cursors: Record<string, Cursor>
  /** The workspaces that may be served now, each with what it may be sent. */
  ready: Map<string, Turn>
}

/** Sees to it that no workspace is sent more than ARM takes: each gets its turn, now or later. */
export function createTurns({
  pacer,
  rules,
  clock,
}: {
  pacer: Pacer
  rules: () => { rules: RuleSet }
  clock: Clock
}) {
  /**
   * `held` keeps the turns that were given, by alias, until they have been used: whoever has to look again does
   * not line up again. Rejects with TransientError where the pacer's store does not answer.
   */
  return async function takeTurns(
    head: AssetHead,
    aliases: readonly string[],
    held: Map<string, Turn>,
  ): Promise<Turns> {
    const cursors: Record<string, Cursor> = { ...head.cursors }
    const ready = new Map<string, Turn>()
    const places = aliases.map(async alias => {
      const cursor = own(head.cursors, alias)
      const subscription = rules().rules.workspaces.get(alias)?.subscription
      if (cursor === undefined) return
      // A workspace that the rules do not name is for the delivery to complain of: nothing is sent.
      const turn =
        subscription === undefined
          ? { at: 0, count: 1 }
          : await turnOf(head, cursor, held.get(alias), subscription)
      held.set(alias, turn)
      if (turn.at <= clock.now()) ready.set(alias, turn)
      else cursors[alias] = waitingInLine(cursor, turn)
    })
    await Promise.all(places)
    return { cursors, ready }
  }

  async function turnOf(
    head: AssetHead,
    cursor: Cursor,
    held: Turn | undefined,
    subscription: string,
  ): Promise<Turn> {
    const turn = held ?? cursor.turn
    const now = clock.now()
    const holds = turn !== undefined && now - turn.at <= TURN_HOLDS_MS
    if (holds && (await pacer.stoppedUntil(subscription)) <= now) return turn
    const pending = Math.min(head.lastOrdinal - cursor.next + 1, MAX_REQUESTS_PER_TURN)
    const writes = await pacer.turn(subscription, 'writes', pending)
    // Before the first version goes, the workspace is asked which numbers are taken.
    const reads = head.seeded ? writes : await pacer.turn(subscription, 'reads', 1)
    return { at: Math.max(writes.at, reads.at), count: writes.count }
  }
}
