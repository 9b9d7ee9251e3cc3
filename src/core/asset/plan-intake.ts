/**
 * What becomes of an asset when news of its files comes in: a pure decision over the state that was read.
 */

import type { BlobRef } from '../blob-ref.ts'
import { copyOf } from '../copy.ts'
import { MAX_TRANSACTION_ENTITIES, SPECS_PER_TRANSACTION } from '../limits.ts'
import { own } from '../record.ts'
import { isFromRequest } from '../register/request.ts'
import {
  type AssetHead,
  type CutSpec,
  type FileState,
  type Gathering,
  type Member,
  newHead,
  type Transition,
  toMember,
  type Version,
} from './asset.ts'
import { cutGathering, dueAfter } from './cutting.ts'
import { addMember, EMPTY_DIGEST, memberDigest, removeMember } from './fingerprint.ts'

/** One piece of news about one file, matched to one asset. */
export interface Intent {
  ref: BlobRef
  /** The file's key in the ledger. */
  key: string
  /** What the file now holds; undefined: it is gone. */
  content: { etag: string; sizeBytes: number } | undefined
  sequencer: string | undefined
  /** The lake said so after the state was read: this is the newest there is. */
  observed: boolean
  role: 'data' | 'marker'
  spec: CutSpec
  /** The key of the spec's data path: what gathers together. */
  target: string
  settleMs: number
  maxWaitMs: number
}

export interface IntakeState {
  head: AssetHead | undefined
  /** By key; of the intents' files, those that are known. */
  files: ReadonlyMap<string, FileState>
  /** By target; of the intents' targets and the known files' targets, those that are open. */
  gatherings: ReadonlyMap<string, Gathering>
}

export type IntentOutcome =
  /** It is part of a version, or will be of the next. */
  | 'recorded'
  | 'marker'
  | 'removed'
  /** This content was recorded before. */
  | 'duplicate'
  /** Newer news of the file was recorded before. */
  | 'older'
  /** Cannot be told from the news: the lake has to be asked what the file holds now. */
  | 'ask'
  /** The asset exists with another type. */
  | 'other-type'
  /** Does not fit into this transaction; what comes behind it may. */
  | 'later'

export interface IntakePlan {
  /** By position of the intent. */
  outcomes: IntentOutcome[]
  /** Undefined: nothing changes. */
  transition: Transition | undefined
  /** A message must show up then; undefined: one that was sent before will do. */
  wakeAt: number | undefined
  /**
   * The asset has to be on the agenda before the transition is committed: it becomes due earlier than it was,
   * and whoever commits may die before the message is sent.
   */
  busy: boolean
}

export function planIntake(state: IntakeState, intents: readonly Intent[], now: number): IntakePlan {
  const draft = createDraft(state, now)
  const outcomes = intents.map(intent => draft.apply(intent))
  const transition = draft.transition()
  const repeated = outcomes.includes('duplicate') || outcomes.includes('older')
  const before = state.head?.wakeAt
  if (transition === undefined) {
    // The process that recorded this may have died before it sent the message: send it again.
    return { outcomes, transition, wakeAt: repeated ? before : undefined, busy: false }
  }
  const { wakeAt } = transition.head
  const busy = wakeAt !== undefined && (before === undefined || wakeAt < before)
  return { outcomes, transition, wakeAt: busy || repeated ? wakeAt : undefined, busy }
}

