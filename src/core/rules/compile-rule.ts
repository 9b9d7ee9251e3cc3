/** One rule of a file into one rule of the rule set, with all that its fields must agree on. */
import type { Pattern } from '../patterns/pattern.ts'
import { HOUR } from '../time.ts'
import { MAX_DURATION_MS } from './duration.ts'
import { type Fields, parseFields } from './fields.ts'
import { MAX_TAG_KEY_LENGTH, MAX_TAGS, MAX_WORKSPACES_PER_RULE } from './limits.ts'
import { NAMES_OF_ONE_FILE, planMarker } from './markers.ts'
import { type Place, type Reporter, within } from './report.ts'
import type { Rule } from './rule-set.ts'
import { ruleShape } from './schema.ts'
import { didYouMean } from './suggestion.ts'
import { BUILT_IN_NAMES, isBuiltInName, type Template } from './template.ts'

/** The longest wait that a rule gets when it names none: this, or so many quiet times. */
const DEFAULT_MAX_WAIT_MS = HOUR
const DEFAULT_MAX_WAIT_SETTLES = 12

/** What `to` may name. */
export interface Targets {
  /** Workspaces by alias or group. */
  byName: ReadonlyMap<string, readonly string[]>
  /** False when files or entries were unreadable: then an unknown name is not worth a problem. */
  isComplete: boolean
}

type RuleFields = Fields<typeof ruleShape>

/** The rule; undefined when something was reported that leaves nothing to go on with. */
export function compileRule(
  raw: unknown,
  place: Place,
  targets: Targets,
  report: Reporter,
): Rule | undefined {
  const fields = parseFields(ruleShape, raw, place, report)
  if (fields === undefined) return undefined
  checkNames(fields, place, report)
  checkFolder(fields, place, report)
  checkTagKeys(fields.tags, place, report)
  const marker = compileMarker(fields, place, report)
  const pace = compilePace(fields, place, report)
  const workspaces = resolveTargets(fields.to, place, targets, report)
  checkMatch(fields.match, place, report)

  const { name, from, match, asset, type } = fields
  if (!name || !from || !match || !asset || !type) return undefined
  return {
    name: name.name,
    ...from,
    match,
    ignore: fields.ignore ?? [],
    where: fields.where ?? {},
    asset,
    type,
    folder: fields.folder,
    ...pace,
    marker,
    workspaces,
    backfill: fields.backfill ?? 'newest',
    description: fields.description,
    tags: fields.tags ?? {},
    operators: [...new Set(fields.operators?.map(({ id }) => id))],
    origin: { file: place.tree.file, line: place.tree.locate(place.path, 'value').line },
  }
}

/** Every name in a template or in `where` must be one that the pattern captures, or a built-in one. */
function checkNames(fields: RuleFields, place: Place, report: Reporter): void {
  const { match } = fields
  if (match === undefined) return
  for (const name of match.captureNames.filter(isBuiltInName)) {
    report.value(within(place, 'match'), `{${name}} is built in; give the capture another name`)
  }
  const templates: [Template | undefined, ...(string | number)[]][] = [
    [fields.asset, 'asset'],
    [fields.folder, 'folder'],
    [fields.description, 'description'],
    ...Object.entries(fields.tags ?? {}).map(([key, tag]): [Template, ...string[]] => [tag, 'tags', key]),
  ]
  for (const [template, ...steps] of templates) {
    for (const name of template?.names ?? []) {
      if (isBuiltInName(name) || match.captureNames.includes(name)) continue
      const { message, suggestion } = unknownCapture(name, match, BUILT_IN_NAMES)
      report.value(within(place, ...steps), message, suggestion)
    }
  }
  for (const name of Object.keys(fields.where ?? {})) {
    if (match.captureNames.includes(name)) continue
    const { message, suggestion } = unknownCapture(name, match, [])
    report.key(within(place, 'where', name), `where: ${message}`, suggestion?.slice(1, -1))
  }
}

function unknownCapture(
  name: string,
  match: Pattern,
  builtIn: readonly string[],
): { message: string; suggestion: string | undefined } {
  const captures = match.captureNames
  const { hint, suggestion } = didYouMean(name, [...captures, ...builtIn], it => `{${it}}`)
  const known = captures.length === 0 ? 'nothing' : captures.map(capture => `{${capture}}`).join(', ')
  return { message: `unknown capture {${name}}; ${hint}the pattern captures ${known}`, suggestion }
}

function checkFolder(fields: RuleFields, place: Place, report: Reporter): void {
  if (fields.type !== 'uri_file') return
  for (const key of ['folder', 'marker'] as const) {
    if (fields[key] !== undefined) {
      report.key(
        within(place, key),
        `${key}: only a uri_folder has one; add type: uri_folder, or leave it out`,
      )
    }
  }
}

