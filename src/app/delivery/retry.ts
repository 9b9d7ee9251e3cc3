import { type AssetHead, newCursor, type Version } from '../../core/asset/asset.ts'
import { MAX_VERSIONS_RETRIED, VERSIONS_PER_ROUND } from '../../core/limits.ts'
import { own } from '../../core/record.ts'
import { isFromRequest } from '../../core/register/request.ts'
import { datastoreOf } from '../../core/rules/datastore.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import type { Ledger } from '../ports.ts'
import type { createVersionRewriter } from './rewrite-versions.ts'

interface Dependencies {
  ledger: Ledger
  rewriteVersions: ReturnType<typeof createVersionRewriter>
  rules: () => { rules: RuleSet }
}

/** Versions that are looked at together. */
const SPAN = VERSIONS_PER_ROUND

/**
 * Makes failed deliveries pending again. A version of a rule that no workspace has goes to the datastore that the rules
 * name now; all others stay where they point to. A version that succeeds later than a newer one becomes what Azure ML
 * shows as the latest.
 */
export function createRetry({ ledger, rewriteVersions, rules }: Dependencies) {
  /** All of an asset. Undefined: there is no such asset. */
  async function retryAsset(asset: string): Promise<{ retried: number } | undefined> {
    const state = await ledger.readWork(asset)
    if (state === undefined) return undefined
    const { lastOrdinal } = state.head
    const from = Math.max(1, lastOrdinal - MAX_VERSIONS_RETRIED + 1)
    const retried = await rewriteVersions(
      asset,
      { from, to: lastOrdinal },
      (head, version) => reopen(head, version, () => true) > 0,
    )
    return { retried }
  }

  /** Those of an asset that are named, as far as they have failed. Answers how many. */
  async function retryDeliveries(
    asset: string,
    deliveries: readonly { ordinal: number; workspace: string }[],
  ): Promise<number> {
    const wanted = new Set(deliveries.map(({ ordinal, workspace }) => `${ordinal} ${workspace}`))
    let sum = 0
    for (const span of spansOf(deliveries.map(({ ordinal }) => ordinal))) {
      // By version, as each may be asked for more than once before it is committed.
      const reopened = new Map<number, number>()
      await rewriteVersions(asset, span, (head, version) => {
        const { ordinal } = version
        const count =
          ordinal > span.to ? 0 : reopen(head, version, alias => wanted.has(`${ordinal} ${alias}`))
        reopened.set(ordinal, count)
        return count > 0
      })
      for (const count of reopened.values()) sum += count
    }
    return sum
  }

  /** Both are changed. Answers how many deliveries of this version had failed, of those that are wanted. */
  function reopen(head: AssetHead, version: Version, isWanted: (alias: string) => boolean): number {
    if (version.movedTo !== undefined) return 0
    const failed = Object.entries(version.outcomes)
      .filter(([alias, { state }]) => state === 'failed' && isWanted(alias))
      .map(([alias]) => alias)
    for (const alias of failed) {
      delete version.outcomes[alias]
      const cursor = own(head.cursors, alias)
      if (cursor === undefined || version.ordinal < cursor.next)
        head.cursors[alias] = newCursor(version.ordinal)
    }
    // What was registered on request stays where the request wanted it.
    const isRules = !isFromRequest(version.spec.rule)
    if (isRules && failed.length > 0 && Object.keys(version.outcomes).length === 0) {
      const { account, container } = version.spec
      const { name, kind } = datastoreOf(rules().rules, account, container)
      version.spec.datastore = { name, kind }
    }
    return failed.length
  }

  return { asset: retryAsset, deliveries: retryDeliveries }
}

/** Few ranges that cover these ordinals, each short: what lies far apart is not read. */
export function spansOf(ordinals: readonly number[]): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = []
  for (const ordinal of [...ordinals].sort((a, b) => a - b)) {
    const last = spans.at(-1)
    if (last !== undefined && ordinal < last.from + SPAN) last.to = ordinal
    else spans.push({ from: ordinal, to: ordinal })
  }
  return spans
}
