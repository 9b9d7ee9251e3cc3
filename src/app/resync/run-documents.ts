import { TransientError } from '../../core/errors.ts'
import { MAX_CONFLICTS } from '../../core/limits.ts'
import { noCounters, type Part, type Run } from '../../core/resync/run.ts'
import type { PageRequest } from '../ports.ts'
import type { Documents, Register, RunRequest, RunStore, Stored } from './ports.ts'

const REGISTER = 'runs'
const PARTS_PER_PAGE = 500
const MAX_PAGES = 100

export type RunDocuments = ReturnType<typeof createRunDocuments>

/** Runs, their parts and the register of those that are under way, changed by compare-and-swap. */
export function createRunDocuments({ store }: { store: RunStore }) {
  async function readRun(id: string): Promise<Stored<Run> | undefined> {
    return store.read('run', '', id)
  }

  /** Undefined from `change`: nothing is to be changed. Answers the run as it is then; undefined: there is none. */
  async function changeRun(id: string, change: (run: Run) => Run | undefined): Promise<Run | undefined> {
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      const found = await readRun(id)
      const next = found && change(found.document)
      if (found === undefined || next === undefined) return found?.document
      if ((await store.write('run', '', id, found.etag, next)) !== 'conflict') return next
    }
    throw new TransientError(`run ${id} is changed by too many at once`)
  }

  /** What stands in the register becomes a run, whoever comes by first. */
  async function createRun(request: RunRequest): Promise<Run> {
    const ground = await store.read('ground', '', request.ground)
    const run: Run = {
      ...request,
      state: 'queued',
      phase: 'listing',
      startedAt: undefined,
      endedAt: undefined,
      reason: undefined,
      counters: noCounters(),
      expected: ground?.document.listed,
    }
    if ((await store.write('run', '', request.id, undefined, run)) !== 'conflict') return run
    return (await readRun(request.id))?.document ?? run
  }

  async function readRegister(): Promise<Register> {
    return (await store.read('register', '', REGISTER))?.document ?? { open: [], scheduled: undefined }
  }

  async function changeRegister(change: (register: Register) => Register | undefined): Promise<Register> {
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      const found = await store.read('register', '', REGISTER)
      const register = found?.document ?? { open: [], scheduled: undefined }
      const next = change(register)
      if (next === undefined) return register
      if ((await store.write('register', '', REGISTER, found?.etag, next)) !== 'conflict') return next
    }
    throw new TransientError('the register of runs is changed by too many at once')
  }

  /** The run is not under way any more. */
  async function strike(id: string): Promise<void> {
    await changeRegister(register =>
      register.open.some(it => it.id === id)
        ? { ...register, open: register.open.filter(it => it.id !== id) }
        : undefined,
    )
  }

  /** All of them: their number is bounded. */
  async function readParts(run: string): Promise<Stored<Part>[]> {
    return readAll('part', run, PARTS_PER_PAGE)
  }

  async function readAll<K extends keyof Documents>(
    kind: K,
    scope: string,
    limit: number,
  ): Promise<Stored<Documents[K]>[]> {
    const all: Stored<Documents[K]>[] = []
    let continuation: PageRequest['continuation']
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page = await store.list(kind, scope, { limit, continuation })
      all.push(...page.items)
      continuation = page.continuation
      if (continuation === undefined) break
    }
    return all
  }

  /** Where it is there already, it stays as it is. */
  async function createPart(run: string, part: Part): Promise<void> {
    await store.write('part', run, part.id, undefined, part)
  }

  return {
    readRun,
    changeRun,
    createRun,
    readRegister,
    changeRegister,
    strike,
    readParts,
    createPart,
  }
}
