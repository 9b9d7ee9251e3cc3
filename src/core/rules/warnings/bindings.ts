/** What the captures of one rule are in the files of another that matches fewer files. */
import type { Pattern } from '../../patterns/pattern.ts'
import { isBuiltInName, type Template, type TemplatePart } from '../template.ts'
import { covers, isSameSegment } from './coverage.ts'
import { ANY_SEGMENT, capturesOf, GLOBSTAR, type GlobRow, literalOf, readGlob, renamed } from './glob.ts'

/** By capture of the broad pattern: always this text, or always what this capture of the narrow one takes. */
export type Bindings = ReadonlyMap<string, { text: string } | { name: string }>

/**
 * Undefined where it is not certain that `broad` matches every path that `narrow` matches. A capture that takes
 * now this, now that, or of which it is not clear what it takes, has no binding.
 */
export function bindingsOf(broad: Pattern, narrow: Pattern): Bindings | undefined {
  const broadRows = readGlob(broad.source)
  const narrowRows = readGlob(narrow.source)
  if (broadRows === undefined || narrowRows === undefined) return undefined
  if (shapeOf(broad, broadRows) === shapeOf(narrow, narrowRows)) {
    return new Map(broad.captureNames.map((name, i) => [name, { name: narrow.captureNames[i] as string }]))
  }
  if (!covers(broadRows, narrowRows)) return undefined
  const [row, ...others] = broadRows
  // Only then is it certain which segment of the path meets which one of the pattern.
  const isAligned = row && others.length === 0 && hasFixedStart(row)
  return isAligned ? agreed(narrowRows.map(it => bindRow(row, it))) : new Map()
}

/** The parts of a text as the narrow rule's files render it; a name without a binding is shown as unknown. */
export function substituted(template: Template, bindings: Bindings): string {
  const parts = template.parts.map((part): TemplatePart | { unknown: string } => {
    if ('text' in part || isBuiltInName(part.name)) return part
    return bindings.get(part.name) ?? { unknown: part.name }
  })
  const joined: (TemplatePart | { unknown: string })[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (last && 'text' in last && 'text' in part) joined[joined.length - 1] = { text: last.text + part.text }
    else joined.push(part)
  }
  return JSON.stringify(joined)
}

/** Names that stand for themselves. */
export function ownBindings({ captureNames }: Pattern): Bindings {
  return new Map(captureNames.map(name => [name, { name }]))
}

/** No `**`, unless it ends the row. */
function hasFixedStart(row: GlobRow): boolean {
  const at = row.indexOf(GLOBSTAR)
  return at < 0 || row[at + 1] === ANY_SEGMENT
}

/** The same for patterns that differ in the names of their captures only. */
function shapeOf({ captureNames }: Pattern, rows: readonly GlobRow[]): string {
  const toNumber = (name: string) => String(captureNames.indexOf(name))
  return rows
    .map(row => row.map(part => (typeof part === 'symbol' ? '**' : renamed(part, toNumber))).join('/'))
    .join('\n')
}

function bindRow(broad: GlobRow, narrow: GlobRow): Bindings {
  const bindings = new Map<string, { text: string } | { name: string }>()
  for (const [i, part] of broad.entries()) {
    const other = narrow[i]
    if (typeof part !== 'object' || typeof other !== 'object') continue
    const names = capturesOf(part)
    if (isSameSegment(part, other)) {
      const otherNames = capturesOf(other)
      for (const [k, name] of names.entries()) bindings.set(name, { name: otherNames[k] as string })
    } else if (part.items?.length === 1 && names[0] !== undefined) {
      const text = literalOf(other)
      if (text !== undefined) bindings.set(names[0], { text })
    }
  }
  return bindings
}

/** What holds in every alternative. */
function agreed(all: readonly Bindings[]): Bindings {
  const [first = new Map(), ...others] = all
  const isShared = ([name, bound]: [string, unknown]) =>
    others.every(it => JSON.stringify(it.get(name)) === JSON.stringify(bound))
  return new Map([...first].filter(isShared))
}
