import { reasonOf } from '../../core/errors.ts'
import { SWEEP_GRACE_MS } from '../../core/limits.ts'
import { hasEnded } from '../../core/resync/run.ts'
import { DAY } from '../../core/time.ts'
import type { Clock, Log } from '../ports.ts'
import type { AnnounceRun } from './control.ts'
import type { DocumentKind, RunStore } from './ports.ts'
import type { RunDocuments } from './run-documents.ts'
import { KEY_HOLDS_MS } from './runs.ts'

/** What is known of a run is kept so long after it was asked for. */
const RUNS_KEPT_MS = 30 * DAY
const PER_PAGE = 200
/** Of one kind, in one go: the rest is removed the next day. */
const MAX_PAGES = 500
const OF_A_RUN: readonly DocumentKind[] = ['part', 'asset', 'finding', 'plan']

interface Dependencies {
  store: RunStore
  documents: RunDocuments
  announce: AnnounceRun
  clock: Clock
  log: Log
}

/** Sees to runs whose message was lost, and to what is not needed any more. */
export function createRunSweep({ store, documents, announce, clock, log }: Dependencies) {
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
    } catch (error) {
      log.warn('old re-sync runs could not be removed', { reason: reasonOf(error) })
    }
  }

  async function forget<K extends 'key' | 'ground' | 'run'>(
    kind: K,
    isOld: (document: NonNullable<Awaited<ReturnType<typeof store.read<K>>>>['document']) => boolean,
    first: (id: string) => Promise<void> = async () => undefined,
  ): Promise<void> {
    let continuation: string | undefined
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page = await store.list(kind, '', { limit: PER_PAGE, continuation })
      const old = page.items.filter(({ document }) => isOld(document)).map(({ id }) => id)
      for (const id of old) await first(id)
      await store.remove(kind, '', old)
      continuation = page.continuation
      if (continuation === undefined) return
    }
  }

  async function removeAllOf(run: string): Promise<void> {
    for (const kind of OF_A_RUN) {
      for (let pages = 0; pages < MAX_PAGES; pages += 1) {
        const { items } = await store.list(kind, run, { limit: PER_PAGE })
        if (items.length === 0) break
        await store.remove(
          kind,
          run,
          items.map(({ id }) => id),
        )
      }
    }
  }

  return { sweep, prune }
}
