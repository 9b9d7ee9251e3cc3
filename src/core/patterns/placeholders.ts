/**
 * A capture in a text that minimatch expands or compiles: the capture's index between two control characters,
 * which no pattern holds.
 */
export const PLACEHOLDER_START = '\u0001'
export const PLACEHOLDER_END = '\u0002'

// biome-ignore lint/suspicious/noControlCharactersInRegex: no other character is free
const PLACEHOLDER = /\u0001(\d+)\u0002/g

export function toPlaceholder(index: number): string {
  return `${PLACEHOLDER_START}${index}${PLACEHOLDER_END}`
}

/** The indexes of the captures in `text`, in their order. */
export function capturesIn(text: string): number[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, index]) => Number(index))
}

export function replacePlaceholders(text: string, replacement: (index: number) => string): string {
  return text.replace(PLACEHOLDER, (_, index) => replacement(Number(index)))
}
