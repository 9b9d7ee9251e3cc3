import type { AssetHead, Member, Version } from '../../core/asset/asset.ts'
import { keyOf } from '../../core/asset/fingerprint.ts'
import type { BlobRef } from '../../core/blob-ref.ts'
import { reasonOf as errorText, UnreadableError } from '../../core/errors.ts'
import { explainMatch } from '../../core/explain/explain-match.ts'
import { reasonOf } from '../../core/explain/sentences.ts'
import type { Verdict } from '../../core/explain/verdict.ts'
import type { AssetType } from '../../core/rules/rule-set.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { MatchingRules } from '../intake/intake.ts'
import type { FileTrace, Lake, Ledger, PageRequest } from '../ports.ts'
import { describeVersion, toIso, type VersionDetail } from './asset-views.ts'
import {
  createFileFacts,
  describeGathering,
  describeSighting,
  type FileFacts,
  type GatheringView,
  obstacleOf,
  type Sighting,
} from './file-facts.ts'
import { readFormerContents } from './former-contents.ts'
import { type LakeFacts, readLakeFacts } from './lake-facts.ts'

/**
 * All that is known of one file: what the rules in force make of it, and what was made of it ever, also by rules that
 * are no more. Why a rule leaves it, `explain` says. Times are ISO 8601 in UTC.
 */
export interface FileKnowledge {
  /** `account/container/path` */
  file: string
  account: string
  container: string
  path: string
  /** Of the rules in force, where it is known. */
  commit: string | null
  isWatched: boolean
  isDirectory: boolean
  /** Null: it was not asked, as no rule names the container. */
  lake: LakeFacts | null
  /** Those in force that match. */
  rules: MatchView[]
  /** On the first page those of the rules that match, then what else the ledger knows. */
  assets: FileInAsset[]
  /** The last one of each rule. */
  refusals: RefusalView[]
}

export interface MatchView {
  rule: string
  /** Null: no asset can be made of the file. */
  role: 'data' | 'marker' | null
  asset: string | null
  workspaces: string[]
  /** Why none can be made. */
  reason: string | null
}

/** A file as part of one asset. */
export interface FileInAsset {
  asset: string
  /** Null: there is no such asset yet. */
  type: AssetType | null
  /** Those in force that make this asset of it; none: former ones did. */
  rules: string[]
  /** Where these send it: aliases. */
  workspaces: string[]
  lastSeen: Sighting | null
  gathering: GatheringView | null
  /** Newest first. */
  versions: VersionOfFile[]
  hasMoreVersions: boolean
  obstacle: string | null
  /** Why what the ledger holds of it cannot be read. */
  unreadable: string | null
}

export interface VersionOfFile extends VersionDetail {
  /** Of the newest content of the file; false: it was overwritten since. */
  current: boolean
  /** Of the content that this version took in. */
  etag: string
  sizeBytes: number
}

export interface RefusalView {
  rule: string
  asset: string | null
  reason: string
  at: string
}

const READS_AT_ONCE = 8
/** Of one file in one asset. */
const VERSIONS_SHOWN = 20

interface Dependencies {
  rules: () => MatchingRules
  ledger: Pick<
    Ledger,
    'readFiles' | 'readVersions' | 'readVersionsOfCut' | 'readRefusal' | 'findFile' | 'listFormerMembers'
  >
  lake: Pick<Lake, 'head'>
}

export type FileSearch = ReturnType<typeof createFileSearch>

