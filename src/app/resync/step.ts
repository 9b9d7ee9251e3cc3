import { PermanentError, reasonOf, TransientError } from '../../core/errors.ts'
import { hasEnded, isPartOver, type ListedPlace, newPart, type Part } from '../../core/resync/run.ts'
import { MINUTE, SECOND } from '../../core/time.ts'
import type { Clock, Log } from '../ports.ts'
import type { AnnounceRun } from './control.ts'
import type { createCutPlace } from './cut-place.ts'
import type { createFollowing } from './follow.ts'
import type { RunStore } from './ports.ts'
import type { RegisterRuns } from './register-runs.ts'
import type { RunDocuments } from './run-documents.ts'
import type { createScan } from './scan.ts'
import { ComeAgain, openSession, PartLost, type Session } from './session.ts'
import type { createVerification } from './verify.ts'

/** Steps in a row that met trouble, before the part fails. */
const MAX_ATTEMPTS = 12
/** The same where the trouble is a defect of ours. */
const MAX_DEFECTS = 3
const FIRST_RETRY_MS = 2 * SECOND
const LONGEST_RETRY_MS = MINUTE
const ID_DIGITS = 4

interface Dependencies {
  store: RunStore
  documents: RunDocuments
  announce: AnnounceRun
  cutPlace: ReturnType<typeof createCutPlace>
  scan: ReturnType<typeof createScan>
  verify: ReturnType<typeof createVerification>
  following: ReturnType<typeof createFollowing>
  registering: Pick<RegisterRuns, 'scan' | 'deliver'>
  clock: Clock
  log: Log
  /** Names this process among all that share the store. */
  owner: string
}

type Outcome = 'done' | 'more' | 'split'

/**
 * Works on one part of a run for as long as a step may take, and says what comes next. Whoever dies in it leaves a
 * lease that ends, and a checkpoint from which the next one goes on.
 */
export function createStep(dependencies: Dependencies) {
  const { store, documents, announce, cutPlace, scan, verify, following, registering, clock, log } =
    dependencies
  let steps = 0

  return async function step(runId: string, partId: string): Promise<void> {
    const found = await documents.readRun(runId)
    if (found === undefined || hasEnded(found.document)) return
    steps += 1
    const owner = `${dependencies.owner}:${steps}`
    const session = await openSession({ store, clock, owner }, found.document, partId)
    if (session === undefined) return passBy(runId, partId)
    try {
      try {
        await leave(session, await perform(session))
      } catch (error) {
        await afterTrouble(session, error)
      }
    } catch (error) {
      if (!(error instanceof PartLost)) throw error
      log.info('a step was stopped', { run: runId, part: partId, reason: reasonOf(error) })
    }
  }

  /** Whoever ended the part may have died before it told the run; whoever has it may be dead. */
  async function passBy(run: string, id: string): Promise<void> {
    const part = (await store.read('part', run, id))?.document
    if (part === undefined) return
    if (isPartOver(part)) return announce(run, undefined, 0)
    const leftMs = (part.lease?.until ?? 0) - clock.now()
    if (part.state === 'open' && leftMs > 0) await announce(run, id, leftMs)
  }

  async function perform(session: Session): Promise<Outcome> {
    const { kind, place } = session.part()
    const registers = session.run.kind === 'register'
    if (kind === 'verifying') return verify(session)
    if (kind === 'delivering') {
      await (registers ? registering.deliver(session) : following.follow(session))
      return 'done'
    }
    if (place === undefined) throw new Error(`part ${session.part().id} has no place`)
    if (await split(session, place)) return 'split'
    return registers ? registering.scan(session, place) : scan(session, place)
  }

  async function leave(session: Session, outcome: Outcome): Promise<void> {
    const { id } = session.part()
    if (outcome === 'more') {
      await session.leave({})
      return announce(session.run.id, id, 0)
    }
    await session.leave({ state: outcome })
    await announce(session.run.id, undefined, 0)
  }

  async function afterTrouble(session: Session, error: unknown): Promise<void> {
    if (error instanceof PartLost) throw error
    const { id, attempts } = session.part()
    const { run } = session
    const reason = reasonOf(error)
    if (error instanceof ComeAgain) {
      await session.leave({ reason })
      return announce(run.id, id, error.delayMs)
    }
    const most = error instanceof TransientError ? MAX_ATTEMPTS : MAX_DEFECTS
    if (!(error instanceof TransientError || error instanceof PermanentError)) {
      log.error('a step met a defect', { run: run.id, part: id, error })
    }
    if (error instanceof PermanentError || attempts + 1 >= most) {
      log.error('a part of a re-sync run failed', { run: run.id, part: id, reason })
      await session.leave({ state: 'failed', attempts: attempts + 1, reason })
      return announce(run.id, undefined, 0)
    }
    log.warn('a step is repeated later', { run: run.id, part: id, reason, attempt: attempts + 1 })
    await session.leave({ attempts: attempts + 1, reason })
    await announce(run.id, id, Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempts))
  }

  /** Cuts a place into parts, where that can be done; false: it is listed as it is. */
  async function split(session: Session, place: ListedPlace): Promise<boolean> {
    const part = session.part()
    if (place.splits <= 1) return false
    const prefixes = part.checkpoint.prefixes ?? (await cutPlace(place))
    // Decided once: after a death in between, what lies there may be cut otherwise.
    if (part.checkpoint.prefixes === undefined) {
      await session.save({ checkpoint: { ...part.checkpoint, prefixes } })
    }
    if (prefixes.length <= 1) return false
    for (const [index, prefix] of prefixes.entries()) {
      const id = `${part.id}.${String(index + 1).padStart(ID_DIGITS, '0')}`
      const smaller: Part = newPart(id, 'listing', 'waiting', { ...place, prefix, splits: 1 }, clock.now())
      await documents.createPart(session.run.id, smaller)
    }
    return true
  }
}
