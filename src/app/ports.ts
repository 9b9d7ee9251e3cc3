/**
 * What the use cases need from the world. Owned here, implemented in `azure/` and `memory/`; one contract
 * suite per port runs against both. Every function may throw TransientError; absence is `undefined`, not an error.
 */
import type { BudgetState, RequestKind } from '../core/arm-budget.ts'
import type { AssetHead, FileState, Gathering, Member, Transition, Version } from '../core/asset/asset.ts'
import type { DataVersionBody } from '../core/asset/data-version.ts'
import type { BlobRef } from '../core/blob-ref.ts'
import type { BackfillPlace } from '../core/rules/backfill.ts'
import type { Datastore, RuleSet, Workspace } from '../core/rules/rule-set.ts'
import type { WorkMessage } from '../core/work-message.ts'
import type { Page, PageRequest } from './page.ts'
import type { Refusals } from './refusals.ts'

export type { Page, PageRequest } from './page.ts'
export type { KnownRefusal, Refusal } from './refusals.ts'

/** Milliseconds since 1970. */
export interface Clock {
  now(): number
}

/** The truth. One partition per asset; the etag of its head serialises writers. */
export interface Ledger extends Refusals {
  /** For intake: the head, and of the files and gatherings named those that exist. */
  readFiles(
    asset: string,
    keys: { files: readonly string[]; targets: readonly string[] },
  ): Promise<{
    head: AssetHead | undefined
    etag: string | undefined
    files: Map<string, FileState>
    gatherings: Map<string, Gathering>
  }>
  /** For work: the head and all that gathers. Undefined: the asset is unknown. */
  readWork(asset: string): Promise<{ head: AssetHead; etag: string; gatherings: Gathering[] } | undefined>
  /** Versions with `from <= ordinal <= to`, ascending, at most `limit`. */
  readVersions(
    asset: string,
    range: { from: number; to?: number | undefined; limit: number },
  ): Promise<Version[]>
  /** What became of one cut, ascending by ordinal: more than one version where its number was taken. For people. */
  readVersionsOfCut(asset: string, cut: number, limit: number): Promise<Version[]>
  /** The files of one cut, in no particular order. */
  readMembers(asset: string, cut: number, page: PageRequest): Promise<Page<Member>>
  /**
   * Applies the whole transition if the head still has this etag (undefined: if there is no head yet) and its
   * new files have no row; 'conflict' when someone else was faster, or when an answer was lost and this very transition had been applied.
   * At most 100 rows. Answers the head's new etag. An etag that is still to come is waited for, and what can be
   * done without it is done meanwhile; where it does not come, the reason is thrown and nothing is applied.
   */
  commit(
    asset: string,
    etag: string | undefined | Promise<string>,
    transition: Transition,
  ): Promise<{ etag: string } | 'conflict'>
  /**
   * Assets in the order of their names, behind `after`, whether they can be read or not. There may be fewer than
   * `limit`, even none, and still more to come: `next` is what to go on after; undefined: these were the last.
   */
  listAssets(request: {
    after?: string | undefined
    /** Of their names. */
    prefix?: string | undefined
    limit: number
  }): Promise<{ items: ListedAsset[]; next: string | undefined }>
  /**
   * Where the file of this key was ever taken in or refused, also under rules that are no more. Goes through the whole
   * ledger, page by page; a page may be empty and not the last. For people.
   */
  findFile(key: string, page: PageRequest): Promise<Page<FileTrace>>
  /** What an asset's versions had of a file before it was overwritten, in the order of cutting. For people. */
  listFormerMembers(asset: string, key: string, page: PageRequest): Promise<Page<Member>>
}

export interface ListedAsset {
  name: string
  /** Undefined: it cannot be read. */
  head: AssetHead | undefined
  /** Why it cannot. */
  unreadable: string | undefined
}

/** Of a file in the ledger: an asset that it is or was part of, or a rule that refused it. */
export type FileTrace = { kind: 'asset'; asset: string } | { kind: 'refusal'; rule: string }

/**
 * The assets that have work outstanding: how the sweep finds those whose message was lost. An asset may be in
 * several entries; whoever makes it due earlier than it was adds it anew.
 */
export interface Agenda {
  /** Puts assets on the agenda, many in one entry. */
  add(assets: readonly string[], wakeAt: number): Promise<void>
  /** Entries whose time has come before `before`. */
  overdue(before: number, page: PageRequest): Promise<Page<AgendaEntry>>
  /** Strikes off entries; those that another sweep has changed stay. */
  remove(entries: readonly AgendaEntry[]): Promise<void>
  /** Changes assets and time of entries; those that another sweep has changed stay as they are. */
  replace(entries: readonly AgendaEntry[]): Promise<void>
}

export interface AgendaEntry {
  id: string
  etag: string
  /** None: the entry is there and cannot be read. */
  assets: readonly string[]
  wakeAt: number
}

/** Hints, never truth. */
export interface WorkQueue {
  enqueue(messages: readonly { message: WorkMessage; delayMs: number }[]): Promise<void>
}

export interface BlobProperties {
  /** Without quotes. */
  etag: string
  sizeBytes: number
  isDirectory: boolean
  /** A copy into it has not ended: the content is not all there. */
  isBeingCopied: boolean
}

export interface ListedBlob extends BlobProperties {
  path: string
  /** Of its content or its properties; whole seconds. */
  lastModified: number
}

/** Part of a container: the blobs whose paths begin with `prefix`; '': all. */
export interface LakePlace {
  account: string
  container: string
  prefix: string
}

/** `items`: the folders of one level, as prefixes, each with its slash at the end. */
export interface FolderPage extends Page<string> {
  /** Those that lie at this level itself, markers of directories among them. */
  blobs: ListedBlob[]
}

