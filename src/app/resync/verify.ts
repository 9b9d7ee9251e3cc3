import { type AssetHead, newCursor, numberOf, type Turn, type Version } from '../../core/asset/asset.ts'
import { canonicalDataUri } from '../../core/asset/data-uri.ts'
import { toDataVersion } from '../../core/asset/data-version.ts'
import { PermanentError, reasonOf, TransientError } from '../../core/errors.ts'
import { TURN_HOLDS_MS, VERSIONS_PER_ROUND } from '../../core/limits.ts'
import { own } from '../../core/record.ts'
import type { RunFilter } from '../../core/resync/filter.ts'
import { noCounters, type RunCounters, sumCounters } from '../../core/resync/run.ts'
import type { RuleSet, Workspace } from '../../core/rules/rule-set.ts'
import type { Pacer } from '../pacer.ts'
import type { AzureMl, Clock, Ledger, ListedVersion, Log } from '../ports.ts'
import type { createVersionRewriter } from '../rewrite-versions.ts'
import type { createFollowing } from './follow.ts'
import type { Finding, RunStore } from './ports.ts'
import { ComeAgain, type Session } from './session.ts'

const ASSETS_PER_PAGE = 50
const VERSIONS_PER_PAGE = 100
/** Versions of one asset in one workspace that are compared: no one keeps more by hand. */
const MAX_PAGES = 200
/** Findings that a part of a run keeps; more are only counted. */
const MAX_FINDINGS = 1000
/** Requests that are lined up for at a time. */
const READS_PER_TURN = 10
/** A workspace that has not answered so many steps in a row is left out. */
const PATIENCE = 4

interface Dependencies {
  store: RunStore
  ledger: Ledger
  azureMl: AzureMl
  pacer: Pick<Pacer, 'turn'>
  rewriteVersions: ReturnType<typeof createVersionRewriter>
  following: ReturnType<typeof createFollowing>
  rules: () => { rules: RuleSet }
  clock: Clock
  log: Log
}

/**
 * Compares what the ledger says is registered with what Azure ML has, asset by asset. What is missing is delivered
 * again, with its number and its data; what was archived, or holds other data, is reported and left alone.
 */
