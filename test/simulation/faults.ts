import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { CALL_MS } from '../../src/core/limits.ts'
import { SECOND } from '../../src/core/time.ts'
import type { Profile } from './profile.ts'
import type { Random } from './random.ts'

/** What becomes of one call. */
export interface Treatment {
  /** Until it takes effect. */
  beforeMs: number
  /** From then on until the caller has the answer; of one that is late: from its beginning. */
  afterMs: number
  fault:
    | undefined
    /** Nothing is done. */
    | { kind: 'refused'; name: string; error: Error }
    /** It is done, and the caller is told that it failed. */
    | { kind: 'answer lost'; name: string; error: Error }
    /** It is done, and the caller is told of a conflict, as one is whose request was sent twice. */
    | { kind: 'false conflict'; name: string }
    /** The caller is told that it failed, and it is done after that. */
    | { kind: 'late'; name: string; error: Error }
}

export interface Call {
  port: string
  method: string
  args: readonly unknown[]
}

/** Storage answers within this time, or it is over for the caller. */
const STORAGE_MS = 10 * SECOND
/** What is still on its way when the caller gives up takes effect within this time. */
const LATE_MS = 4 * SECOND
const READS = /^(read|list|overdue|head|get|has|highest|latest)/

/** Decides, call by call, what goes wrong. `workspaces`: what each of them suffers now. */
export interface Faults {
  treat(call: Call): Treatment
  /** From now on nothing goes wrong any more. */
  stop(): void
  /** What a workspace answers to everything; undefined: it works. */
  workspaces: Map<string, 'down' | 'gone'>
}

export function createFaults(random: Random, profile: Profile): Faults {
  let isOver = false
  const workspaces: Faults['workspaces'] = new Map()

  function treat(call: Call): Treatment {
    return call.port === 'azureMl' ? treatAzureMl(call) : treatStorage(call)
  }

  function treatStorage({ port, method }: Call): Treatment {
    const time = { beforeMs: took(1, 15, STORAGE_MS), afterMs: took(1, 8, STORAGE_MS) }
    if (isOver) return { ...time, fault: undefined }
    if (port === 'lake' && random.chance(profile.lake.slow))
      time.beforeMs = random.between(15, STORAGE_MS / 2)
    const { refused, answerLost, falseConflict, late } = profile.storage
    const error = () => new TransientError(`simulated: ${port} did not answer`)
    const isRead = READS.test(method)
    if (random.chance(port === 'lake' ? profile.lake.refused : refused)) {
      return { ...time, fault: { kind: 'refused', name: `${port} refused`, error: error() } }
    }
    if (isRead) return { ...time, fault: undefined }
    if (random.chance(answerLost))
      return { ...time, fault: { kind: 'answer lost', name: `${port} answer lost`, error: error() } }
    if (method === 'commit' || method === 'write') {
      if (random.chance(falseConflict))
        return { ...time, fault: { kind: 'false conflict', name: `${port} false conflict` } }
    }
    if (random.chance(late)) {
      const beforeMs = STORAGE_MS + random.between(0, LATE_MS)
      return { beforeMs, afterMs: STORAGE_MS, fault: { kind: 'late', name: `${port} late`, error: error() } }
    }
    return { ...time, fault: undefined }
  }

  function treatAzureMl({ args }: Call): Treatment {
    const time = azureMlTook()
    const { alias } = args[0] as { alias: string }
    const state = workspaces.get(alias)
    if (state === 'gone') {
      const error = new PermanentError(`simulated: there is no workspace ${alias}`)
      return { ...time, fault: { kind: 'refused', name: 'workspace gone', error } }
    }
    if (state === 'down') return refusal(time, 'workspace down', new TransientError('simulated: 503'))
    if (isOver) return { ...time, fault: undefined }
    const { throttled, refused, timeoutBefore, timeoutAfter } = profile.azureMl
    if (random.chance(throttled)) {
      const retryAfterMs = random.pick([undefined, SECOND, 5 * SECOND, 60 * SECOND])
      return refusal(time, 'azureMl 429', new TransientError('simulated: 429', { retryAfterMs }))
    }
    if (random.chance(refused)) {
      const status = random.pick([500, 503])
      return refusal(time, `azureMl ${status}`, new TransientError(`simulated: ${status}`))
    }
    const timeout = new TransientError('simulated: timed out')
    if (random.chance(timeoutBefore))
      return refusal({ beforeMs: 0, afterMs: CALL_MS }, 'azureMl timed out', timeout)
    if (random.chance(timeoutAfter)) {
      // The product stands on this: no call takes effect after its time.
      const beforeMs = random.between(1, CALL_MS)
      const fault = { kind: 'answer lost' as const, name: 'azureMl timed out when done', error: timeout }
      return { beforeMs, afterMs: CALL_MS - beforeMs, fault }
    }
    return { ...time, fault: undefined }
  }

  function azureMlTook() {
    if (isOver || !random.chance(profile.azureMl.slow)) {
      return { beforeMs: took(20, 200, CALL_MS), afterMs: took(10, 100, CALL_MS) }
    }
    const beforeMs = random.between(CALL_MS / 4, CALL_MS)
    return { beforeMs, afterMs: random.between(0, CALL_MS - beforeMs) }
  }

  function refusal(time: { beforeMs: number; afterMs: number }, name: string, error: Error): Treatment {
    return { ...time, fault: { kind: 'refused', name, error } }
  }

  /** Mostly some milliseconds; now and then much longer, but no longer than half of what the caller waits for. */
  function took(from: number, to: number, limitMs: number): number {
    const { slow, slowestMs } = profile.latency
    if (!isOver && random.chance(slow))
      return Math.min(random.scale(to, Math.max(to, slowestMs)), limitMs / 2)
    return random.between(from, to)
  }

  return {
    treat,
    stop() {
      isOver = true
    },
    workspaces,
  }
}
