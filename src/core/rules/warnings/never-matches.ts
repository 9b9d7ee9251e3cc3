/** Rules, markers and conditions that no file can ever meet, or that Azure ML could not point to. */
import type { Pattern } from '../../patterns/pattern.ts'
import type { Defined } from '../definitions.ts'
import { type Place, type Reporter, within } from '../report.ts'
import type { Rule } from '../rule-set.ts'
import { holdsEmptyClass } from './character-classes.ts'
import { covers } from './coverage.ts'
import { ANY_SEGMENT, GLOBSTAR, type GlobRow, type GlobSegment, literalOf, readGlob } from './glob.ts'

/** Azure Storage: "the number of path segments comprising the blob name cannot exceed 254". */
const MAX_PATH_SEGMENTS = 254

export function warnOfNoMatches({ value: rule, place }: Defined<Rule>, report: Reporter): void {
  const rows = readGlob(rule.match.source)
  if (rows === undefined) return
  const at = within(place, 'match')
  const impossible = rows.map(impossibilityOf)
  const [first] = impossible
  if (first !== undefined && impossible.every(reason => reason !== undefined)) {
    report.warn(at, `matches no file: ${first}`)
    return
  }
  warnOfIgnored(rule, rows, place, report)
  warnOfConditions(rule, rows, place, report)
  warnOfRefusedPaths(rule, rows, at, report)
}

function impossibilityOf(row: GlobRow): string | undefined {
  const segments = row.filter(part => part !== GLOBSTAR)
  if (segments.length > MAX_PATH_SEGMENTS) {
    return `it asks for ${segments.length} segments; the name of a blob has at most ${MAX_PATH_SEGMENTS}`
  }
  const segment = segments.find(part => part !== ANY_SEGMENT && isImpossible(part))
  return segment && segment !== ANY_SEGMENT ? `no name is like ${segment.text}` : undefined
}

/** A segment that asks for nothing at all, which no name is, or for a character that there is not. */
function isImpossible({ text, items }: GlobSegment): boolean {
  return items === undefined && (/^([@?*+]\(\|*\))+$/.test(text) || holdsEmptyClass(text))
}

function warnOfIgnored(rule: Rule, rows: GlobRow[], place: Place, report: Reporter): void {
  const ignoring = ignoringAll(rule.ignore, rows)
  if (ignoring !== undefined) {
    report.warn(within(place, 'ignore'), `${ignoring} is all that match takes: the rule matches no file`)
    return
  }
  const markers = (rule.marker?.patterns ?? []).flatMap(({ source }) => readGlob(source) ?? [])
  const hiding = markers.length === 0 ? undefined : ignoringAll(rule.ignore, markers)
  if (hiding === undefined) return
  const [where] = rule.marker?.patterns ?? []
  const message = `is ignored by ${hiding}, so ${where?.source} closes nothing; keep ignore from it`
  report.warn(within(place, 'marker'), message)
}

/** The globs to tell of, where each of the rows is covered by one of them. */
function ignoringAll(ignore: readonly Pattern[], rows: readonly GlobRow[]): string | undefined {
  const globs = ignore.map(({ source }) => ({ source, rows: readGlob(source) ?? [] }))
  const needed = new Set<string>()
  for (const row of rows) {
    const glob = globs.find(it => covers(it.rows, [row]))
    if (glob === undefined) return undefined
    needed.add(`"${glob.source}"`)
  }
  return [...needed].join(' and ')
}

function warnOfConditions(rule: Rule, rows: GlobRow[], place: Place, report: Reporter): void {
  for (const [capture, globs] of Object.entries(rule.where)) {
    const isShort = rows.every(row => takesOneCharacter(row, capture))
    const reasons = globs.map(glob => conditionProblem(glob, capture, isShort))
    const useless = globs.filter((_, i) => reasons[i] !== undefined)
    if (useless.length === 0) continue
    const listed = useless.map(({ source }) => `"${source}"`).join(', ')
    const effect = useless.length === globs.length ? ': the rule matches no file' : ''
    const reason = reasons.find(it => it !== undefined)
    report.warn(within(place, 'where', capture), `${listed} is never met, as ${reason}${effect}`)
  }
}

function conditionProblem(glob: Pattern, capture: string, isShort: boolean): string | undefined {
  const rows = readGlob(glob.source)
  if (rows === undefined) return undefined
  const segments = rows.map(([segment]) => segment)
  if (segments.every(part => typeof part === 'object' && isImpossible(part))) return 'no name is like that'
  const texts = segments.map(part => part && literalOf(part))
  const areLonger = texts.every(text => text !== undefined && [...text].length > 1)
  return isShort && areLonger
    ? `{${capture}} is always one character: the wildcard before it takes all that it can`
    : undefined
}

/** A capture right behind a wildcard that takes any number of characters gets the last one alone. */
function takesOneCharacter(row: GlobRow, capture: string): boolean {
  return row.some(part => {
    if (typeof part === 'symbol' || part.items === undefined) return false
    const at = part.items.findIndex(item => item.kind === 'capture' && item.name === capture)
    const before = part.items[at - 1]
    return before?.kind === 'star' || before?.kind === 'capture'
  })
}

/** Data URIs cannot name an empty segment, `.` or `..`: every file with one would be refused. */
function warnOfRefusedPaths(rule: Rule, rows: GlobRow[], place: Place, report: Reporter): void {
  if (rule.folder !== undefined) return
  for (const row of rows) {
    const path = rule.type === 'uri_file' ? row : row.slice(0, -1)
    // A slash at the start has a warning of its own.
    const bad = path
      .slice(rule.match.source.startsWith('/') ? 1 : 0)
      .map(literalOf)
      .find(isRefused)
    if (bad === undefined) continue
    const told = bad === '' ? 'an empty segment' : `the segment "${bad}"`
    const message = `asks for ${told}, which no data URI can hold: every such file is refused; leave it out`
    report.warn(place, message)
    return
  }
}

function isRefused(text: string | undefined): boolean {
  return text === '' || text === '.' || text === '..'
}
