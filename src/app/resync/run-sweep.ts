import { reasonOf } from '../../core/errors.ts'
import { SWEEP_GRACE_MS } from '../../core/limits.ts'
import { hasEnded } from '../../core/resync/run.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import { DAY } from '../../core/time.ts'
import type { Clock, Log } from '../ports.ts'
import type { AnnounceRun } from './control.ts'
import { createIndexPrune } from './index-prune.ts'
import type { DocumentKind, ListingIndex, RunStore } from './ports.ts'
import type { RunDocuments } from './run-documents.ts'
import { KEY_HOLDS_MS } from './runs.ts'

/** What is known of a run is kept so long after it was asked for. */
const RUNS_KEPT_MS = 30 * DAY
const PER_PAGE = 200
/** Of one kind, in one go: the rest is removed the next day. */
const MAX_PAGES = 500
const OF_A_RUN: readonly DocumentKind[] = ['part', 'asset', 'finding', 'plan', 'registration']

interface Dependencies {
  store: RunStore
  documents: RunDocuments
  announce: AnnounceRun
  index: ListingIndex
  rules: () => { rules: RuleSet }
  clock: Clock
  log: Log
}

/** Sees to runs whose message was lost, and to what is not needed any more. */
export function createRunSweep(dependencies: Dependencies) {
  const { store, documents, announce, clock, log } = dependencies
  const forgetPlaces = createIndexPrune(dependencies)

  /** Sends another message for what has not moved for minutes, and is nobody's. */
  async function sweep(): Promise<{ woken: number }> {
    let woken = 0
    for (const { id } of (await documents.readRegister()).open) {
      const run = (await documents.readRun(id))?.document
      if (run !== undefined && hasEnded(run)) {
        await documents.strike(id)
        continue
      }
      const parts = await documents.readParts(id)
      const open = parts.filter(({ document }) => document.state === 'open')
      const before = clock.now() - SWEEP_GRACE_MS
      for (const { document } of open) {
        const { lease, progressAt } = document
        if (progressAt >= before || (lease !== undefined && lease.until >= clock.now())) continue
        await announce(id, document.id, 0)
        woken += 1
      }
      const movedAt = Math.max(run?.createdAt ?? 0, ...parts.map(({ document }) => document.progressAt))
      if (open.length > 0 || movedAt >= before) continue
      await announce(id, undefined, 0)
      woken += 1
    }
    if (woken > 0) log.warn('re-sync runs whose message was lost were woken', { woken })
    return { woken }
  }

  /** Removes runs, keys and what else is older than it is kept. Trouble is logged: the next day comes. */
  async function prune(): Promise<void> {
    try {
      const now = clock.now()
      await forget('key', ({ at }) => at < now - KEY_HOLDS_MS)
      await forget('ground', ({ at }) => at < now - RUNS_KEPT_MS)
      await forget('run', run => hasEnded(run) && run.createdAt < now - RUNS_KEPT_MS, removeAllOf)
      await forgetPlaces()
    } catch (error) {
      log.warn('old re-sync runs could not be removed', { reason: reasonOf(error) })
    }
  }

  async function forget<K extends 'key' | 'ground' | 'run'>(
    kind: K,
    isOld: (document: NonNullable<Awaited<ReturnType<typeof store.read<K>>>>['document']) => boolean,
    first: (id: string) => Promise<boolean> = async () => true,
  ): Promise<void> {
    let continuation: string | undefined
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page = await store.list(kind, '', { limit: PER_PAGE, continuation })
      const old: string[] = []
      for (const { id, document } of page.items) if (isOld(document) && (await first(id))) old.push(id)
      await store.remove(kind, '', old)
      continuation = page.continuation
      if (continuation === undefined) return
    }
  }

  /** False: there is more of it, which nobody would find without the run. */
  async function removeAllOf(run: string): Promise<boolean> {
    for (const kind of OF_A_RUN) {
      let isEmpty = false
      for (let pages = 0; pages < MAX_PAGES && !isEmpty; pages += 1) {
        const { items, continuation } = await store.list(kind, run, { limit: PER_PAGE })
        const ids = items.map(({ id }) => id)
        if (ids.length > 0) await store.remove(kind, run, ids)
        isEmpty = ids.length === 0 && continuation === undefined
      }
      if (!isEmpty) return false
    }
    return true
  }

  return { sweep, prune }
}
