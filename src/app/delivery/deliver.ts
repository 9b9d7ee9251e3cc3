import { budgetOf } from '../../core/arm-budget.ts'
import {
  type AssetHead,
  type Cursor,
  isPending,
  newCursor,
  numberOf,
  type Outcome,
  type Turn,
  type Version,
} from '../../core/asset/asset.ts'
import { toDataVersion } from '../../core/asset/data-version.ts'
import { delayed, type Report, waitingInLine } from '../../core/asset/plan-work.ts'
import { PermanentError, reasonOf, TransientError } from '../../core/errors.ts'
import { FIRST_RETRY_MS, ROUND_MS, VERSIONS_PER_ROUND, WORKSPACES_AT_ONCE } from '../../core/limits.ts'
import { own } from '../../core/record.ts'
import type { Datastore, RuleSet, Workspace } from '../../core/rules/rule-set.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { AzureMl, Clock, Counters, Ledger, Log } from '../ports.ts'
import { createLeasedCalls, LeaseOver } from './leased-calls.ts'
import type { Pacer } from './pacer.ts'
import { createPurse, NotOurTurn, type Purse } from './purse.ts'
import type { Turns } from './turns.ts'
import { withdraw } from './withdraw.ts'

/** So often is a datastore left to somebody else who turns out to have no place in the line for it. */
const MAX_BEGUN_BY_OTHERS = 3

interface Dependencies {
  ledger: Pick<Ledger, 'readVersions'>
  azureMl: AzureMl
  pacer: Pick<Pacer, 'turn' | 'stop' | 'isStopped'>
  turns: Pick<Turns, 'giveBack'>
  rules: () => { rules: RuleSet }
  clock: Clock
  counters: Counters
  log: Log
}

/** A version that has met one workspace, and how far that workspace has come. */
interface Encounter {
  alias: string
  version: Version
  cursor: Cursor
}

/**
 * Sends what is pending to the workspaces named, to each so many versions as it is given, each on its own and in
 * the order of cutting, and reports what came of it, with the version rows that it has read. Trouble with one
 * workspace ends this round for that workspace only. The head is the one that was claimed, and the lease in it is
 * kept. Rejects only where the ledger does not answer.
 */
