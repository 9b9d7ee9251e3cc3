import { TransientError } from '../../core/errors.ts'
import { hasEnded, type Part, type Run } from '../../core/resync/run.ts'
import { SECOND } from '../../core/time.ts'
import type { Clock } from '../ports.ts'
import type { RunStore } from './ports.ts'

/** No page is begun later than this after its step has begun. */
const STEP_MS = 30 * SECOND
/** A step that has not shown itself for so long is dead: longer than a page takes. A slower one loses its part, and no file. */
export const PART_LEASE_MS = 90 * SECOND
const SAVE_AFTER_MS = 20 * SECOND
/** How often a step looks whether its run was cancelled. */
const LOOK_AT_RUN_MS = 5 * SECOND

/** Another step has the part now, or the run has ended: whoever finds out stops at once. */
export class PartLost extends Error {
  override readonly name = 'PartLost'
}

/** A step's hold on a part of a run. */
export interface Session {
  run: Run
  /** As it was last saved; what is changed in it is not saved by itself. */
  part(): Part
  /** Saves progress, and keeps the part for longer. Throws PartLost. */
  save(changes: Partial<Part>): Promise<void>
  /** Saves what is not progress. Throws PartLost. */
  note(changes: Partial<Part>): Promise<void>
  /** Saves for the last time and lets the part go. Throws PartLost. */
  leave(changes: Partial<Part>): Promise<void>
  isTimeUp(): boolean
  /** Whether nothing was saved for so long that it is time. */
  isQuiet(): boolean
}

interface Dependencies {
  store: RunStore
  clock: Clock
  owner: string
}

/** Takes a part; undefined: it is over, or somebody else has it. */
export async function openSession(
  { store, clock, owner }: Dependencies,
  run: Run,
  id: string,
): Promise<Session | undefined> {
  const found = await store.read('part', run.id, id)
  if (found === undefined || found.document.state !== 'open') return undefined
  const begun = clock.now()
  if (found.document.lease !== undefined && found.document.lease.until > begun) return undefined
  let { etag, document: part } = found
  let lookedAt = begun

  try {
    await write({ lease: leaseFrom(begun), progressAt: begun })
  } catch (error) {
    if (error instanceof PartLost) return undefined
    throw error
  }

  return {
    run,
    part: () => part,
    async save(changes) {
      await lookAtRunSometimes()
      const now = clock.now()
      await write({ ...changes, lease: leaseFrom(now), progressAt: now, attempts: 0, reason: undefined })
    },
    async note(changes) {
      await lookAtRunSometimes()
      await write(changes)
    },
    leave: changes => write({ progressAt: clock.now(), ...changes, lease: undefined }),
    isQuiet: () => clock.now() - part.progressAt >= SAVE_AFTER_MS,
    isTimeUp: () => clock.now() - begun >= STEP_MS,
  }

  function leaseFrom(now: number) {
    return { owner, until: now + PART_LEASE_MS }
  }

  async function write(changes: Partial<Part>): Promise<void> {
    const next = { ...part, ...changes }
    const written = await store.write('part', run.id, id, etag, next)
    if (written === 'conflict') throw new PartLost(`part ${id} of run ${run.id} is somebody else's`)
    etag = written.etag
    part = next
  }

  async function lookAtRunSometimes(): Promise<void> {
    const now = clock.now()
    if (now - lookedAt < LOOK_AT_RUN_MS) return
    const current = await store.read('run', '', run.id)
    if (current === undefined || hasEnded(current.document)) throw new PartLost(`run ${run.id} has ended`)
    lookedAt = now
  }
}

/** Something may pass by itself, and the part is to be taken up again not before then. */
export class ComeAgain extends TransientError {
  readonly delayMs: number

  constructor(message: string, delayMs: number) {
    super(message)
    this.delayMs = delayMs
  }
}