/** The ledger is gone through page by page; what the rules in force tell stands on the first page alone. */
export function createFileSearch({ rules, ledger, lake }: Dependencies) {
  const readFacts = createFileFacts({ ledger })

  return async function know(
    ref: BlobRef,
    page: PageRequest,
  ): Promise<FileKnowledge & { continuation: string | undefined }> {
    const active = rules()
    const { isWatched, isDirectory, verdicts } = explainMatch(active.rules, ref, active.match)
    const matches = verdicts.filter(({ result }) => result.kind !== 'missed')
    const key = keyOf(ref)
    const isFirst = page.continuation === undefined
    const [facts, { items: traces, continuation }] = await Promise.all([
      // Other accounts than those of the rules are none of ours to send a token to.
      isWatched ? readLakeFacts(lake, ref) : null,
      ledger.findFile(key, page),
    ])
    return {
      file: `${ref.account}/${ref.container}/${ref.path}`,
      ...ref,
      commit: active.commit ?? null,
      isWatched,
      // Some directories are told by their metadata alone.
      isDirectory: isDirectory || (facts?.state === 'there' && facts.isDirectory),
      lake: facts,
      rules: matches.map(describeMatch),
      assets: await readAssets(assetsOf(matches, traces, isFirst), key),
      refusals: await readRefusals(refusersOf(matches, traces, isFirst), key),
      continuation,
    }
  }

  async function readAssets(assets: readonly Expected[], key: string): Promise<FileInAsset[]> {
    const read = new Map<string, FileInAsset>()
    await forEachAtMost(READS_AT_ONCE, assets, async expected => {
      read.set(expected.asset, await readAsset(expected, key))
    })
    return assets.flatMap(({ asset }) => read.get(asset) ?? [])
  }

  async function readAsset(expected: Expected, key: string): Promise<FileInAsset> {
    const { asset, rules, workspaces } = expected
    try {
      const facts = await readFacts(asset, key, expected.target)
      const former =
        facts.head === undefined ? undefined : await readFormerContents(ledger, asset, key, facts.head)
      const versions = former === undefined ? [] : describeVersions(facts, former.contents)
      return {
        asset,
        type: facts.head?.type ?? null,
        rules,
        workspaces,
        lastSeen: describeSighting(facts.file),
        gathering: describeGathering(facts.gathering),
        versions: versions.slice(0, VERSIONS_SHOWN),
        hasMoreVersions: versions.length > VERSIONS_SHOWN || (former?.hasMore ?? false),
        obstacle: expected.type === undefined ? null : obstacleOf(asset, expected.type, facts.head),
        unreadable: null,
      }
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error
      const nothing = { type: null, lastSeen: null, gathering: null, versions: [], hasMoreVersions: false }
      return { asset, rules, workspaces, ...nothing, obstacle: null, unreadable: errorText(error) }
    }
  }

  async function readRefusals(names: readonly string[], key: string): Promise<RefusalView[]> {
    const found: RefusalView[] = []
    await forEachAtMost(READS_AT_ONCE, names, async rule => {
      const refusal = await ledger.readRefusal(rule, key)
      if (refusal === undefined) return
      const { asset, reason, at } = refusal
      found.push({ rule, asset: asset ?? null, reason, at: toIso(at) })
    })
    return found.sort((a, b) => (a.rule < b.rule ? -1 : 1))
  }
}

/** An asset that the file is expected in, because rules in force make it of the file, or it was found there. */
interface Expected {
  asset: string
  target: string | undefined
  type: AssetType | undefined
  rules: string[]
  workspaces: string[]
}

/** What the rules in force tell is on the first page, and on no other. */
function assetsOf(matches: readonly Verdict[], traces: readonly FileTrace[], isFirst: boolean): Expected[] {
  const made = new Map<string, Expected>()
  for (const { rule, result } of matches) {
    if (result.kind !== 'matched') continue
    const { asset, target, type, workspaces } = result
    const known = made.get(asset) ?? { asset, target, type, rules: [], workspaces: [] }
    known.rules.push(rule)
    known.workspaces = [...new Set([...known.workspaces, ...workspaces])].sort()
    made.set(asset, known)
  }
  const others = traces.flatMap(trace =>
    trace.kind === 'asset' && !made.has(trace.asset)
      ? { asset: trace.asset, target: undefined, type: undefined, rules: [], workspaces: [] }
      : [],
  )
  return isFirst ? [...made.values(), ...others] : others
}

function refusersOf(matches: readonly Verdict[], traces: readonly FileTrace[], isFirst: boolean): string[] {
  const now = new Set(matches.map(({ rule }) => rule))
  const others = traces.flatMap(trace => (trace.kind === 'refusal' && !now.has(trace.rule) ? trace.rule : []))
  return isFirst ? [...now, ...others] : others
}

function describeMatch(verdict: Verdict): MatchView {
  const { rule, result } = verdict
  if (result.kind === 'matched') {
    const { role, asset, workspaces } = result
    return { rule, role, asset, workspaces, reason: null }
  }
  return { rule, role: null, asset: null, workspaces: [], reason: reasonOf(result) ?? null }
}

/** Newest first: what its newest content became, then what it held before. */
function describeVersions(
  { head, file, versions }: FileFacts,
  former: readonly { member: Member; version: Version }[],
): VersionOfFile[] {
  if (head === undefined) return []
  const all = [
    ...versions.map(version => ({ version, content: file, current: true })),
    ...former.map(({ member, version }) => ({ version, content: member, current: false })),
  ]
  return all
    .sort((a, b) => b.version.ordinal - a.version.ordinal)
    .map(({ version, content, current }) => ofFile(head, version, content, current))
}

function ofFile(
  head: AssetHead,
  version: Version,
  content: { etag: string; sizeBytes: number } | undefined,
  current: boolean,
): VersionOfFile {
  const { etag, sizeBytes } = content ?? { etag: '', sizeBytes: 0 }
  return { ...describeVersion(head, version), current, etag, sizeBytes }
}