export function createVerification(dependencies: Dependencies) {
  const { store, ledger, azureMl, pacer, rewriteVersions, following, rules, clock, log } = dependencies

  return async function verify(session: Session): Promise<'done' | 'more'> {
    const { run } = session
    let { checkpoint, counters } = session.part()
    const turns: Record<string, Turn> = { ...checkpoint.turns }
    for (;;) {
      const { continuation, from } = checkpoint
      const page = await ledger.listAssets({ limit: ASSETS_PER_PAGE, continuation })
      for (const asset of page.items) {
        // The page is read again where a step ended in its middle.
        if (from !== undefined && placeOf(asset, AFTER_ALIASES) < from) continue
        if (run.filter.asset !== undefined && asset !== run.filter.asset) continue
        if (session.isTimeUp()) return stop(placeOf(asset, ''))
        await verifyAsset(asset, from)
        if (session.isQuiet()) await stop(placeOf(asset, AFTER_ALIASES))
      }
      checkpoint = { ...checkpoint, continuation: page.continuation, from: undefined, turns }
      await session.save({ checkpoint, counters })
      if (page.continuation === undefined) return 'done'
    }

    async function stop(from: string): Promise<'more'> {
      checkpoint = { ...checkpoint, from, turns }
      await session.save({ checkpoint, counters })
      return 'more'
    }

    async function verifyAsset(asset: string, from: string | undefined): Promise<void> {
      const state = await ledger.readWork(asset)
      if (state === undefined || state.head.lastOrdinal === 0) return
      for (const alias of Object.keys(state.head.cursors).sort()) {
        if (from !== undefined && placeOf(asset, alias) < from) continue
        const workspace = rules().rules.workspaces.get(alias)
        const isWanted = run.filter.workspace === undefined || run.filter.workspace === alias
        if (workspace === undefined || !isWanted) continue
        try {
          await verifyIn(workspace, asset, state.head)
        } catch (error) {
          await unanswered(workspace, asset, error)
        }
      }
    }

    /** Rejects where it may be answered later. */
    async function unanswered(workspace: Workspace, asset: string, error: unknown): Promise<void> {
      const isPassing = error instanceof TransientError && session.part().attempts < PATIENCE
      if (error instanceof ComeAgain || isPassing) {
        await session.note({
          counters,
          checkpoint: { ...checkpoint, from: placeOf(asset, workspace.alias), turns },
        })
        throw error
      }
      if (!(error instanceof PermanentError || error instanceof TransientError)) throw error
      const detail = reasonOf(error)
      log.warn('a workspace could not be verified', { asset, workspace: workspace.alias, reason: detail })
      const kind = 'unanswered'
      await report([{ asset, workspace: workspace.alias, version: undefined, kind, detail, at: clock.now() }])
      counters = { ...counters, unanswered: counters.unanswered + 1 }
    }

    async function verifyIn(workspace: Workspace, asset: string, head: AssetHead): Promise<void> {
      const there = await listAll(workspace, asset)
      const missing: number[] = []
      const findings: Finding[] = []
      let compared = 0
      for (let from = 1; from <= head.lastOrdinal; ) {
        const versions = await ledger.readVersions(asset, {
          from,
          to: head.lastOrdinal,
          limit: VERSIONS_PER_PAGE,
        })
        for (const version of versions.filter(it => isOurs(it, workspace.alias, run.filter))) {
          compared += 1
          const number = numberOf(head, version)
          const fault = faultOf(version, there.get(number))
          if (fault?.kind === 'missing') missing.push(version.ordinal)
          if (fault !== undefined) {
            findings.push({ asset, workspace: workspace.alias, version: number, ...fault, at: clock.now() })
          }
        }
        from = (versions.at(-1)?.ordinal ?? head.lastOrdinal) + 1
      }
      await report(findings)
      const reopened = run.filter.dryRun ? 0 : await reopen(asset, workspace.alias, missing)
      const of = (kind: Finding['kind']) => findings.filter(finding => finding.kind === kind).length
      const found: Partial<RunCounters> = {
        verified: compared,
        missing: of('missing'),
        archived: of('archived'),
        foreign: of('foreign'),
        reopened,
      }
      counters = sumCounters([counters, { ...noCounters(), ...found }])
      if (reopened === 0) return
      const followed = await following.add(run.id, new Set([asset]), checkpoint.followed, counters)
      checkpoint = { ...checkpoint, followed }
    }

    async function listAll(workspace: Workspace, asset: string): Promise<Map<number, ListedVersion>> {
      const there = new Map<number, ListedVersion>()
      let continuation: string | undefined
      for (let pages = 0; pages < MAX_PAGES; pages += 1) {
        await takeTurn(workspace)
        const page = await azureMl.listVersions(workspace, asset, { limit: VERSIONS_PER_PAGE, continuation })
        for (const item of page.items) there.set(item.number, item)
        continuation = page.continuation
        if (continuation === undefined) return there
      }
      throw new PermanentError(`workspace ${workspace.alias} has too many versions of ${asset}`)
    }

    /** Throws ComeAgain where it is not our turn yet. */
    async function takeTurn({ subscription }: Workspace): Promise<void> {
      const held = own(turns, subscription)
      const holds = held !== undefined && held.count > 0 && clock.now() - held.at <= TURN_HOLDS_MS
      const turn = holds ? held : await pacer.turn(subscription, 'reads', READS_PER_TURN)
      turns[subscription] = turn
      const waitMs = turn.at - clock.now()
      if (waitMs > 0) throw new ComeAgain('waits its turn: Azure takes a limited number of reads', waitMs)
      turns[subscription] = { ...turn, count: turn.count - 1 }
    }

    async function report(findings: readonly Finding[]): Promise<void> {
      const kept = counters.missing + counters.archived + counters.foreign + counters.unanswered
      const some = findings.slice(0, Math.max(0, MAX_FINDINGS - kept))
      if (some.length === 0) return
      await store.put(
        'finding',
        run.id,
        some.map(document => ({ id: idOf(document), document })),
      )
    }
  }

  /** Answers how many versions are delivered again: nothing changes of their numbers and their data. */
  async function reopen(asset: string, alias: string, ordinals: readonly number[]): Promise<number> {
    let reopened = 0
    for (let at = 0; at < ordinals.length; at += VERSIONS_PER_ROUND) {
      const some = new Set(ordinals.slice(at, at + VERSIONS_PER_ROUND))
      const range = { from: Math.min(...some), to: Math.max(...some) }
      reopened += await rewriteVersions(asset, range, (head, version) => {
        if (!some.has(version.ordinal) || own(version.outcomes, alias)?.state !== 'registered') return false
        delete version.outcomes[alias]
        const cursor = own(head.cursors, alias)
        if (cursor === undefined || version.ordinal < cursor.next)
          head.cursors[alias] = newCursor(version.ordinal)
        return true
      })
    }
    return reopened
  }
}

/** Sorts behind all aliases. */
const AFTER_ALIASES = '~'

/** Sorts by asset, then by workspace: names of assets have no `!`, nor anything that sorts before it. */
function placeOf(asset: string, alias: string): string {
  return `${asset}!${alias}`
}

/** Whether the ledger says that the workspace has it, and the run is about it. */
function isOurs({ movedTo, outcomes, spec }: Version, alias: string, filter: RunFilter): boolean {
  const { container, prefix, rule } = filter
  return (
    movedTo === undefined &&
    own(outcomes, alias)?.state === 'registered' &&
    (container === undefined ||
      container === spec.container ||
      container === `${spec.account}/${spec.container}`) &&
    (prefix === undefined || spec.dataPath.startsWith(prefix)) &&
    (rule === undefined || spec.rule === rule)
  )
}

function faultOf(
  version: Version,
  there: ListedVersion | undefined,
): { kind: 'missing' | 'archived' | 'foreign'; detail: string } | undefined {
  if (there === undefined) return { kind: 'missing', detail: 'the workspace does not have it' }
  const { dataUri } = toDataVersion(version)
  const isSame = canonicalDataUri(there.dataUri) === canonicalDataUri(dataUri)
  if (!isSame && there.fingerprint !== version.fingerprint) {
    return { kind: 'foreign', detail: `its number holds ${there.dataUri}, and not ${dataUri}`.slice(0, 1000) }
  }
  return there.isArchived ? { kind: 'archived', detail: 'somebody has archived it' } : undefined
}

const NUMBER_DIGITS = 16

function idOf({ asset, workspace, version }: Finding): string {
  return `${asset}!${workspace}!${String(version ?? 0).padStart(NUMBER_DIGITS, '0')}`
}
