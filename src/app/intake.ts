import type { BlobRef } from '../core/blob-ref.ts'
import { TransientError } from '../core/errors.ts'
import { keyOf } from '../core/fingerprint.ts'
import type { Match } from '../core/matching.ts'
import { isLegalDataPath } from '../core/naming.ts'
import type { Intent } from '../core/plan-intake.ts'
import { type BlobChange, parseStorageEvent } from '../core/storage-events.ts'
import type { Announcer } from './announcer.ts'
import type { ActiveRules, Clock, Counters, Lake, Ledger, Log, Refusal } from './ports.ts'
import type { createRecorder } from './recorder.ts'

interface Dependencies {
  rules: () => ActiveRules & {
    match: (ref: BlobRef) => Match[]
    watches: (account: string, container: string) => boolean
  }
  recorder: ReturnType<typeof createRecorder>
  announcer: Announcer
  ledger: Ledger
  lake: Lake
  clock: Clock
  counters: Counters
  log: Log
}

export interface Intake {
  /**
   * Takes in storage events as they came. Resolves once everything that matters is in the ledger and the
   * work is announced: only then may the sender be told so. Rejects with TransientError where sending the
   * same events again makes sense; an event that cannot be understood is counted and logged, never a reason
   * to reject.
   */
  events(events: readonly unknown[]): Promise<void>
  /** The same for changes that were found otherwise, by listing. */
  changes(changes: readonly BlobChange[]): Promise<void>
}

export function createIntake(dependencies: Dependencies): Intake {
  const { rules, recorder, announcer, ledger, lake, clock, counters, log } = dependencies

  async function events(input: readonly unknown[]): Promise<void> {
    const news: BlobChange[] = []
    const listings: BlobRef[] = []
    for (const event of input) {
      counters.add('events')
      const parsed = parseStorageEvent(event)
      if (parsed.kind === 'changes') news.push(...parsed.changes)
      else if (parsed.kind === 'listing') listings.push(parsed.folder)
      else {
        counters.add(`ignored:${parsed.reason}`)
        log.info('event ignored', { reason: parsed.reason, detail: parsed.detail })
      }
    }
    const watched = listings.filter(folder => rules().watches(folder.account, folder.container))
    await settleAll([changes(news), ...watched.map(folder => announcer.listing(folder, undefined))])
  }

  function changes(news: readonly BlobChange[]): Promise<void> {
    return settleAll(news.map(takeIn))
  }

  async function takeIn(change: BlobChange): Promise<void> {
    const { account, container } = change.ref
    const matches = rules().match(change.ref)
    if (matches.length === 0) {
      counters.add(
        rules().watches(account, container) ? 'ignored:no-rule-matches' : 'ignored:container-not-watched',
      )
      return
    }
    const believed = await believe(change, matches)
    if (believed === undefined) return
    await settleAll(matches.map(match => recordMatch(believed, match)))
  }

  /** Asks the lake where the event leaves something open; undefined: there is nothing to register. */
  async function believe(change: BlobChange, matches: readonly Match[]): Promise<BlobChange | undefined> {
    if (change.kind === 'removed' || change.doubt === undefined) return change
    const markerOnly = change.doubt === 'no bytes' && matches.every(match => match.role === 'marker')
    if (markerOnly) return change
    const blob = await lake.head(change.ref)
    if (blob === undefined) {
      counters.add('ignored:gone')
      log.info('event ignored', { reason: 'gone', detail: change.doubt, path: change.ref.path })
      return undefined
    }
    if (blob.isDirectory) {
      counters.add('ignored:directory')
      return undefined
    }
    if (blob.isBeingCopied) throw new TransientError(`a copy into ${change.ref.path} has not ended`)
    // The lake's answer may be newer than the event: only where it is the same is the event's order worth anything.
    const sequencer = change.etag === blob.etag ? change.sequencer : undefined
    return { ...change, etag: blob.etag, sizeBytes: blob.sizeBytes, sequencer, doubt: undefined }
  }

  async function recordMatch(change: BlobChange, match: Match): Promise<void> {
    if (match.asset === undefined) {
      return refuse(change, match, `"${match.assetText}" has no character that the name of an asset may have`)
    }
    const path = isLegalDataPath(match.dataPath)
    if (!path.ok)
      return refuse(change, match, `no data URI can be written for "${match.dataPath}": ${path.reason}`)
    const { outcome, wakeAt, busy } = await recorder(match.asset, intentOf(change, match))
    counters.add(`files:${outcome}`)
    if (outcome === 'other-type') {
      return refuse(change, match, `asset ${match.asset} exists with another type than ${match.rule.type}`)
    }
    await announcer.work(match.asset, wakeAt, busy)
  }

  async function refuse(change: BlobChange, match: Match, reason: string): Promise<void> {
    if (change.kind === 'removed') return
    counters.add('files:refused')
    log.warn('file refused', { rule: match.rule.name, path: change.ref.path, reason })
    const refusal: Refusal = {
      rule: match.rule.name,
      ref: change.ref,
      key: keyOf(change.ref),
      etag: change.etag,
      asset: match.asset,
      reason,
      at: clock.now(),
    }
    await ledger.refuse([refusal])
  }

  function intentOf(change: BlobChange, match: Match): Intent {
    const { account, container } = change.ref
    const { rule, dataPath, description, tags } = match
    const written = change.kind === 'written' && change.etag !== undefined
    return {
      ref: change.ref,
      key: keyOf(change.ref),
      content: written ? { etag: change.etag ?? '', sizeBytes: change.sizeBytes ?? 0 } : undefined,
      sequencer: change.sequencer,
      observed: false,
      role: match.role,
      spec: {
        rule: rule.name,
        commit: rules().commit,
        type: rule.type,
        account,
        container,
        dataPath,
        description,
        tags,
        workspaces: rule.workspaces,
      },
      target: keyOf({ account, container, path: dataPath }),
      settleMs: rule.settleMs,
      maxWaitMs: rule.maxWaitMs,
    }
  }

  return { events, changes }
}

/** Waits for all, then throws the first failure: what went well is not to be undone by what did not. */
async function settleAll(all: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(all)).find(result => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
