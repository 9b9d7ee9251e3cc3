/**
 * Two kinds of trouble, told apart by type and never by text: what may pass by itself, and what will not.
 * Everything else that is thrown is a defect of ours.
 */
import { redacted } from './redaction.ts'

/** May pass by itself: throttling, time-outs, a service that is down. Try again later. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
  /** How long the other side asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** Nothing is wrong but that too much was asked: the other side takes nothing until then. */
  readonly throttled: boolean

  constructor(
    message: string,
    options: { cause?: unknown; retryAfterMs?: number | undefined; throttled?: boolean } = {},
  ) {
    super(message, { cause: options.cause })
    this.retryAfterMs = options.retryAfterMs
    this.throttled = options.throttled ?? false
  }
}

/** Will not pass by itself: the message is the reason that people are shown. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError'

  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause })
  }
}

/** A continuation is not one that was given out, or is not taken any more: what it went on with has to be begun anew. */
export class ContinuationError extends PermanentError {}

/** What is stored cannot be read: another version wrote it, or somebody by hand. The message names the place. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError'
}

/** The message of whatever was thrown, without secrets, on one line and bounded: fit for a log field or a stored reason. */
export function reasonOf(error: unknown, maxLength = 300): string {
  const text = String(error instanceof Error ? error.message : error)
  const line = redacted(text).replace(/\s+/g, ' ').trim()
  return line.length > maxLength ? `${line.slice(0, maxLength - 1)}…` : line
}
