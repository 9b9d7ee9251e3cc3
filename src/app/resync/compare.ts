import { keyOf } from '../../core/asset/fingerprint.ts'
import { toIntent } from '../../core/asset/to-intent.ts'
import { PermanentError, reasonOf, TransientError } from '../../core/errors.ts'
import { joinMatches, joinWanted } from '../../core/join-matches.ts'
import type { Match } from '../../core/matching.ts'
import type { RunFilter } from '../../core/resync/filter.ts'
import { noCounters, type RunCounters } from '../../core/resync/run.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { Intake, MatchingRules } from '../intake.ts'
import type { Clock, LakePlace, Ledger, ListedBlob, Log } from '../ports.ts'

const ASSETS_AT_ONCE = 16
/** Files of one asset that are asked for at a time. */
const FILES_PER_READ = 100
const CHANGES_AT_ONCE = 256

interface Dependencies {
  ledger: Ledger
  intake: Intake
  clock: Clock
  log: Log
}

/** What became of some blobs. */
export interface Comparison {
  /** Counted once, whoever compares these blobs again: what was seen. */
  seen: RunCounters
  /** What was done, which a repetition does not do again. */
  made: RunCounters
  /** By position: need not be looked at again while the rules and the blob stay as they are. */
  confirmed: boolean[]
  /** Assets with something new. */
  touched: Set<string>
  /** Of what was wanted, whether it was new or not. */
  matches: Match[]
  /** Trouble that may pass, of so many blobs; undefined: all were dealt with. */
  trouble: { error: TransientError; blobs: number } | undefined
}

interface Wanted {
  position: number
  blob: ListedBlob
  matches: Match[]
}

type Verdict = 'known' | 'new' | 'changed' | 'refused'

/** Which of the blobs are known, by position, is told by the index. */
export function createComparison({ ledger, intake, clock, log }: Dependencies) {
  /** Compares blobs with the ledger and takes in what is missing, unless it is a dry run. */
  return async function compare(
    place: LakePlace,
    blobs: readonly ListedBlob[],
    isKnown: (position: number) => boolean,
    filter: RunFilter,
    rules: MatchingRules,
  ): Promise<Comparison> {
    const wants = wantsOf(filter)
    const result: Comparison = {
      seen: noCounters(),
      made: noCounters(),
      confirmed: blobs.map(() => false),
      touched: new Set(),
      matches: [],
      trouble: undefined,
    }
    const wanted = blobs.flatMap((blob, position) => sift(blob, position) ?? [])
    const verdicts = await judge(place, wanted, rules)
    const missing = wanted.filter(it => {
      const verdict = verdicts.get(it)
      if (verdict === 'known') result.confirmed[it.position] = isWhole(it)
      return verdict !== 'known'
    })
    if (filter.dryRun) for (const it of missing) result.made[counterOf(verdicts.get(it))] += 1
    else await forEachAtMost(CHANGES_AT_ONCE, missing, it => takeIn(it, verdicts.get(it)))
    return result

    /** Counts the blob, and answers it if the ledger has to be asked. */
    function sift(blob: ListedBlob, position: number): Wanted | undefined {
      const { seen, confirmed } = result
      seen.listed += 1
      seen.bytes += blob.sizeBytes
      const found = rules.match(refOf(blob))
      const matches = wants === undefined ? joinMatches(found) : joinWanted(found, wants)
      if (isKnown(position)) confirmed[position] = true
      if (matches.length === 0) {
        if (found.length === 0) confirmed[position] = true
        return undefined
      }
      if (filter.since !== undefined && blob.lastModified < filter.since) return undefined
      seen.matched += 1
      result.matches.push(...matches)
      if (isKnown(position)) return undefined
      const settleMs = Math.max(...matches.map(({ rule }) => rule.settleMs))
      if (blob.isBeingCopied || clock.now() - blob.lastModified < settleMs) {
        seen.settling += 1
        return undefined
      }
      return { position, blob, matches }
    }

    async function takeIn(it: Wanted, verdict: Verdict | undefined): Promise<void> {
      const { etag, sizeBytes } = it.blob
      const ref = refOf(it.blob)
      try {
        const taken = await intake.change(
          { kind: 'written', ref, etag, sizeBytes, sequencer: undefined, doubt: undefined },
          wants,
        )
        const recorded = taken.filter(({ outcome }) => outcome === 'recorded' || outcome === 'marker')
        for (const { asset } of recorded) if (asset !== undefined) result.touched.add(asset)
        if (recorded.length > 0) result.made[verdict === 'changed' ? 'changed' : 'new'] += 1
        if (taken.some(({ outcome }) => outcome === 'refused')) result.made.refused += 1
        result.confirmed[it.position] = isWhole(it)
      } catch (error) {
        if (error instanceof TransientError) {
          result.trouble = { error, blobs: (result.trouble?.blobs ?? 0) + 1 }
        } else {
          result.seen.troubled += 1
          if (!(error instanceof PermanentError)) log.error('re-sync met a defect', { path: ref.path, error })
          else log.warn('a file could not be taken in', { path: ref.path, reason: reasonOf(error) })
        }
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

  /** What the ledger knows of these files: a file is as new as the newest that it is to any of its assets. */
  async function judge(
    { account, container }: LakePlace,
    wanted: readonly Wanted[],
    rules: MatchingRules,
  ): Promise<Map<Wanted, Verdict>> {
    const verdicts = new Map<Wanted, Verdict>(wanted.map(it => [it, 'known']))
    const byAsset = new Map<string, { key: string; it: Wanted }[]>()
    for (const it of wanted) {
      const { path, etag, sizeBytes } = it.blob
      const ref = { account, container, path }
      const news = { ref, content: { etag, sizeBytes }, sequencer: undefined }
      for (const match of it.matches) {
        const made = toIntent(news, match, rules)
        if ('refused' in made) settle(it, 'refused')
        else {
          const files = byAsset.get(made.asset) ?? []
          files.push({ key: keyOf(ref), it })
          byAsset.set(made.asset, files)
        }
      }
    }
    await forEachAtMost(ASSETS_AT_ONCE, [...byAsset], async ([asset, files]) => {
      for (let from = 0; from < files.length; from += FILES_PER_READ) {
        const some = files.slice(from, from + FILES_PER_READ)
        const state = await ledger.readFiles(asset, { files: some.map(({ key }) => key), targets: [] })
        for (const { key, it } of some) {
          const known = state.files.get(key)
          if (known === undefined) settle(it, 'new')
          else if (known.removed || known.etag !== it.blob.etag) settle(it, 'changed')
        }
      }
    })
    return verdicts

    function settle(it: Wanted, verdict: Verdict): void {
      const order: readonly Verdict[] = ['known', 'refused', 'changed', 'new']
      if (order.indexOf(verdict) > order.indexOf(verdicts.get(it) ?? 'known')) verdicts.set(it, verdict)
    }
  }
}

/** Undefined: all. */
export function wantsOf({ rule, asset, workspace }: RunFilter): ((match: Match) => boolean) | undefined {
  if (rule === undefined && asset === undefined && workspace === undefined) return undefined
  return match =>
    (rule === undefined || match.rule.name === rule) &&
    (asset === undefined || match.asset === asset) &&
    (workspace === undefined || match.rule.workspaces.includes(workspace))
}

function counterOf(verdict: Verdict | undefined): 'new' | 'changed' | 'refused' {
  return verdict === 'changed' || verdict === 'refused' ? verdict : 'new'
}