export function createDelivery(dependencies: Dependencies) {
  const { ledger, pacer, turns, rules, clock, counters, log } = dependencies

  return async function deliver(
    asset: string,
    head: AssetHead,
    ready: ReadonlyMap<string, Turn>,
  ): Promise<{ report: Report; versions: Version[] }> {
    const azureMl = createLeasedCalls(dependencies.azureMl, clock, head.lease?.until ?? 0)
    const outcomes: { ordinal: number; alias: string; outcome: Outcome }[] = []
    const cursors = new Map<string, Cursor>()
    const moves = new Map<number, Report['moves'][number]>()
    const withdrawn: { ordinal: number; alias: string }[] = []
    const taken: Encounter[] = []
    const touched = new Set<number>()
    const windows = new Map<number, Promise<Version[]>>()
    const deadline = clock.now() + ROUND_MS

    await forEachAtMost(WORKSPACES_AT_ONCE, [...ready], async ([alias, turn]) =>
      turns.giveBack(alias, await serve(alias, turn)),
    )
    for (const encounter of taken) await move(encounter)
    const read = new Map((await Promise.all(windows.values())).flat().map(row => [row.ordinal, row]))
    const report = { outcomes, cursors, moves: [...moves.values()], withdrawn }
    return { report, versions: [...read.values()] }

    /** Answers what is left of the turn and not kept in the cursor for the next round. */
    async function serve(alias: string, turn: Turn): Promise<Turn | undefined> {
      const purse = purseOf(alias, turn)
      let cursor = own(head.cursors, alias)
      if (cursor === undefined) return turn
      const versions = await windowFrom(cursor.next)
      for (const version of versions) {
        if (isPending(version, alias)) {
          const isFull = touched.size >= VERSIONS_PER_ROUND && !touched.has(version.ordinal)
          const isOver = isFull || clock.now() >= deadline || isStopped(alias)
          if (isOver || !purse.has('writes')) return undefined
          // Numbers that were left out lie in between: what the cursor says of them is not of this version.
          if (cursor.next !== version.ordinal) cursor = { ...newCursor(version.ordinal), turn: purse.left() }
          touched.add(version.ordinal)
          const next = await attempt({ alias, version, cursor }, purse)
          if (next === 'taken') {
            taken.push({ alias, version, cursor: { ...cursor, turn: undefined } })
            return purse.left()
          }
          if (next.next === version.ordinal) {
            cursors.set(alias, next)
            return next.turn === undefined ? purse.left() : undefined
          }
        }
        cursor = { ...newCursor(version.ordinal + 1), turn: purse.left() }
        cursors.set(alias, cursor)
      }
      if (versions.length >= VERSIONS_PER_ROUND) return undefined
      cursors.set(alias, newCursor(head.lastOrdinal + 1))
      return purse.left()
    }

    function purseOf(alias: string, turn: Turn): Purse {
      const workspace = rules().rules.workspaces.get(alias)
      return createPurse(dependencies, workspace === undefined ? '' : budgetOf(workspace), turn)
    }

    function isStopped(alias: string): boolean {
      const workspace = rules().rules.workspaces.get(alias)
      return workspace !== undefined && pacer.isStopped(budgetOf(workspace))
    }

    function windowFrom(from: number): Promise<Version[]> {
      const known = windows.get(from)
      if (known !== undefined) return known
      const reading = ledger.readVersions(asset, { from, to: head.lastOrdinal, limit: VERSIONS_PER_ROUND })
      windows.set(from, reading)
      return reading
    }

    /** The cursor afterwards: where it still points to this version, the workspace has to wait. */
    async function attempt(encounter: Encounter, purse: Purse): Promise<Cursor | 'taken'> {
      const { alias, version, cursor } = encounter
      try {
        const workspace = workspaceOf(alias)
        const number = numberOf(head, version)
        if (version.movedTo !== undefined) {
          await withdraw(azureMl, workspace, asset, number, version, purse)
          return isWithdrawn(encounter)
        }
        await ensureDatastore(workspace, datastoreOf(version), purse)
        await purse.spend('writes')
        const outcome = await azureMl.putVersion(workspace, asset, number, toDataVersion(version))
        if (outcome === 'taken') return 'taken'
      } catch (error) {
        const turn = purse.left()
        if (error instanceof NotOurTurn) {
          const at = Math.max(error.until, turn?.at ?? 0)
          return waitingInLine(cursor, { count: 0, ...turn, at })
        }
        return await afterTrouble(error, { ...encounter, cursor: { ...cursor, turn } })
      }
      counters.add(`deliveries:registered:${alias}`)
      log.info('version registered', fieldsOf(encounter))
      outcomes.push({ ordinal: version.ordinal, alias, outcome: { state: 'registered', at: clock.now() } })
      return newCursor(version.ordinal + 1)
    }

    async function ensureDatastore(workspace: Workspace, datastore: Datastore, purse: Purse): Promise<void> {
      for (let tries = 1; ; tries += 1) {
        try {
          await azureMl.ensureDatastore(workspace, datastore, { beforeRequest: purse.spend })
          return
        } catch (error) {
          // We may have waited for what somebody else had begun, who had no place for it: we have one.
          const canGoOn = error instanceof NotOurTurn && purse.has(error.kind)
          if (!canGoOn || tries >= MAX_BEGUN_BY_OTHERS) throw error
        }
      }
    }

    function isWithdrawn({ alias, version: { ordinal } }: Encounter): Cursor {
      withdrawn.push({ ordinal, alias })
      return newCursor(ordinal + 1)
    }

    /** A stranger has the number: the data gets another, and then nothing of ours stays under this one. */
    async function move(encounter: Encounter): Promise<void> {
      const { alias, version } = encounter
      const { ordinal } = version
      try {
        const highest = await azureMl.highestVersion(workspaceOf(alias), asset)
        const other = moves.get(ordinal)
        moves.set(ordinal, {
          ordinal,
          highest: Math.max(highest, other?.highest ?? 0),
          takenIn: [...(other?.takenIn ?? []), alias],
        })
        log.warn('the number is taken by someone else, the data moves to another', fieldsOf(encounter))
        cursors.set(alias, newCursor(ordinal + 1))
      } catch (error) {
        cursors.set(alias, await afterTrouble(error, encounter))
      }
    }

    async function afterTrouble(error: unknown, encounter: Encounter): Promise<Cursor> {
      const { alias, version, cursor } = encounter
      if (error instanceof LeaseOver) return cursor
      const fields = fieldsOf({ alias, version })
      const now = clock.now()
      const reason = reasonOf(error)
      if (error instanceof TransientError) {
        const { retryAfterMs, throttled } = error
        if (throttled) {
          await pacer.stop(budgetOf(workspaceOf(alias)), now + (retryAfterMs ?? FIRST_RETRY_MS))
        }
        const { cursor: waiting, gaveUp } = delayed(cursor, { reason, retryAfterMs, throttled }, now)
        if (!gaveUp) {
          counters.add(`deliveries:delayed:${alias}`)
          log.warn('delivery delayed', {
            ...fields,
            reason,
            attempt: waiting.attempts,
            notBefore: waiting.notBefore,
          })
          return waiting
        }
      } else if (!(error instanceof PermanentError)) {
        log.error('delivery met a defect', { ...fields, error })
      }
      if (version.movedTo !== undefined) {
        // Whoever could see it there cannot now.
        log.warn('could not withdraw a version', { ...fields, reason })
        return isWithdrawn(encounter)
      }
      counters.add(`deliveries:failed:${alias}`)
      log.error('delivery failed', { ...fields, reason })
      outcomes.push({ ordinal: version.ordinal, alias, outcome: { state: 'failed', at: now, reason } })
      return newCursor(version.ordinal + 1)
    }

    function fieldsOf({ alias, version }: Omit<Encounter, 'cursor'>): Record<string, unknown> {
      return { asset, version: numberOf(head, version), workspace: alias }
    }

    /** As it was when the version was cut, reached as the rules say now. */
    function datastoreOf({ spec: { account, container, datastore } }: Version): Datastore {
      const credential = rules().rules.datastores.get(`${account}/${container}`)?.credential
      return { account, container, ...datastore, credential }
    }

    /** Not being there may be the rules' change that has not reached this process yet. */
    function workspaceOf(alias: string): Workspace {
      const workspace = rules().rules.workspaces.get(alias)
      if (workspace === undefined) throw new TransientError(`workspace ${alias} is not in the rules`)
      return workspace
    }
  }
}
