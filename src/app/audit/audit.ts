/** The trail of what was changed through the API: a port, implemented in `azure/` and `memory/`. */
import type { Caller } from '../../core/access/caller.ts'
import type { Page, PageRequest } from '../ports.ts'

/** One call that may change something. Times are milliseconds since 1970. */
export interface AuditEntry {
  /** Of the invocation; also in the log, and in the answer where it is a problem. */
  id: string
  at: number
  caller: Pick<Caller, 'kind' | 'id' | 'app' | 'name'>
  /** The route's name, as the API's document has it. */
  route: string
  /** Without secrets, bounded: see toAuditParameters. */
  parameters: Record<string, unknown>
  /** The caller's address as the host gives it; undefined: it gives none, or the caller is on this machine. */
  address: string | undefined
  /** What the caller calls this call by, else the entry's id. */
  correlation: string
  /** Undefined: it was begun, and how it ended was never recorded. */
  outcome: AuditOutcome | undefined
}

export interface AuditOutcome {
  status: number
  /** The problem's type, where the answer was one. */
  problem: string | undefined
  at: number
}

export interface AuditPageRequest extends PageRequest {
  /** `from <= at`. */
  from?: number | undefined
  /** `at < to`. */
  to?: number | undefined
}

/** Every function may throw TransientError. */
export interface AuditLog {
  /** Adds an entry, or puts another state of it, known by time and id, in its place: its outcome came. */
  append(entry: AuditEntry): Promise<void>
  /** Newest first. */
  list(page: AuditPageRequest): Promise<Page<AuditEntry>>
  /**
   * Removes entries of days that had ended by then, at most `limit` of them. Answers how many; 0: there are no more.
   */
  removeBefore(at: number, limit: number): Promise<number>
}
