import { budgetOf } from '../../core/arm-budget.ts'
import { type AssetHead, newCursor, type Turn } from '../../core/asset/asset.ts'
import { PermanentError, reasonOf, TransientError, UnreadableError } from '../../core/errors.ts'
import { VERSIONS_PER_ROUND } from '../../core/limits.ts'
import { own } from '../../core/record.ts'
import { noCounters, type RunCounters, sumCounters } from '../../core/resync/run.ts'
import { type ClaimedVersion, faultOf, toClaimed } from '../../core/resync/version-fault.ts'
import type { RuleSet, Workspace } from '../../core/rules/rule-set.ts'
import { SECOND } from '../../core/time.ts'
import type { Pacer } from '../delivery/pacer.ts'
import type { createVersionRewriter } from '../delivery/rewrite-versions.ts'
import type { AzureMl, Clock, Ledger, Log } from '../ports.ts'
import type { createFollowing } from './follow.ts'
import type { Finding, RunStore } from './ports.ts'
import { ComeAgain, type Session } from './session.ts'
import { createWorkspaceLists, MAX_VERSIONS, TooFewReads } from './workspace-lists.ts'

const ASSETS_PER_PAGE = 50
/** Of the ledger. */
const VERSIONS_PER_PAGE = 100
/** Findings that a part of a run keeps; more are only counted. */
const MAX_FINDINGS = 1000
/** A workspace that has not answered so many steps in a row is left out. */
const PATIENCE = 4
/** A workspace that has not answered about so many assets in a row is not asked about others in the same step. */
const MAX_SILENCE = 3
/** Where the service does not say for how long it takes nothing more. */
const STOP_MS = 2 * SECOND

interface Dependencies {
  store: RunStore
  ledger: Ledger
  azureMl: AzureMl
  pacer: Pick<Pacer, 'turn' | 'stop'>
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
  const { store, ledger, pacer, rewriteVersions, following, rules, clock, log } = dependencies