function createDraft(state: IntakeState, now: number) {
  let head = state.head === undefined ? undefined : copyOf(state.head)
  const files = new Map<string, FileState>()
  const formerMembers: Member[] = []
  const gatherings = new Map<string, Gathering | undefined>()
  const versions: Version[] = []
  let changed = false

  function apply(intent: Intent): IntentOutcome {
    const known = files.get(intent.key) ?? state.files.get(intent.key)
    if (!hasRoomFor(intent, known)) return 'later'
    if (head !== undefined && head.type !== intent.spec.type) {
      if (!isBlank(head)) return 'other-type'
      head = { ...head, type: intent.spec.type }
    }
    const verdict = known === undefined ? 'newer' : compare(known, intent)
    if (verdict !== 'newer') return verdict
    head ??= newHead(intent.spec.type)
    changed = true
    return intent.content === undefined ? remove(intent, known) : write(head, intent, intent.content, known)
  }

  function write(
    head: AssetHead,
    intent: Intent,
    content: { etag: string; sizeBytes: number },
    known: FileState | undefined,
  ): IntentOutcome {
    if (intent.role === 'marker') {
      if (known !== undefined) leave(known)
      files.set(intent.key, fileState(intent, content, 0))
      const open = gathering(intent.target)
      if (open !== undefined && open.files > 0) cut(head, open, 'marker')
      return 'marker'
    }
    if (known !== undefined && known.cut > 0 && known.etag === content.etag) {
      // Brought back, or reported again, as it was: the cut that it is part of has this content already.
      files.set(intent.key, { ...fileState(intent, content, known.cut), target: known.target })
      return 'recorded'
    }
    if (known !== undefined) leave(known)
    const joined = join(head, intent, content)
    files.set(intent.key, fileState(intent, content, joined.cut))
    if (intent.settleMs === 0) cut(head, joined, 'at once')
    else wake(head, joined.dueAt)
    return 'recorded'
  }

  function remove(intent: Intent, known: FileState | undefined): IntentOutcome {
    const left = known !== undefined && leave(known, false)
    const cut = left || known === undefined ? 0 : known.cut
    files.set(intent.key, {
      ...fileState(intent, { etag: known?.etag ?? '', sizeBytes: known?.sizeBytes ?? 0 }, cut),
      target: known?.target ?? intent.target,
      removed: true,
    })
    return 'removed'
  }

  /** Adds the content to what gathers for its data path, as the first if nothing does. */
  function join(
    head: AssetHead,
    intent: Intent,
    { etag, sizeBytes }: { etag: string; sizeBytes: number },
  ): Gathering {
    const open = gathering(intent.target)
    const since = open?.since ?? now
    const joined: Gathering = {
      target: intent.target,
      cut: open?.cut ?? ++head.lastCut,
      spec: joinedSpec(open?.spec, intent.spec),
      files: (open?.files ?? 0) + 1,
      bytes: (open?.bytes ?? 0) + sizeBytes,
      digest: addMember(open?.digest ?? EMPTY_DIGEST, memberDigest(intent.ref, etag, sizeBytes)),
      lastEtag: etag,
      since,
      ...dueAfter(since, now, intent),
    }
    gatherings.set(intent.target, joined)
    return joined
  }

  /**
   * Takes what was known of a file out of what still gathers, and says whether it did. Otherwise it belongs
   * to a version, which keeps it as a former member if the row is needed for newer content.
   */
  function leave(known: FileState, replaced = true): boolean {
    if (known.cut === 0) return false
    const open = gathering(known.target)
    if (open?.cut !== known.cut) {
      const { key, cut } = known
      if (replaced && !formerMembers.some(member => member.key === key && member.cut === cut)) {
        formerMembers.push(toMember(known))
      }
      return false
    }
    const rest = {
      ...open,
      files: open.files - 1,
      bytes: open.bytes - known.sizeBytes,
      digest: removeMember(open.digest, memberDigest(known.ref, known.etag, known.sizeBytes)),
    }
    // One that is left without files stays while this transaction is planned: how long it has waited counts on.
    gatherings.set(known.target, rest)
    return true
  }

  function cut(head: AssetHead, open: Gathering, cause: 'at once' | 'marker') {
    versions.push(cutGathering(head, open, cause, now))
    gatherings.set(open.target, undefined)
    // Workspaces that wait, each for good reason, are not in a position to take it before.
    const times = open.spec.workspaces.map(alias => own(head.cursors, alias)?.notBefore ?? now)
    wake(head, times.length === 0 ? now : Math.max(now, Math.min(...times)))
  }

  function wake(head: AssetHead, at: number) {
    if (head.wakeAt === undefined || at < head.wakeAt) head.wakeAt = at
  }

  function gathering(target: string): Gathering | undefined {
    return gatherings.has(target) ? gatherings.get(target) : state.gatherings.get(target)
  }

  function fileState(intent: Intent, content: { etag: string; sizeBytes: number }, cut: number): FileState {
    const { key, ref, sequencer, target } = intent
    return { key, ref, ...content, sequencer, removed: false, cut, target, recordedAt: now }
  }

  /** Counts, beside the rows that are written anyway, the most that the intent may add to them. */
  function hasRoomFor({ key, target, role, settleMs }: Intent, known: FileState | undefined): boolean {
    const rows = 1 + files.size + formerMembers.length + gatherings.size + versions.length
    const specs = gatherings.size + versions.length
    const ofFile = Number(!files.has(key))
    // It leaves what gathers for its data path, or stays as a former member of a version.
    const ofKnown = Number(known !== undefined)
    const ofTarget = Number(!gatherings.has(target))
    const ofVersion = Number(settleMs === 0 || role === 'marker')
    const added = ofFile + ofKnown + ofTarget + ofVersion
    return rows + added <= MAX_TRANSACTION_ENTITIES && specs < SPECS_PER_TRANSACTION
  }

  /** Only removals have been recorded: no type has been decided on yet. */
  function isBlank(head: AssetHead): boolean {
    return head.lastCut === 0
  }

  function transition(): Transition | undefined {
    if (head === undefined || !changed) return undefined
    const [known, fresh]: [FileState[], FileState[]] = [[], []]
    for (const file of files.values()) (state.files.has(file.key) ? known : fresh).push(file)
    const [open, closed]: [Gathering[], string[]] = [[], []]
    for (const [target, it] of gatherings) {
      const isOpen = it !== undefined && it.files > 0
      const wasOpen = state.gatherings.has(target)
      head.open += Number(isOpen) - Number(wasOpen)
      if (isOpen) open.push(it)
      else if (wasOpen) closed.push(target)
    }
    return {
      head,
      files: known,
      newFiles: fresh,
      formerMembers,
      gatherings: open,
      closedGatherings: closed,
      versions,
    }
  }

  return { apply, transition }
}

/**
 * The newest spec counts. Rules that make one asset have the same workspaces; requests need not, and what gathers is
 * for those of each.
 */
function joinedSpec(open: CutSpec | undefined, spec: CutSpec): CutSpec {
  if (open === undefined || !(isFromRequest(open.rule) || isFromRequest(spec.rule))) return spec
  return { ...spec, workspaces: [...new Set([...open.workspaces, ...spec.workspaces])].sort() }
}

/** Whether the news is newer than what is known. Sequencers order the events of one blob; etags do not. */
function compare(known: FileState, intent: Intent): 'newer' | 'duplicate' | 'older' | 'ask' {
  const same =
    intent.content === undefined ? known.removed : !known.removed && known.etag === intent.content.etag
  const ordered = known.sequencer !== undefined && intent.sequencer !== undefined
  if (ordered && String(intent.sequencer) > String(known.sequencer)) return 'newer'
  if (same) return 'duplicate'
  if (intent.observed) return 'newer'
  return ordered ? 'older' : 'ask'
}
