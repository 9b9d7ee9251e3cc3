import { numberOf, type Outcome, type Version } from '../../core/asset/asset.ts'
import { sourceOf } from '../../core/asset/data-version.ts'
import { reasonOf, TransientError, UnreadableError } from '../../core/errors.ts'
import { SWEEP_GRACE_MS } from '../../core/limits.ts'
import { isAssetName } from '../../core/naming.ts'
import { own } from '../../core/record.ts'
import { forEachAtMost } from '../concurrency.ts'
import { type createRetry, spansOf } from '../delivery/retry.ts'
import type { Clock, Ledger, Log, Page, PageRequest } from '../ports.ts'
import {
  type Delivery,
  deliveryId,
  type Failure,
  type FailuresWanted,
  holds,
  type RetryOutcome,
} from './failure.ts'
import type { FailureIndex, NotedFailure } from './ports.ts'

const ASSETS_AT_ONCE = 8
/** A row that was written so short a time ago may stand for a commit that is still to come. */
const STRIKE_AFTER_MS = SWEEP_GRACE_MS
const NOTE_HOLDS_MS = STRIKE_AFTER_MS / 2

interface Dependencies {
  ledger: Pick<Ledger, 'readWork' | 'readVersions'>
  failureIndex: FailureIndex
  retry: ReturnType<typeof createRetry>
  clock: Clock
  log: Log
}

/** Deliveries that have failed, by the index of them and by what the ledger says of each. */
export function createFailedDeliveries({ ledger, failureIndex, retry, clock, log }: Dependencies) {
  /**
   * To be called before the ledger is told of these outcomes, and followed by that at once: whoever dies in between
   * leaves a row that nothing is behind, never a failure that nobody is shown.
   */
  async function note(
    asset: string,
    versions: readonly Version[],
    outcomes: readonly { ordinal: number; alias: string; outcome: Outcome }[],
  ): Promise<void> {
    const notedAt = clock.now()
    const failed = outcomes.flatMap(({ ordinal, alias, outcome }) => {
      const version = versions.find(row => row.ordinal === ordinal)
      if (outcome.state !== 'failed' || version === undefined) return []
      const { reason } = outcome
      const told = { rule: version.spec.rule, file: sourceOf(version), reason }
      return [{ asset, ordinal, workspace: alias, ...told, notedAt }]
    })
    if (failed.length === 0) return
    await failureIndex.note(asset, failed)
    if (clock.now() - notedAt > NOTE_HOLDS_MS) throw new TransientError('the list of failures took too long')
  }

  async function list({ q, ...wanted }: FailuresWanted, page: PageRequest): Promise<Page<Failure>> {
    const { items, continuation } = await failureIndex.list(wanted, page)
    const rows = items.filter(({ asset, file, reason }) => holds(q, asset, file, reason))
    const known = new Map<NotedFailure, Failure>()
    await forEachAsset(rows, async (asset, ofAsset) => {
      for (const [row, failure] of await verify(asset, ofAsset)) known.set(row, failure)
    })
    await strike(rows.filter(row => !known.has(row)))
    return { items: rows.flatMap(row => known.get(row) ?? []), continuation }
  }

  /** Of these rows those that are still true. */
  async function verify(asset: string, rows: readonly NotedFailure[]): Promise<[NotedFailure, Failure][]> {
    try {
      const state = await ledger.readWork(asset)
      if (state === undefined) return []
      const versions = await readVersions(asset, rows)
      return rows.flatMap(row => {
        const version = versions.get(row.ordinal)
        const failed = version && failureIn(version, row.workspace)
        if (version === undefined || failed === undefined) return []
        const { at, reason } = failed
        const told = { rule: version.spec.rule, file: sourceOf(version), reason, since: toIso(at) }
        return [[row, { ...toFailure(row), ...told, version: numberOf(state.head, version) }]]
      })
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error
      const reason = (row: NotedFailure) => `${row.reason} (${reasonOf(error)})`
      return rows.map(row => [row, { ...toFailure(row), reason: reason(row) }])
    }
  }

  async function readVersions(asset: string, rows: readonly Delivery[]): Promise<Map<number, Version>> {
    const found = new Map<number, Version>()
    for (const span of spansOf(rows.map(({ ordinal }) => ordinal))) {
      const limit = span.to - span.from + 1
      for (const row of await ledger.readVersions(asset, { ...span, limit })) found.set(row.ordinal, row)
    }
    return found
  }

  async function ruleOf(delivery: Delivery): Promise<string | undefined> {
    if (!isAssetName(delivery.asset)) return undefined
    const version = (await readVersions(delivery.asset, [delivery])).get(delivery.ordinal)
    return version?.spec.rule
  }

  /** Makes a page of them pending again. */
  async function retryPage(
    wanted: FailuresWanted,
    page: PageRequest,
    mayRetry: (rule: string) => boolean,
  ): Promise<Page<RetryOutcome>> {
    const { items: rows, continuation } = await failureIndex.list(wanted, page)
    const items: RetryOutcome[] = rows.filter(({ rule }) => !mayRetry(rule)).map(() => 'notAllowed')
    const allowed = rows.filter(({ rule }) => mayRetry(rule))
    await forEachAsset(allowed, async (asset, ofAsset) => {
      try {
        const started = await retry.deliveries(asset, ofAsset)
        items.push(...Array.from({ length: started }, (): RetryOutcome => 'started'))
        await strike(ofAsset)
      } catch (error) {
        if (!(error instanceof UnreadableError)) throw error
        log.error('a failed delivery cannot be tried again', { asset, reason: reasonOf(error) })
        items.push(...ofAsset.map((): RetryOutcome => 'left'))
      }
    })
    return { items, continuation }
  }

  /** False: it has not failed. */
  async function retryOne(delivery: Delivery): Promise<boolean> {
    return isAssetName(delivery.asset) && (await retry.deliveries(delivery.asset, [delivery])) > 0
  }

  async function strike(rows: readonly NotedFailure[]): Promise<void> {
    const before = clock.now() - STRIKE_AFTER_MS
    await failureIndex.remove(rows.filter(({ notedAt }) => notedAt < before))
  }

  return { note, list, ruleOf, retry: retryPage, retryOne }
}

function forEachAsset(
  rows: readonly NotedFailure[],
  step: (asset: string, rows: NotedFailure[]) => Promise<void>,
): Promise<void> {
  const assets = Map.groupBy(rows, ({ asset }) => asset)
  return forEachAtMost(ASSETS_AT_ONCE, [...assets], ([asset, ofAsset]) => step(asset, ofAsset))
}

function failureIn({ movedTo, outcomes }: Version, alias: string) {
  const outcome = own(outcomes, alias)
  return movedTo === undefined && outcome?.state === 'failed' ? outcome : undefined
}

/** As far as the row knows. */
function toFailure(row: NotedFailure): Failure {
  const { asset, rule, workspace, file, reason, notedAt } = row
  const since = toIso(notedAt)
  return {
    id: deliveryId(row),
    kind: 'delivery',
    rule,
    asset,
    version: null,
    workspace,
    file,
    reason,
    since,
  }
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}
