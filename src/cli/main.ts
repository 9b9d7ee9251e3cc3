import { CommanderError } from 'commander'
import { COMMANDS } from './commands/commands.ts'
import { createProgram } from './program.ts'
import { printableLines } from './terminal/printable.ts'
import { UsageError } from './usage-error.ts'

/** What the scripts of `lakemark completion` call while somebody is typing: `__complete -- WORD…`. */
const COMPLETE = '__complete'

/**
 * The command line. Exit codes: 0 done, 1 it did not work (the reason is on standard error), 2 wrong usage, 3 what was
 * followed ended with failures. Each command's code is loaded when it is run: the others' packages cost nothing.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const [, , command, , ...words] = argv
  try {
    if (command === COMPLETE) {
      const { tellCompletions } = await import('./completion/tell.ts')
      return await tellCompletions(COMMANDS, words)
    }
    await createProgram(COMMANDS).parseAsync(argv)
  } catch (error) {
    process.exitCode = report(error)
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const message = error instanceof Error ? error.message : String(error)
  if (message !== '') console.error(printableLines(message))
  return error instanceof UsageError ? error.exitCode : 1
}
