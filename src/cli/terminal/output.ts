import { paint } from './paint.ts'
import { printableLines } from './printable.ts'
import type { TableOptions } from './table.ts'

/** Of tables on standard output: as wide as the terminal, and in colour where that is wanted. */
export function outputTable(): TableOptions {
  const { isTTY, columns } = process.stdout
  return { width: isTTY && columns > 0 ? columns : undefined, paint }
}

/** Paragraphs below each other, the empty ones left out. */
export function paragraphs(...texts: readonly string[]): string {
  return texts.filter(text => text !== '').join('\n')
}

/** Something that is no part of the result. */
export function note(text: string): void {
  if (text !== '') console.error(printableLines(text))
}
