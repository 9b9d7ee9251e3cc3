import { keyOf } from '../../core/asset/fingerprint.ts'
import type { BlobRef } from '../../core/blob-ref.ts'
import { explainMatch, type MatchExplanation } from '../../core/explain/explain-match.ts'
import { reasonOf } from '../../core/explain/sentences.ts'
import type { Verdict } from '../../core/explain/verdict.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { MatchingRules } from '../intake/intake.ts'
import type { Lake, Ledger } from '../ports.ts'
import { describeVersion, toIso, type VersionDetail } from './asset-views.ts'
import {
  createFileFacts,
  describeGathering,
  describeSighting,
  type GatheringView,
  obstacleOf,
  type Sighting,
} from './file-facts.ts'
import { type LakeFacts, readLakeFacts } from './lake-facts.ts'

/** As the HTTP API answers it. Times are ISO 8601 in UTC. */
export interface FileExplanation {
  /** `account/container/path` */
  file: string
  account: string
  container: string
  path: string
  /** Of the rules, where it is known. */
  commit: string | null
  /** Whether the ledger and the lake were asked, or the rules alone. */
  source: 'service' | 'rules'
  isDirectory: boolean
  isWatched: boolean
  /** As `account/container`. */
  nearestContainers: string[]
  /** What the lake holds; null: it was not asked. */
  lake: LakeFacts | null
  /** Those that match first, then the nearest. */
  rules: RuleExplanation[]
  notShown: number
  ofOtherContainers: number
  nearest: { rule: string; advice: string } | null
}

export interface RuleExplanation extends Verdict {
  /** Null: the rule takes the file. */
  reason: string | null
  /** Of a rule that matches; null: the ledger was not asked. */
  ledger: LedgerFacts | null
}

/** What the ledger knows of the file as part of one asset. */
export interface LedgerFacts {
  /** The newest news of the file; null: none has ever come. */
  recorded: Sighting | null
  /** Where it waits to be cut into a version. */
  gathering: GatheringView | null
  /** The version that its newest content is part of. */
  version: VersionDetail | null
  /** The rule's last refusal of the file. */
  refusal: { reason: string; at: string } | null
  /** What stands in the way of the next version. */
  obstacle: string | null
}

const READS_AT_ONCE = 8

interface Dependencies {
  rules: () => MatchingRules
  ledger: Pick<Ledger, 'readFiles' | 'readVersionsOfCut' | 'readRefusal'>
  lake: Pick<Lake, 'head'>
}

/** Why one file is or is not registered: by the rules in force, the ledger, and the lake. */
export function createExplain({ rules, ledger, lake }: Dependencies) {
  const readFacts = createFileFacts({ ledger })

  return async function explain(ref: BlobRef): Promise<FileExplanation> {
    const active = rules()
    const explained = explainMatch(active.rules, ref, active.match)
    const explanation = toFileExplanation(explained, active.commit)
    const key = keyOf(ref)
    const [facts] = await Promise.all([
      // Other accounts than those of the rules are none of ours to send a token to.
      explained.isWatched ? readLakeFacts(lake, ref) : null,
      forEachAtMost(READS_AT_ONCE, explanation.rules, async rule => {
        if (rule.result.kind !== 'missed') rule.ledger = await ledgerFacts(rule, key)
      }),
    ])
    // Some directories are told by their metadata alone.
    const isDirectory = explanation.isDirectory || (facts?.state === 'there' && facts.isDirectory)
    return { ...explanation, isDirectory, source: 'service', lake: facts }
  }

  async function ledgerFacts({ rule, result }: Verdict, key: string): Promise<LedgerFacts> {
    const refused = await ledger.readRefusal(rule, key)
    const refusal = refused === undefined ? null : { reason: refused.reason, at: toIso(refused.at) }
    if (result.kind !== 'matched') {
      return { recorded: null, gathering: null, version: null, refusal, obstacle: null }
    }
    const { asset, target, type } = result
    const { head, file, gathering, versions } = await readFacts(asset, key, target)
    const newest = versions.at(-1)
    return {
      recorded: describeSighting(file),
      gathering: describeGathering(gathering),
      version: head === undefined || newest === undefined ? null : describeVersion(head, newest),
      refusal,
      obstacle: obstacleOf(asset, type, head),
    }
  }
}

/** What the rules alone say. */
export function toFileExplanation(explained: MatchExplanation, commit: string | undefined): FileExplanation {
  const { ref, isDirectory, isWatched, nearestContainers, verdicts, notShown, ofOtherContainers, nearest } =
    explained
  return {
    file: `${ref.account}/${ref.container}/${ref.path}`,
    ...ref,
    commit: commit ?? null,
    source: 'rules',
    isDirectory,
    isWatched,
    nearestContainers: nearestContainers.map(({ account, container }) => `${account}/${container}`),
    lake: null,
    rules: verdicts.map(verdict => ({ ...verdict, reason: reasonOf(verdict.result) ?? null, ledger: null })),
    notShown,
    ofOtherContainers,
    nearest: nearest ?? null,
  }
}
