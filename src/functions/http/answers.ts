import type { HttpResponseInit } from '@azure/functions'
import { PermanentError, reasonOf, TransientError, UnreadableError } from '../../core/errors.ts'
import { redacted } from '../../core/redaction.ts'
import { SECOND } from '../../core/time.ts'

/** What a route answers. */
export interface Answer {
  status: number
  headers?: Record<string, string>
  contentType: string
  body: string
  /** Where it is a problem. */
  problem?: ProblemName
}

/** Of every problem that may be answered: what stands behind `urn:lakemark:` in its type, and its title. */
export const PROBLEMS = {
  'bad-request': 'The request is not as it should be',
  refused: 'What was asked for cannot be done',
  unauthenticated: 'The caller is not known',
  'missing-role': 'The caller lacks an app role',
  'not-operator': 'The rule is operated by others',
  'groups-unknown': "The caller's groups are not known",
  'not-local': 'Only this machine is answered',
  'no-webhook': 'No push webhook is set up',
  'unknown-asset': 'There is no such asset',
  'unknown-failure': 'There is no such failure',
  'unknown-version': 'There is no such version',
  'number-left-out': "The number is none of Lakemark's versions",
  'unknown-run': 'There is no such run',
  'not-registered': 'Not all that was asked for is registered',
  'key-reused': 'The idempotency key was used for another request',
  'length-required': 'The body came without its length',
  'too-large': 'The body is too large',
  'unsupported-media-type': 'The body is not JSON',
  'too-many-requests': 'The caller calls too often',
  unreadable: 'What is stored cannot be read',
  internal: 'The service has a defect',
  unavailable: 'Something that is needed does not answer',
} as const

export type ProblemName = keyof typeof PROBLEMS

/** Ends a call with a problem, from wherever it is noticed. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly answer: Answer

  constructor(answer: Answer) {
    super(answer.problem)
    this.answer = answer
  }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return { status, headers, contentType: 'application/json', body: JSON.stringify(body) }
}

/** RFC 9457 problem JSON. The detail is for people, and holds nothing secret. */
export function problem(
  status: number,
  name: ProblemName,
  detail: string,
  { headers = {}, ...members }: { headers?: Record<string, string>; [member: string]: unknown } = {},
): Answer {
  const body = { type: typeOf(name), title: PROBLEMS[name], status, detail, ...members }
  return {
    status,
    headers,
    contentType: 'application/problem+json',
    body: JSON.stringify(body),
    problem: name,
  }
}

export function typeOf(name: ProblemName): string {
  return `urn:lakemark:${name}`
}

/**
 * What is answered when a call fails: trouble that may pass with 503, what is refused with 400, and what the ledger
 * holds and this version cannot read with 500 and the place of it. Undefined: it is a defect of ours.
 */
export function fromError(error: unknown): Answer | undefined {
  if (error instanceof ProblemError) return error.answer
  if (error instanceof TransientError) {
    const { retryAfterMs } = error
    const headers = retryAfterMs === undefined ? {} : retryAfter(retryAfterMs)
    return problem(503, 'unavailable', withoutPlaces(reasonOf(error)), { headers })
  }
  if (error instanceof PermanentError) return problem(400, 'refused', reasonOf(error))
  if (error instanceof UnreadableError) return problem(500, 'unreadable', reasonOf(error))
  return undefined
}

/** Endpoints of storage and vaults, and what a connection was made to: for those who read the log. */
const PLACES =
  /(?:[\w-]+\.)+(?:core|vault|storage)(?:\.[\w-]+)+(?::\d+)?|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g

function withoutPlaces(text: string): string {
  return text.replace(PLACES, '…')
}

export function retryAfter(ms: number): Record<string, string> {
  return { 'Retry-After': String(Math.max(1, Math.ceil(ms / SECOND))) }
}

/** `instance`: of the call, by which the log and the audit trail know it too. */
export function toResponse(
  { status, headers, contentType, body, problem }: Answer,
  instance: string,
): HttpResponseInit {
  return {
    status,
    headers: {
      ...headers,
      'Content-Type': contentType,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    },
    body: problem === undefined ? body : JSON.stringify({ ...JSON.parse(body), instance }, withoutSecrets),
  }
}

/**
 * What is refused may be repeated, and what a caller has sent to the wrong place may be a secret. Each text on its own:
 * in the finished JSON a secret might end in the middle of an escape.
 */
function withoutSecrets(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? redacted(value) : value
}
