import type { RequestKind } from '../../core/arm-budget.ts'
import type { Place, Turn } from '../../core/asset/asset.ts'
import { TransientError } from '../../core/errors.ts'
import type { Clock } from '../ports.ts'
import type { Pacer } from './pacer.ts'

/** A request has to wait until then for its place in the line. */
export class NotOurTurn extends TransientError {
  readonly kind: RequestKind
  readonly until: number

  constructor(kind: RequestKind, until: number) {
    super(`waits its turn: Azure takes a limited number of ${kind} a second in this subscription`)
    this.kind = kind
    this.until = until
  }
}

/** The places in the line that somebody has for requests of one budget. For one caller at a time. */
export interface Purse {
  /**
   * Called right before a request: takes a place for it, of those that are held, or where there are none of what can be
   * had at once. Throws NotOurTurn where it has to wait; the place that it waits for is held then.
   */
  spend(kind: RequestKind): Promise<void>
  /** Whether a place is held that can be used now. */
  has(kind: RequestKind): boolean
  /** What is held and not used; undefined: nothing. A count of 0: there are only reads. */
  left(): Turn | undefined
}

export function createPurse(
  { pacer, clock }: { pacer: Pick<Pacer, 'turn'>; clock: Clock },
  budget: string,
  turn: Turn | undefined,
): Purse {
  const places: Record<RequestKind, Place | undefined> = { writes: turn, reads: turn?.reads }

  return {
    async spend(kind) {
      const held = places[kind]
      const isHeld = held !== undefined && held.count > 0
      const { at, count } = isHeld ? held : await pacer.turn(budget, kind, 1)
      const isNow = count > 0 && at <= clock.now()
      const left = isNow ? count - 1 : count
      places[kind] = left > 0 ? { at, count: left } : undefined
      if (!isNow) throw new NotOurTurn(kind, at)
    },

    has(kind) {
      const place = places[kind]
      return place !== undefined && place.count > 0 && place.at <= clock.now()
    },

    left() {
      const { writes, reads } = places
      if (reads === undefined || reads.count === 0) return writes && { at: writes.at, count: writes.count }
      const at = Math.max(writes?.at ?? 0, reads.at)
      return { at, count: writes?.count ?? 0, reads }
    },
  }
}

/** What is left of a turn once its reads have been used. */
export function withoutReads({ at, count }: Turn): Turn {
  return { at, count }
}

/** Gives back what was not used. */
export function giveBackTurn(pacer: Pick<Pacer, 'giveBack'>, budget: string, turn: Turn | undefined): void {
  if (turn === undefined) return
  pacer.giveBack(budget, 'writes', turn.count)
  if (turn.reads !== undefined) pacer.giveBack(budget, 'reads', turn.reads.count)
}
