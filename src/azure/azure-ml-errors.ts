import { PermanentError, TransientError } from '../core/errors.ts'
import type { Workspace } from '../core/rules/rule-set.ts'
import { retryAfterOf, statusOf } from './errors.ts'

/** 401: a token that has just expired or not been granted yet; the rest: overload and outages. */
const PASSING = new Set([401, 408, 429, 500, 502, 503, 504])

/**
 * The error of a call to Azure ML as the use cases know it: transient where no answer came, where the answer
 * was not one of ARM's, and where the status may pass; permanent, with ARM's own words, otherwise.
 */
export function fromArm(error: unknown, workspace: Workspace): Error {
  if (error instanceof PermanentError || error instanceof TransientError) return error
  const status = statusOf(error)
  const where = `workspace ${workspace.alias}`
  if (status === undefined || PASSING.has(status) || status < 400) {
    const what = status === undefined || status < 400 ? 'gave no usable answer' : `answered ${status}`
    return new TransientError(`${where} ${what}: ${textOf(error)}`, {
      cause: error,
      retryAfterMs: retryAfterOf(error),
    })
  }
  return new PermanentError(`${where} answered ${status}: ${textOf(error)}`, { cause: error })
}

/** ARM's code and message. Bodies that are not ARM's (a proxy's HTML, say) have no code and are not repeated. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const message = error.message.trimStart()
  const isArms = !message.startsWith('<') && !/^Error .* parsing the body/.test(message)
  return [code, isArms ? message.split('\n')[0] : 'the answer is not JSON'].filter(Boolean).join(': ')
}
