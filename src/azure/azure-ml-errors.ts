import { PermanentError, TransientError } from '../core/errors.ts'
import type { Workspace } from '../core/rules/rule-set.ts'
import { isNotFound, isPassing, retryAfterOf, statusOf } from './errors.ts'

const TOO_MANY_REQUESTS = 429

/** An answer that cannot be ARM's own, whatever its status says. */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer'
}

/**
 * The error of a call to Azure ML as the use cases know it: transient where no answer came, where the answer
 * was not one of ARM's, and where the status may pass (a right may be granted any minute); permanent, with
 * ARM's own words, otherwise. What is none of an SDK's errors is a defect of ours and stays what it is.
 */
export function fromArm(error: unknown, workspace: Workspace): unknown {
  if (error instanceof PermanentError || error instanceof TransientError) return error
  const status = statusOf(error)
  const where = `workspace ${workspace.alias}`
  // The SDK trips over addresses and lists that are none.
  if (error instanceof UnusableAnswer || error instanceof TypeError) {
    return new TransientError(`${where} gave no usable answer: ${error.message}`, { cause: error })
  }
  const isAnswer = status !== undefined && status >= 400
  const isOthers = isAnswer && !isOfArm(error)
  const answered = `answered ${status}${isOthers ? ', not as Azure does' : ''}`
  const message = `${where} ${isAnswer ? answered : 'gave no usable answer'}: ${textOf(error)}`
  if (isPassing(error) || isOthers) {
    const throttled = status === TOO_MANY_REQUESTS && !isOfProvider(error)
    return new TransientError(message, { cause: error, retryAfterMs: retryAfterOf(error), throttled })
  }
  return isAnswer ? new PermanentError(message, { cause: error }) : error
}

/** Whether ARM says that a thing is not there. A 404 of a proxy's, whose page may be anything or empty, says nothing. */
export function isAbsent(error: unknown): boolean {
  return isNotFound(error) && isOfArm(error)
}

export function isFilled(text: unknown): text is string {
  return typeof text === 'string' && text !== ''
}

/** The same of a call that carried a secret: its text is taken out of the message, and no cause is kept, which holds the request. */
export function fromArmWithout(secret: string, error: unknown, workspace: Workspace): Error {
  const known = fromArm(error, workspace)
  const text = known instanceof Error ? known.message : String(known)
  const written = [
    secret,
    secret.trim(),
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.trim()),
  ]
  const message = written.reduce((left, form) => left.replaceAll(form, '…'), text)
  if (known instanceof TransientError) {
    const { retryAfterMs, throttled } = known
    return new TransientError(message, { retryAfterMs, throttled })
  }
  return known instanceof PermanentError ? new PermanentError(message) : new Error(message)
}

/** ARM and what is behind it refuse in one form, in JSON: `{error: {code, message}}`. */
function isOfArm(error: unknown): boolean {
  const code = (responseOf(error)?.parsedBody as { error?: { code?: unknown } } | null | undefined)?.error
    ?.code
  return isFilled(code)
}

/** Azure ML's own 429: it says nothing of what ARM would take in this subscription. */
function isOfProvider(error: unknown): boolean {
  return responseOf(error)?.headers?.get('x-ms-failure-cause') === 'service'
}

/** ARM's code and message. Bodies that are not JSON (a proxy's HTML, say) are not repeated. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const response = responseOf(error)
  const isReadable = response === undefined || response.parsedBody !== undefined
  // The SDK puts there what stands in the answer, of whatever type.
  const message = String(error.message).trimStart()
  return [code, isReadable ? message.split('\n')[0] : 'the answer is not JSON'].filter(Boolean).join(': ')
}

/** The answer that an error of the SDK is about, if there was one; `parsedBody`: of JSON, undefined where it is none. */
function responseOf(error: unknown) {
  return (
    error as { response?: { headers?: { get(name: string): string | undefined }; parsedBody?: unknown } }
  ).response
}
