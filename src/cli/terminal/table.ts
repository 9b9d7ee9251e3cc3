import type { Paint, Style } from './paint.ts'
import { printable } from './printable.ts'
import { textWidth, wrapToWidth } from './text-width.ts'

/** A text, or one with the style that it has where colours are wanted. */
export type Cell = string | { text: string; style: Style }

export interface TableOptions {
  /** Of the terminal, in cells; undefined: none, lines are as long as they are. */
  width?: number | undefined
  paint?: Paint
}

const GAP = 2
/** In less room than this nobody wants to read a column. */
const LEAST_LAST_COLUMN = 24

/**
 * Columns two spaces apart. Where the terminal is too narrow, the last column goes on in lines of its own below
 * itself: nothing is left out. Control characters, which blob names may hold, are shown as a replacement.
 */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  { width, paint = (_, text) => text }: TableOptions = {},
): string {
  const heading = headings.map(text => ({ text, style: 'bold' as const }))
  const lines = [heading, ...rows].map(row => headings.map((_, column) => toCell(row[column] ?? '')))
  const widths = headings.map((_, column) =>
    Math.max(...lines.map(line => textWidth(line[column]?.text ?? ''))),
  )
  const last = headings.length - 1
  const before = widths.slice(0, last).reduce((sum, it) => sum + it + GAP, 0)
  const room = width === undefined ? undefined : Math.max(LEAST_LAST_COLUMN, width - before)
  const isWrapped = room !== undefined && (widths[last] ?? 0) > room
  return lines.flatMap(line => (isWrapped ? wrapped(line, room) : [joined(line)])).join('\n')

  function joined(line: readonly StyledCell[]): string {
    const padded = line.map(({ text }, column) => text + ' '.repeat((widths[column] ?? 0) - textWidth(text)))
    const end = padded.join('').trimEnd() === '' ? 0 : padded.findLastIndex(it => it.trim() !== '') + 1
    return padded
      .slice(0, end)
      .map((text, column) => styled(column === end - 1 ? text.trimEnd() : text, line[column]))
      .join(' '.repeat(GAP))
  }

  function styled(text: string, cell: StyledCell | undefined): string {
    return cell?.style === undefined || text.trim() === '' ? text : paint(cell.style, text)
  }

  function wrapped(line: readonly StyledCell[], limit: number): string[] {
    const cell = line[last] ?? { text: '', style: undefined }
    const [first = '', ...others] = wrapToWidth(cell.text, limit)
    const head = joined([...line.slice(0, last), { ...cell, text: first }])
    return [head, ...others.map(text => ' '.repeat(before) + styled(text, cell))]
  }
}

interface StyledCell {
  text: string
  style: Style | undefined
}

function toCell(cell: Cell): StyledCell {
  return typeof cell === 'string'
    ? { text: printable(cell), style: undefined }
    : { text: printable(cell.text), style: cell.style }
}