  return async function verify(session: Session): Promise<'done' | 'more'> {
    const { run } = session
    let { checkpoint, counters } = session.part()
    const turns: Record<string, Turn> = { ...checkpoint.turns }
    const lists = createWorkspaceLists(dependencies, turns)
    const followed = following.begin(run.id, checkpoint.followed)
    /** By alias: assets in a row that the workspace has not answered about. */
    const silences = new Map<string, number>()
    for (;;) {
      const { continuation, from } = checkpoint
      const page = await assetsAfter(continuation)
      for (const { name: asset } of page.items) {
        // The page is read again where a step ended in its middle.
        if (from !== undefined && placeOf(asset, AFTER_ALIASES) < from) continue
        if (session.isTimeUp()) return stop(placeOf(asset, ''))
        await verifyAsset(asset, from)
        if (session.isQuiet()) await stop(placeOf(asset, AFTER_ALIASES))
      }
      checkpoint = { ...checkpoint, continuation: page.next, from: undefined, turns }
      await session.save({ checkpoint, counters })
      if (page.next === undefined) return 'done'
    }

    async function stop(from: string): Promise<'more'> {
      checkpoint = { ...checkpoint, from, turns }
      await session.save({ checkpoint, counters })
      return 'more'
    }

    async function assetsAfter(after: string | undefined) {
      const { asset } = run.filter
      if (asset !== undefined) return { items: [{ name: asset }], next: undefined }
      return ledger.listAssets({ limit: ASSETS_PER_PAGE, after })
    }

    async function verifyAsset(asset: string, from: string | undefined): Promise<void> {
      const head = await headOf(asset)
      if (head === undefined || head.lastOrdinal === 0) return
      for (const alias of Object.keys(head.cursors).sort()) {
        if (from !== undefined && placeOf(asset, alias) < from) continue
        const workspace = rules().rules.workspaces.get(alias)
        const isWanted = run.filter.workspace === undefined || run.filter.workspace === alias
        if (workspace === undefined || !isWanted) continue
        if ((silences.get(alias) ?? 0) >= MAX_SILENCE) {
          await reportUnanswered(alias, asset, 'it did not answer about other assets either')
          continue
        }
        try {
          await verifyIn(workspace, asset, head)
          silences.delete(alias)
        } catch (error) {
          await unanswered(workspace, asset, error)
        }
      }
    }

    /** Undefined: there is no such asset, or nobody can say what it has. */
    async function headOf(asset: string): Promise<AssetHead | undefined> {
      try {
        return (await ledger.readWork(asset))?.head
      } catch (error) {
        if (!(error instanceof UnreadableError)) throw error
        await reportUnanswered(NO_WORKSPACE, asset, reasonOf(error))
        return undefined
      }
    }

    /** Rejects where it may be answered later. */
    async function unanswered(workspace: Workspace, asset: string, error: unknown): Promise<void> {
      const { alias } = workspace
      if (error instanceof TransientError && error.throttled) {
        const waitMs = error.retryAfterMs ?? STOP_MS
        await pacer.stop(budgetOf(workspace), clock.now() + waitMs)
        await noteHere()
        throw new ComeAgain(error.message, waitMs)
      }
      const isPassing = error instanceof TransientError && session.part().attempts < PATIENCE
      if (error instanceof TooFewReads) checkpoint = { ...checkpoint, reads: error.reads }
      if (error instanceof ComeAgain || isPassing) {
        await noteHere()
        throw error
      }
      const isUnreadable = error instanceof UnreadableError
      if (!(error instanceof PermanentError || error instanceof TransientError || isUnreadable)) throw error
      if (error instanceof TransientError) silences.set(alias, (silences.get(alias) ?? 0) + 1)
      await reportUnanswered(alias, asset, reasonOf(error))

      function noteHere(): Promise<void> {
        const from = placeOf(asset, alias)
        return session.note({ counters, checkpoint: { ...checkpoint, from, turns } })
      }
    }

    async function reportUnanswered(workspace: string, asset: string, detail: string): Promise<void> {
      log.warn('an asset could not be verified', { asset, workspace, reason: detail })
      const at = clock.now()
      await report([{ asset, workspace, version: undefined, kind: 'unanswered', detail, at }])
      counters = { ...counters, unanswered: counters.unanswered + 1 }
    }

    async function verifyIn(workspace: Workspace, asset: string, head: AssetHead): Promise<void> {
      const { alias } = workspace
      // Before the list: what is registered while it is made is not missing from it.
      const claimed = await claimedBy(alias, asset, head)
      if (claimed.length === 0) return
      const there = await lists.listAll(workspace, asset, head.lastOrdinal, checkpoint.reads ?? 0)
      checkpoint = { ...checkpoint, reads: undefined }
      const faults = claimed.flatMap(version => {
        const fault = faultOf(version, there.get(version.number))
        return fault === undefined ? [] : { version, fault }
      })
      // Nor is it at fault if it was moved or withdrawn meanwhile.
      const still = faults.length === 0 ? [] : await claimedBy(alias, asset, head)
      const isStill = new Set(still.map(({ ordinal }) => ordinal))
      const found = faults.filter(({ version }) => isStill.has(version.ordinal))
      const at = clock.now()
      await report(
        found.map(({ version: { number: version }, fault }) => ({
          asset,
          workspace: alias,
          version,
          ...fault,
          at,
        })),
      )
      const ofKind = (kind: Finding['kind']) => found.filter(({ fault }) => fault.kind === kind)
      const missing = ofKind('missing').map(({ version }) => version.ordinal)
      if (missing.length > 0 && !run.filter.dryRun) await followed.add(new Set([asset]))
      const reopened = run.filter.dryRun ? 0 : await reopen(asset, alias, missing)
      checkpoint = { ...checkpoint, followed: followed.count() }
      const more: Partial<RunCounters> = {
        verified: claimed.length,
        missing: missing.length,
        archived: ofKind('archived').length,
        foreign: ofKind('foreign').length,
        reopened,
      }
      counters = sumCounters([counters, { ...noCounters(), ...more }, followed.takeUnfollowed()])
    }

    async function claimedBy(alias: string, asset: string, head: AssetHead): Promise<ClaimedVersion[]> {
      const claimed: ClaimedVersion[] = []
      for (let from = 1; from <= head.lastOrdinal; ) {
        const range = { from, to: head.lastOrdinal, limit: VERSIONS_PER_PAGE }
        const versions = await ledger.readVersions(asset, range)
        for (const version of versions) {
          const it = toClaimed(version, head, alias, run.filter)
          if (it !== undefined) claimed.push(it)
        }
        if (claimed.length > MAX_VERSIONS) throw new PermanentError(`${asset} has too many versions`)
        from = (versions.at(-1)?.ordinal ?? head.lastOrdinal) + 1
      }
      return claimed
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

/** Of findings that are about the ledger itself. */
const NO_WORKSPACE = ''
/** Sorts behind all aliases. */
const AFTER_ALIASES = '~'

/** Sorts by asset, then by workspace: names of assets have no `!`, nor anything that sorts before it. */
function placeOf(asset: string, alias: string): string {
  return `${asset}!${alias}`
}

const NUMBER_DIGITS = 16

function idOf({ asset, workspace, version }: Finding): string {
  return `${asset}!${workspace}!${String(version ?? 0).padStart(NUMBER_DIGITS, '0')}`
}
