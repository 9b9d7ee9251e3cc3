import { budgetOf } from '../../core/arm-budget.ts'
import type { Turn } from '../../core/asset/asset.ts'
import { PermanentError } from '../../core/errors.ts'
import { TURN_HOLDS_MS } from '../../core/limits.ts'
import { own } from '../../core/record.ts'
import type { Workspace } from '../../core/rules/rule-set.ts'
import type { Pacer } from '../delivery/pacer.ts'
import type { AzureMl, Clock, ListedVersion } from '../ports.ts'
import { ComeAgain } from './session.ts'

const VERSIONS_PER_PAGE = 100
/** Of one asset in one workspace. */
const MAX_PAGES = 200
/** Versions of one asset that are compared: no one keeps more by hand. */
export const MAX_VERSIONS = MAX_PAGES * VERSIONS_PER_PAGE
/** Requests that are lined up for at the least. */
const READS_PER_TURN = 10
/** Agreements with the other processes for one list: each gives at least one request. */
const MAX_TURNS = MAX_PAGES

interface Dependencies {
  azureMl: Pick<AzureMl, 'listVersions'>
  pacer: Pick<Pacer, 'turn'>
  clock: Clock
}

/** How many requests the list has taken before there were too few. */
export class TooFewReads extends ComeAgain {
  readonly reads: number

  constructor(reads: number, delayMs: number) {
    super('waits its turn: Azure takes a limited number of reads', delayMs)
    this.reads = reads
  }
}

/**
 * Lists versions as far as ARM's budget goes. `turns`: places in the line that are not used yet, by budget; they are
 * changed. A list is begun only when there is a place for all that it is likely to take, as it cannot be interrupted.
 */
export function createWorkspaceLists({ azureMl, pacer, clock }: Dependencies, turns: Record<string, Turn>) {
  /** By number. Throws TooFewReads where it is not our turn yet. `versions`: about so many there are. */
  async function listAll(
    workspace: Workspace,
    asset: string,
    versions: number,
    readsBefore: number,
  ): Promise<Map<number, ListedVersion>> {
    const there = new Map<number, ListedVersion>()
    const likely = Math.max(Math.ceil(versions / VERSIONS_PER_PAGE), 2 * readsBefore)
    let continuation: string | undefined
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      await takeTurn(workspace, Math.min(MAX_PAGES, Math.max(1, likely - pages)), pages)
      const page = await azureMl.listVersions(workspace, asset, { limit: VERSIONS_PER_PAGE, continuation })
      for (const item of page.items) there.set(item.number, item)
      continuation = page.continuation
      if (continuation === undefined) return there
    }
    throw new PermanentError(`workspace ${workspace.alias} has too many versions of ${asset}`)
  }

  async function takeTurn(workspace: Workspace, wanted: number, reads: number): Promise<void> {
    const budget = budgetOf(workspace)
    const held = own(turns, budget)
    const holds = held !== undefined && held.count >= wanted && clock.now() - held.at <= TURN_HOLDS_MS
    const turn = holds ? held : await lineUp(budget, Math.max(READS_PER_TURN, wanted), wanted)
    turns[budget] = turn
    const waitMs = turn.at - clock.now()
    if (waitMs > 0) throw new TooFewReads(reads, waitMs)
    turns[budget] = { ...turn, count: turn.count - 1 }
  }

  /** Where it gets tight, few are given at a time: then several times, until there are as many as are needed. */
  async function lineUp(budget: string, wanted: number, needed: number): Promise<Turn> {
    let turn = await pacer.turn(budget, 'reads', wanted)
    for (let turns = 1; turns < MAX_TURNS && turn.count > 0 && turn.count < needed; turns += 1) {
      const { at, count } = await pacer.turn(budget, 'reads', needed - turn.count)
      if (count === 0) break
      turn = { at: Math.max(at, turn.at), count: turn.count + count }
    }
    return turn
  }

  return { listAll }
}
