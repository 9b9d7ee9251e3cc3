/** Something wrong in a rule file: where it stands, what is wrong, and what would be right. */
export interface Problem {
  file: string
  /** From 1. */
  line: number
  /** From 1, in UTF-16 units. */
  column: number
  /** Just behind the end, where it is on the same line. */
  endColumn?: number
  message: string
  /** What was probably meant instead of the name that stands there. */
  suggestion?: string
  /** Lines, from 1, both included, that may hold a secret: they are shown to nobody. */
  concealed?: { from: number; to: number }
}

const MAX_MESSAGE_LENGTH = 500

/** One line of bounded length: messages quote what stands in the file. */
export function toMessage(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= MAX_MESSAGE_LENGTH ? line : `${line.slice(0, MAX_MESSAGE_LENGTH - 1).toWellFormed()}…`
}

/** `file:line:col  message` */
export function formatProblem({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}  ${message}`
}

/** By file, then by place, without duplicates. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const unique = new Map(problems.map(problem => [formatProblem(problem), problem]))
  return [...unique.values()].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column,
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
