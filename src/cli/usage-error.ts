/** Something that the person at the terminal can put right; the message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
