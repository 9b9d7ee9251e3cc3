/** 1: it did not work, 2: wrong usage, 3: what was followed ended with failures. */
export type ExitCode = 1 | 2 | 3

/** Something that the person at the terminal can put right; the message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