/**
 * A page of a listing may hold fewer items than asked for, or none, and not be the last. ContinuationError: the
 * continuation is not taken, or not any more.
 */
export interface Lake {
  /** Undefined: there is no such blob. */
  head(ref: BlobRef): Promise<BlobProperties | undefined>
  /** The blobs whose path begins with the folder's path and a slash. */
  list(folder: BlobRef, page: PageRequest): Promise<Page<BlobProperties & { ref: BlobRef }>>
  /** The blobs of a place in the service's order, the same every time; none where there is no such container. */
  listFlat(place: LakePlace, page: PageRequest): Promise<Page<ListedBlob>>
  /**
   * The first path of a place, in the service's order, that does not sort before this name; undefined: there is none.
   * PermanentError: the service does not tell.
   */
  firstFrom(place: LakePlace, name: string): Promise<string | undefined>
  /** What lies one level below a place whose prefix is '' or ends with a slash. */
  listFolders(place: LakePlace, page: PageRequest): Promise<FolderPage>
  /** Whether there is such a container. */
  hasContainer(account: string, container: string): Promise<boolean>
}

export interface RegisteredVersion extends DataVersionBody {
  isArchived: boolean
}

export interface ListedVersion {
  number: number
  dataUri: string
  isArchived: boolean
  /** By which we know our own; undefined: it has none. */
  fingerprint: string | undefined
}

/** Called before a request to ARM; where it rejects, the request is not sent. */
export type BeforeRequest = (kind: RequestKind) => Promise<void>

/** Azure Machine Learning. PermanentError: this will not succeed by itself, with the reason. */
export interface AzureMl {
  /**
   * Creates the datastore where it is missing, and gives it its credential where it has another, or an older version of
   * its secret. `since`: what this process has seen before then does not count. What is known costs no request. Where
   * `beforeRequest` rejects, all who wait for the same are given its reason. PermanentError where one of that name
   * points elsewhere, or its secret cannot be had.
   */
  ensureDatastore(
    workspace: Workspace,
    datastore: Datastore,
    options?: { since?: number; beforeRequest?: BeforeRequest },
  ): Promise<'kept' | 'written'>
  /** 'taken': the number exists with other data. Repeating it with the same data is harmless. */
  putVersion(
    workspace: Workspace,
    asset: string,
    number: number,
    version: DataVersionBody,
  ): Promise<'registered' | 'taken'>
  getVersion(workspace: Workspace, asset: string, number: number): Promise<RegisteredVersion | undefined>
  /** Those versions whose names are numbers, archived ones included, in no particular order; none of an asset that is not there. */
  listVersions(workspace: Workspace, asset: string, page: PageRequest): Promise<Page<ListedVersion>>
  /** Hides a version from lists; nothing is ever deleted. */
  archiveVersion(workspace: Workspace, asset: string, number: number): Promise<void>
  /** The highest version number in use, archived ones included; 0: none. */
  highestVersion(workspace: Workspace, asset: string): Promise<number>
}

/** What this process knows of what ARM has said of itself; a subscription is what `budgetOf` says. */
export interface ArmMeter {
  read(subscription: string, kind: RequestKind): ArmReading
}

export interface ArmReading {
  /** How many requests ARM would take at the time `at`; undefined: it has not said. */
  remaining: number | undefined
  at: number
  /** Requests of this process that have no answer yet. */
  inFlight: number
}

/** What all processes together have left to send to ARM: a document per subscription and kind of request. */
export interface BudgetStore {
  /** Undefined: there is none. A state that is undefined: what is there cannot be read, and may be overwritten. */
  read(
    subscription: string,
    kind: RequestKind,
  ): Promise<{ etag: string; state: BudgetState | undefined } | undefined>
  /** 'conflict': it no longer has this etag (undefined: it exists). */
  write(
    subscription: string,
    kind: RequestKind,
    etag: string | undefined,
    state: BudgetState,
  ): Promise<{ etag: string } | 'conflict'>
}

/** The rules in force. */
export interface ActiveRules {
  rules: RuleSet
  commit: string | undefined
}

export interface RuleFile {
  /** As people know it, from the folder or the repository's root. */
  path: string
  text: string
}

/** Where rule files come from. */
export interface RulesSource {
  /** Which place this is: the same commit of another branch's folder is something else. Holds no secret. */
  address: string
  /** Cheap: which commit is the newest. */
  latestCommit(): Promise<string>
  /** The newest files, with the commit that they are of. */
  read(): Promise<{ commit: string; files: RuleFile[] }>
}

/** What all processes know of the rules. */
export interface RulesState {
  active: { commit: string; address: string; files: RuleFile[]; since: number } | undefined
  /** A newer commit that was refused. */
  candidate: { commit: string; address: string; problems: string[]; seenAt: number } | undefined
  /** Parts of the lake whose files the active rules register and earlier ones did not, to be announced. */
  backfill: BackfillPlace[]
}

/** One document, shared by all processes. */
export interface RulesStore {
  /** Undefined: none was ever written. 'unchanged': it still has this etag. */
  read(etag: string | undefined): Promise<{ etag: string; state: RulesState } | 'unchanged' | undefined>
  /** 'conflict': it no longer has this etag (undefined: it exists). */
  write(etag: string | undefined, state: RulesState): Promise<'written' | 'conflict'>
}

/**
 * Counts what was decided. A name is one word, and what it is counted by behind colons: `ignored:gone`,
 * `deliveries:registered:ml-retail`.
 */
export interface Counters {
  add(name: string, by?: number): void
  all(): Record<string, number>
}

export interface Log {
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}
