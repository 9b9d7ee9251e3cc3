import { keyOf } from '../core/asset/fingerprint.ts'
import type { BlobRef } from '../core/blob-ref.ts'
import { reasonOf as errorText } from '../core/errors.ts'
import { explainMatch, type MatchExplanation } from '../core/explain/explain-match.ts'
import { reasonOf } from '../core/explain/sentences.ts'
import type { Verdict } from '../core/explain/verdict.ts'
import { forEachAtMost } from './concurrency.ts'
import type { MatchingRules } from './intake.ts'
import type { BlobProperties, Lake, Ledger } from './ports.ts'
import { describeVersion, type VersionDetail } from './status.ts'

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

export type LakeFacts =
  | ({ state: 'there' } & BlobProperties)
  | { state: 'absent' }
  | { state: 'unknown'; reason: string }

/** What the ledger knows of the file as part of one asset. */
export interface LedgerFacts {
  /** The newest news of the file; null: none has ever come. */
  recorded: {
    at: string
    etag: string
    sizeBytes: number
    /** Null: the lake itself was asked. */
    sequencer: string | null
    removed: boolean
  } | null
  /** Where it waits to be cut into a version. */
  gathering: { files: number; since: string; dueAt: string; cause: string } | null
  /** The version that its newest content is part of. */
  version: VersionDetail | null
  /** The rule's last refusal of the file. */
  refusal: { reason: string; at: string } | null
  /** What stands in the way of the next version. */
  obstacle: string | null
}

const READS_AT_ONCE = 8
/** A number may be taken, and the next one too: as many versions of one cut are looked at. */
const VERSIONS_PER_CUT = 20

interface Dependencies {
  rules: () => MatchingRules
  ledger: Pick<Ledger, 'readFiles' | 'readVersionsOfCut' | 'readRefusal'>
  lake: Pick<Lake, 'head'>
}

/** Why one file is or is not registered: by the rules in force, the ledger, and the lake. */
export function createExplain({ rules, ledger, lake }: Dependencies) {
  return async function explain(ref: BlobRef): Promise<FileExplanation> {
    const active = rules()
    const explained = explainMatch(active.rules, ref, active.match)
    const explanation = toFileExplanation(explained, active.commit)
    const key = keyOf(ref)
    const [facts] = await Promise.all([
      // Other accounts than those of the rules are none of ours to send a token to.
      explained.isWatched ? lakeFacts(ref) : null,
      forEachAtMost(READS_AT_ONCE, explanation.rules, async rule => {
        if (rule.result.kind !== 'missed') rule.ledger = await ledgerFacts(rule, key)
      }),
    ])
    // Some directories are told by their metadata alone.
    const isDirectory = explanation.isDirectory || (facts?.state === 'there' && facts.isDirectory)
    return { ...explanation, isDirectory, source: 'service', lake: facts }
  }

  async function lakeFacts(ref: BlobRef): Promise<LakeFacts> {
    try {
      const blob = await lake.head(ref)
      if (blob === undefined) return { state: 'absent' }
      return { state: 'there', ...blob }
    } catch (error) {
      return { state: 'unknown', reason: errorText(error) }
    }
  }

  async function ledgerFacts({ rule, result }: Verdict, key: string): Promise<LedgerFacts> {
    const refused = await ledger.readRefusal(rule, key)
    const facts: LedgerFacts = {
      recorded: null,
      gathering: null,
      version: null,
      refusal: refused === undefined ? null : { reason: refused.reason, at: toIso(refused.at) },
      obstacle: null,
    }
    if (result.kind !== 'matched') return facts
    const { asset, target, type } = result
    const { head, files, gatherings } = await ledger.readFiles(asset, { files: [key], targets: [target] })
    if (head !== undefined && head.type !== type && head.lastCut > 0) {
      facts.obstacle = `asset ${asset} exists as ${head.type}; the rule makes a ${type}, which needs another name`
    }
    const file = files.get(key)
    if (head === undefined || file === undefined) return facts
    const { etag, sizeBytes, sequencer, removed, cut } = file
    facts.recorded = { at: toIso(file.recordedAt), etag, sizeBytes, sequencer: sequencer ?? null, removed }
    if (cut === 0) return facts
    const gathering = gatherings.get(file.target) ?? (await readGathering(asset, file.target))
    if (gathering?.cut === cut) {
      const { files, since, dueAt, cause } = gathering
      facts.gathering = { files, since: toIso(since), dueAt: toIso(dueAt), cause }
      return facts
    }
    const versions = await ledger.readVersionsOfCut(asset, cut, VERSIONS_PER_CUT)
    const newest = versions.at(-1)
    facts.version = newest === undefined ? null : describeVersion(head, newest)
    return facts
  }

  /** Under former rules the file may have gathered elsewhere. */
  async function readGathering(asset: string, target: string) {
    const { gatherings } = await ledger.readFiles(asset, { files: [], targets: [target] })
    return gatherings.get(target)
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

function toIso(at: number): string {
  return new Date(at).toISOString()
}
