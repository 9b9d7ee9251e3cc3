import { PermanentError, reasonOf, TransientError, UnreadableError } from '../../core/errors.ts'
import { joinMatches, joinWanted } from '../../core/join-matches.ts'
import type { Match } from '../../core/matching.ts'
import type { RunFilter } from '../../core/resync/filter.ts'
import { noCounters, type RunCounters } from '../../core/resync/run.ts'
import { SECOND } from '../../core/time.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { Intake, MatchingRules } from '../intake/intake.ts'
import type { Clock, LakePlace, Ledger, ListedBlob, Log } from '../ports.ts'
import { createJudge, type Wanted } from './judge.ts'

const CHANGES_AT_ONCE = 256

interface Dependencies {
  ledger: Pick<Ledger, 'readFiles'>
  intake: Intake
  clock: Clock
  log: Log
}

/** What a file was when it was found missing. */
export type Found = 'new' | 'changed'

/** What is remembered of blobs, by position. */
export interface Remembered {
  /** By the index: it need not be asked for. */
  isKnown(position: number): boolean
  /** Found missing by a step that may have died before it was counted. */
  foundBefore(position: number): Found | undefined
}

/** By position of the blob; and the assets that they are for. */
export interface Missing {
  found: ReadonlyMap<number, Found>
  assets: ReadonlySet<string>
}

/** What became of some blobs. */
export interface Comparison {
  /** What these blobs add to those of the run, once none of them is looked at again. */
  counters: RunCounters
  /** By position: need not be looked at again while the rules and the blob stay as they are. */
  confirmed: boolean[]
  /** Of what was wanted, whether it was new or not. */
  matches: Match[]
  /** Trouble that may pass, of so many blobs; undefined: all were dealt with. */
  trouble: { error: TransientError; blobs: number } | undefined
}

/** `announce` hears of what is missing before any of it is taken in: whoever dies in between has said so. */
export type Compare = (
  place: LakePlace,
  blobs: readonly ListedBlob[],
  remembered: Remembered,
  filter: RunFilter,
  rules: MatchingRules,
  announce: (missing: Missing) => Promise<void>,
) => Promise<Comparison>

/** Compares blobs with the ledger and takes in what is missing, unless it is a dry run. */
export function createComparison({ ledger, intake, clock, log }: Dependencies): Compare {
  const judge = createJudge({ ledger, log })

  return async function compare(place, blobs, remembered, filter, rules, announce) {
    const wants = wantsOf(filter)
    const since = wholeSecond(filter.since)
    const counters = noCounters()
    const result: Comparison = {
      counters,
      confirmed: blobs.map(() => false),
      matches: [],
      trouble: undefined,
    }
    const found = new Map<number, Found>()
    const wanted = blobs.flatMap((blob, position) => sift(blob, position) ?? [])
    const missing = await findMissing()
    if (!filter.dryRun) await forEachAtMost(CHANGES_AT_ONCE, missing, takeIn)
    for (const what of found.values()) counters[what] += 1
    return result

    /** Counts the blob, and answers it if the ledger has to be asked. */
    function sift(blob: ListedBlob, position: number): Wanted | undefined {
      const { confirmed } = result
      counters.listed += 1
      counters.bytes += blob.sizeBytes
      const matched = rules.match(refOf(blob))
      const matches = wants === undefined ? joinMatches(matched) : joinWanted(matched, wants)
      const isKnown = remembered.isKnown(position)
      confirmed[position] = isKnown || matched.length === 0
      if (matches.length === 0 || (since !== undefined && blob.lastModified < since)) return undefined
      counters.matched += 1
      result.matches.push(...matches)
      if (isKnown) return undefined
      const settleMs = Math.max(...matches.map(({ rule }) => rule.settleMs))
      if (blob.isBeingCopied || clock.now() - blob.lastModified < settleMs) {
        counters.settling += 1
        return undefined
      }
      return { position, blob, matches }
    }

    /** Those that the ledger does not know as they are; they are announced. */
    async function findMissing(): Promise<Wanted[]> {
      const judgements = await judge(place, wanted, rules)
      const assets = new Set<string>()
      const missing = wanted.filter((it, index) => {
        const { verdict = 'known', assets: its = [] } = judgements[index] ?? {}
        if (verdict === 'unreadable') {
          counters.troubled += 1
          return false
        }
        if (verdict === 'known') result.confirmed[it.position] = isWhole(it)
        const isMissing = verdict === 'new' || verdict === 'changed'
        const what = remembered.foundBefore(it.position) ?? (isMissing ? verdict : undefined)
        if (what !== undefined) {
          found.set(it.position, what)
          for (const asset of its) assets.add(asset)
        }
        if (verdict === 'refused' && filter.dryRun) counters.refused += 1
        return verdict !== 'known'
      })
      if (found.size > 0 && !filter.dryRun) await announce({ found, assets })
      return missing
    }

    async function takeIn(it: Wanted): Promise<void> {
      const { etag, sizeBytes } = it.blob
      const ref = refOf(it.blob)
      try {
        const taken = await intake.change(
          { kind: 'written', ref, etag, sizeBytes, sequencer: undefined, doubt: undefined },
          wants,
        )
        // Somebody else was faster, or it is gone, or it was part of something before.
        const isNews = taken.some(({ outcome }) => outcome === 'recorded' || outcome === 'marker')
        const isRefused = taken.some(({ outcome }) => outcome === 'refused')
        // Unless that was a step of this part, which died of it.
        const mayBeOurs = remembered.foundBefore(it.position) !== undefined && !isRefused
        if (!isNews && !mayBeOurs) found.delete(it.position)
        if (isRefused) counters.refused += 1
        result.confirmed[it.position] = isWhole(it)
      } catch (error) {
        found.delete(it.position)
        if (error instanceof TransientError) {
          result.trouble = { error, blobs: (result.trouble?.blobs ?? 0) + 1 }
          return
        }
        counters.troubled += 1
        const isTold = error instanceof PermanentError || error instanceof UnreadableError
        if (isTold) log.warn('a file could not be taken in', { path: ref.path, reason: reasonOf(error) })
        else log.error('re-sync met a defect', { path: ref.path, error })
      }
    }

    /** Whether all that the rules make of the file was looked at, and not only what this run wants of it. */
    function isWhole({ blob, matches }: Wanted): boolean {
      return wants === undefined || joinMatches(rules.match(refOf(blob))).length === matches.length
    }

    function refOf({ path }: ListedBlob) {
      return { account: place.account, container: place.container, path }
    }
  }
}

/** Undefined: all. */
function wantsOf({ rule, asset, workspace }: RunFilter): ((match: Match) => boolean) | undefined {
  if (rule === undefined && asset === undefined && workspace === undefined) return undefined
  return match =>
    (rule === undefined || match.rule.name === rule) &&
    (asset === undefined || match.asset === asset) &&
    (workspace === undefined || match.rule.workspaces.includes(workspace))
}

/** Listings tell whole seconds: a file of this very second may have been written since. */
function wholeSecond(time: number | undefined): number | undefined {
  return time === undefined ? undefined : Math.floor(time / SECOND) * SECOND
}