function checkTagKeys(tags: RuleFields['tags'], place: Place, report: Reporter): void {
  const keys = Object.keys(tags ?? {})
  if (keys.length > MAX_TAGS) {
    report.value(within(place, 'tags'), `has ${keys.length} tags; the most is ${MAX_TAGS}`)
  }
  for (const key of keys) {
    const at = within(place, 'tags', key)
    if (key.trim() === '') report.key(at, 'tags: a tag needs a name')
    if (key.length > MAX_TAG_KEY_LENGTH) {
      report.key(at, `tags: a name is longer than ${MAX_TAG_KEY_LENGTH} characters`)
    }
  }
}

function compileMarker(fields: RuleFields, place: Place, report: Reporter): Rule['marker'] {
  const { marker, match, asset, folder, type } = fields
  if (marker === undefined || match === undefined || asset === undefined || type !== 'uri_folder')
    return undefined

  for (const [key, template] of [
    ['asset', asset],
    ['folder', folder],
  ] as const) {
    const name = template?.names.find(it => NAMES_OF_ONE_FILE.includes(it))
    if (name === undefined) continue
    const message = `{${name}} is of one file, but a marker closes many; use captures or {folder}`
    report.value(within(place, key), message)
    return undefined
  }
  const isUnknown = (name: string) => !isBuiltInName(name) && !match.captureNames.includes(name)
  if (asset.names.some(isUnknown) || folder?.names.some(isUnknown)) return undefined

  const planned = planMarker(marker.name, match, asset, folder)
  if (!('problem' in planned)) return planned
  report.value(within(place, 'marker'), planned.problem)
  return undefined
}

function compilePace(
  { settle = 0, maxWait, marker }: RuleFields,
  place: Place,
  report: Reporter,
): { settleMs: number; maxWaitMs: number } {
  if (maxWait !== undefined && maxWait < settle) {
    report.value(within(place, 'maxWait'), 'is shorter than settle; make it at least as long')
  }
  if (marker !== undefined && settle === 0) {
    const message =
      'has no effect, as every file is cut at once; give settle, the quiet time to wait without it'
    report.warn(within(place, 'marker'), message)
  }
  const longest = Math.max(DEFAULT_MAX_WAIT_MS, DEFAULT_MAX_WAIT_SETTLES * settle)
  const fallback = settle === 0 ? 0 : Math.min(longest, MAX_DURATION_MS)
  return { settleMs: settle, maxWaitMs: maxWait ?? fallback }
}

/** Empty when some are unknown: nothing should be concluded from the others. */
function resolveTargets(
  to: string[] | undefined,
  place: Place,
  targets: Targets,
  report: Reporter,
): string[] {
  const workspaces = new Set<string>()
  let areAllKnown = true
  for (const [i, name] of (to ?? []).entries()) {
    const members = targets.byName.get(name)
    for (const alias of members ?? []) workspaces.add(alias)
    areAllKnown &&= members !== undefined
    if (members === undefined && targets.isComplete) {
      const known = [...targets.byName.keys()]
      const { hint, suggestion } = didYouMean(name, known)
      const message = `${name} is neither a workspace nor a group; ${hint.trim() || `known: ${listed(known)}`}`
      report.value(within(place, 'to', i), message, suggestion)
    }
  }
  if (workspaces.size > MAX_WORKSPACES_PER_RULE) {
    const message = `names ${workspaces.size} workspaces; the most is ${MAX_WORKSPACES_PER_RULE}`
    report.value(within(place, 'to'), message)
  }
  return areAllKnown ? [...workspaces].sort() : []
}

function listed(names: string[], max = 10): string {
  if (names.length === 0) return 'none; add a workspace under workspaces'
  const more = names.length > max ? ` and ${names.length - max} more` : ''
  return names.slice(0, max).join(', ') + more
}

/** Legal, and hardly ever meant. */
function checkMatch(match: Pattern | undefined, place: Place, report: Reporter): void {
  if (match === undefined) return
  const { source } = match
  if (source.startsWith('/')) {
    report.warn(
      within(place, 'match'),
      'begins with /, which the names of blobs hardly ever do; leave it out',
    )
  }
  const bare = source.replace(/\\[\s\S]|\[[^\]]*\]/g, '')
  if (bare.split('{').length !== bare.split('}').length) {
    report.value(
      within(place, 'match'),
      'has a brace that is not closed or not opened; close it, or write \\{ for the character',
    )
  }
}
