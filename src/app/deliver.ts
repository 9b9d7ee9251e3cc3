import { type AssetHead, type Cursor, numberOf, type Outcome, type Version } from '../core/asset.ts'
import { toDataVersion } from '../core/data-version.ts'
import { PermanentError, reasonOf, TransientError } from '../core/errors.ts'
import { MAX_TRANSACTION_ENTITIES, ROUND_MS, VERSIONS_PER_ROUND, WORKSPACES_AT_ONCE } from '../core/limits.ts'
import { advanced, delayed, type Report } from '../core/plan-work.ts'
import { own } from '../core/record.ts'
import { datastoreOf } from '../core/rules/datastore.ts'
import type { RuleSet, Workspace } from '../core/rules/rule-set.ts'
import { forEachAtMost } from './concurrency.ts'
import type { AzureMl, Clock, Counters, Ledger, Log } from './ports.ts'

interface Dependencies {
  ledger: Pick<Ledger, 'readVersions'>
  azureMl: AzureMl
  rules: () => { rules: RuleSet }
  clock: Clock
  counters: Counters
  log: Log
}

/**
 * Sends what is pending to the workspaces named, each on its own and in the order of cutting, and reports
 * what came of it. Trouble with one workspace ends this round for that workspace only. Rejects only where
 * the ledger does not answer.
 */
export function createDelivery(dependencies: Dependencies) {
  const { ledger, azureMl, rules, clock, counters, log } = dependencies

  return async function deliver(asset: string, head: AssetHead, aliases: readonly string[]): Promise<Report> {
    const outcomes: { ordinal: number; alias: string; outcome: Outcome }[] = []
    const cursors = new Map<string, Cursor>()
    const moves = new Map<number, Report['moves'][number]>()
    const taken: { alias: string; version: Version; cursor: Cursor }[] = []
    const touched = new Set<number>()
    const windows = new Map<number, Promise<Version[]>>()
    const deadline = clock.now() + ROUND_MS

    await forEachAtMost(WORKSPACES_AT_ONCE, aliases, serve)
    // Only now that nothing of ours is on its way under these numbers any more.
    for (const { alias, version, cursor } of taken) await move(alias, version, cursor)
    return { outcomes, cursors, moves: [...moves.values()] }

    async function serve(alias: string): Promise<void> {
      let cursor = own(head.cursors, alias)
      if (cursor === undefined) return
      const versions = await windowFrom(cursor.next)
      for (const version of versions) {
        if (isPending(version, alias)) {
          const full = touched.size >= MAX_TRANSACTION_ENTITIES / 2 && !touched.has(version.ordinal)
          if (full || clock.now() >= deadline) break
          touched.add(version.ordinal)
          const next = await attempt(alias, version, cursor)
          if (next === 'taken') {
            taken.push({ alias, version, cursor })
            return
          }
          if (next.next === version.ordinal) {
            cursors.set(alias, next)
            return
          }
        }
        cursor = advanced(version.ordinal + 1)
        cursors.set(alias, cursor)
      }
      const exhausted =
        versions.length < VERSIONS_PER_ROUND && versions.every(version => version.ordinal < cursor.next)
      if (exhausted) cursors.set(alias, advanced(head.lastOrdinal + 1))
    }

    function windowFrom(from: number): Promise<Version[]> {
      const known = windows.get(from)
      if (known !== undefined) return known
      const reading = ledger.readVersions(asset, { from, to: head.lastOrdinal, limit: VERSIONS_PER_ROUND })
      windows.set(from, reading)
      return reading
    }

    /** The cursor afterwards: where it still points to this version, the workspace has to wait. */
    async function attempt(alias: string, version: Version, cursor: Cursor): Promise<Cursor | 'taken'> {
      try {
        if ((await send(alias, version)) === 'taken') return 'taken'
        counters.add('deliveries:registered')
        log.info('version registered', fieldsOf(alias, version))
        outcomes.push({ ordinal: version.ordinal, alias, outcome: { state: 'registered', at: clock.now() } })
        return advanced(version.ordinal + 1)
      } catch (error) {
        return afterTrouble(error, alias, version, cursor)
      }
    }

    /** A stranger has the number: nothing of ours may stay under it, and the data gets another. */
    async function move(alias: string, version: Version, cursor: Cursor): Promise<void> {
      try {
        await withdraw(version, alias)
        const highest = await azureMl.highestVersion(workspaceOf(alias), asset)
        const known = moves.get(version.ordinal)?.highest ?? 0
        moves.set(version.ordinal, { ordinal: version.ordinal, highest: Math.max(highest, known) })
        log.warn(
          'version number is taken by someone else, the data moves to another',
          fieldsOf(alias, version),
        )
        cursors.set(alias, advanced(version.ordinal + 1))
      } catch (error) {
        cursors.set(alias, afterTrouble(error, alias, version, cursor))
      }
    }

    function fieldsOf(alias: string, version: Version): Record<string, unknown> {
      return { asset, version: numberOf(head, version), workspace: alias }
    }

    function afterTrouble(error: unknown, alias: string, version: Version, cursor: Cursor): Cursor {
      const fields = fieldsOf(alias, version)
      const now = clock.now()
      const reason = reasonOf(error)
      if (error instanceof TransientError) {
        const { cursor: waiting, gaveUp } = delayed(cursor, { reason, retryAfterMs: error.retryAfterMs }, now)
        if (!gaveUp) {
          counters.add('deliveries:delayed')
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
      counters.add('deliveries:failed')
      log.error('delivery failed', { ...fields, reason })
      outcomes.push({ ordinal: version.ordinal, alias, outcome: { state: 'failed', at: now, reason } })
      return advanced(version.ordinal + 1)
    }

    async function send(alias: string, version: Version): Promise<'registered' | 'taken'> {
      const workspace = workspaceOf(alias)
      const { account, container } = version.spec
      const datastore = datastoreOf(rules().rules, account, container)
      await azureMl.ensureDatastore(workspace, datastore)
      const number = numberOf(head, version)
      return azureMl.putVersion(workspace, asset, number, toDataVersion(version, datastore))
    }

    /** Takes the number back everywhere else, so that it means our data in no workspace. */
    async function withdraw(version: Version, takenIn: string): Promise<void> {
      const number = numberOf(head, version)
      await forEachAtMost(
        WORKSPACES_AT_ONCE,
        version.spec.workspaces.filter(alias => alias !== takenIn),
        async alias => {
          try {
            const workspace = workspaceOf(alias)
            const there = await azureMl.getVersion(workspace, asset, number)
            const ours = there?.properties['lakemark.fingerprint'] === version.fingerprint
            if (there !== undefined && ours && !there.isArchived)
              await azureMl.archiveVersion(workspace, asset, number)
          } catch (error) {
            if (!(error instanceof PermanentError)) throw error
            log.warn('could not withdraw a version', { ...fieldsOf(alias, version), reason: reasonOf(error) })
          }
        },
      )
    }

    function workspaceOf(alias: string): Workspace {
      const workspace = rules().rules.workspaces.get(alias)
      if (workspace === undefined) throw new PermanentError(`workspace ${alias} is not in the rules any more`)
      return workspace
    }
  }
}

function isPending(version: Version, alias: string): boolean {
  return (
    version.movedTo === undefined &&
    version.spec.workspaces.includes(alias) &&
    own(version.outcomes, alias) === undefined
  )
}
