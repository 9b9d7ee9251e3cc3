import type { CommandDefinition } from '../command.ts'
import { printable } from '../terminal/printable.ts'
import { complete } from './complete.ts'

/** Prints what may stand at the end of the words: a value and, behind a tab, what it is. */
export async function tellCompletions(
  commands: readonly CommandDefinition[],
  words: readonly string[],
): Promise<void> {
  const found = await complete(commands, words, async (kind, asked) => {
    const { findNames } = await import('./names.ts')
    return findNames(kind, asked)
  })
  const lines = found.map(({ value, description }) => `${value}\t${printable(description)}\n`)
  // A service that has not answered yet is not waited for.
  process.stdout.write(lines.join(''), () => process.exit())
}
