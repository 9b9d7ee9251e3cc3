import type { Paint } from './terminal/paint.ts'
import { printable } from './terminal/printable.ts'
import { widthOf } from './terminal/text-width.ts'

/** Cells of a line that are shown; of a longer one, those around the place. */
const MAX_CELLS = 100
/** Cells before the place, where a line is cut. */
const LEAD_CELLS = 30
const TAB_CELLS = 4
const CUT = '…'

export interface FramePlace {
  /** From 1. */
  line: number
  /** From 1, in UTF-16 units. */
  column: number
  /** Just behind the end, on the same line. */
  endColumn?: number
  /** Lines, from 1, both included, whose text is not shown. */
  concealed?: readonly { from: number; to: number }[]
}

/** A secret as it is often enough written in a file that nothing more can be said of. */
const PLAIN_SECRET =
  /^(.*\b(?:secret|sas|sasToken|accountKey|clientSecret|password)["']?\s*:)(?!\s*["']?keyvault:)(?=\s*\S).*$/i
const CONCEALED = '(not shown: it may hold a secret)'

/**
 * The line with carets under the place, between the line before and the line after it. Tabs are shown as spaces,
 * and the carets stand right under wide characters too.
 */
export function codeFrame(
  text: string,
  { line, column, endColumn = column + 1, concealed = [] }: FramePlace,
  paint: Paint = (_, plain) => plain,
  style: 'red' | 'yellow' = 'red',
): string {
  const isConcealed = (at: number) => concealed.some(({ from, to }) => at >= from && at <= to)
  const lines = text
    .split(/\r\n|\n|\r/)
    .map((content, i) => (isConcealed(i + 1) ? CONCEALED : content.replace(PLAIN_SECRET, `$1 ${CONCEALED}`)))
  const cells = toCells(lines[line - 1] ?? '')
  const start = cellAt(cells, column - 1)
  const end = Math.max(start + 1, cellAt(cells, endColumn - 1))
  const from = end <= MAX_CELLS ? 0 : Math.max(0, start - LEAD_CELLS)
  const gutter = String(Math.min(line + 1, lines.length)).length

  const shown: string[] = []
  for (let at = Math.max(1, line - 1); at <= Math.min(line + 1, lines.length); at++) {
    // What ends the file is no line.
    if (at > line && at === lines.length && lines[at - 1] === '') continue
    const sign = at === line ? paint(style, '>') : ' '
    const number = paint('dim', `${String(at).padStart(gutter)} |`)
    shown.push(`${sign} ${number} ${windowOf(toCells(lines[at - 1] ?? ''), from)}`.trimEnd())
    if (at !== line || isConcealed(at)) continue
    const visibleEnd = Math.min(end, from + MAX_CELLS)
    const carets = ' '.repeat(start - from) + paint(style, '^'.repeat(Math.max(1, visibleEnd - start)))
    shown.push(`  ${paint('dim', `${' '.repeat(gutter)} |`)} ${carets}`)
  }
  return shown.join('\n')
}

interface Cell {
  /** In UTF-16 units, from 0. */
  at: number
  units: number
  /** What is shown. */
  text: string
  cell: number
  width: number
}

function toCells(line: string): Cell[] {
  const cells: Cell[] = []
  let cell = 0
  let at = 0
  for (const character of line) {
    const shown = printable(character)
    const width = character === '\t' ? TAB_CELLS - (cell % TAB_CELLS) : widthOf(shown)
    const text = character === '\t' ? ' '.repeat(width) : shown
    cells.push({ at, units: character.length, text, cell, width })
    cell += width
    at += character.length
  }
  return cells
}

/** Where the character at this UTF-16 offset is shown; behind the line's end, just behind its last one. */
function cellAt(cells: readonly Cell[], offset: number): number {
  const found = cells.findLast(it => it.at <= offset)
  if (found === undefined) return 0
  return offset < found.at + found.units ? found.cell : found.cell + found.width
}

/** What shows from one cell on, with a sign where something is left out. */
function windowOf(cells: readonly Cell[], from: number): string {
  const within = cells.filter(({ cell, width }) => cell >= from && cell + width <= from + MAX_CELLS)
  const [first, ...others] = within
  if (first === undefined) return cells.length === 0 ? '' : CUT
  const start = first === cells[0] ? first.text : CUT.padEnd(first.width)
  const end = within.at(-1) === cells.at(-1) ? '' : CUT
  return ' '.repeat(first.cell - from) + start + others.map(it => it.text).join('') + end
}
