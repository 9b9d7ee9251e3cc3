/** Where the marker of a rule may lie. */
import { expandBraces, toPatternText } from '../patterns/braces.ts'
import { compilePattern, escapePattern, type Pattern } from '../patterns/pattern.ts'
import type { Marker } from './rule-set.ts'
import { isBuiltInName, type Template } from './template.ts'

/** What a marker's own path cannot tell of the files that it closes. */
export const NAMES_OF_ONE_FILE = ['path', 'file', 'stem', 'ext']

/**
 * A marker lies in a folder in which matching files may lie, or in the folder that the versions point to, if that
 * is made of captures alone. Only places that tell every capture which asset and folder need will do.
 */
export function planMarker(
  name: string,
  match: Pattern,
  asset: Template,
  folder: Template | undefined,
): Marker | { problem: string } {
  const needed = [...new Set([...asset.names, ...(folder?.names ?? [])])].filter(it => !isBuiltInName(it))
  const places = [...new Set([...foldersOf(match), ...targetFolder(asset, folder)])]
  const texts = places.map(place => (place === '' ? escapePattern(name) : `${place}/${escapePattern(name)}`))

  const patterns: Pattern[] = []
  const untold = new Set<string>()
  for (const text of texts) {
    const pattern = compilePattern(text)
    // Only the folder can be refused here, where it names a capture twice or is too long: then it is no place.
    if ('problem' in pattern) continue
    const missing = needed.filter(it => !pattern.captureNames.includes(it))
    if (missing.length === 0) patterns.push(pattern)
    for (const it of missing) untold.add(`{${it}}`)
  }
  if (patterns.length > 0) return { name, patterns }
  const problem =
    `${texts[0]} does not tell ${[...untold].join(', ')}, which asset or folder need; ` +
    'capture it in a folder of match, or leave it out of them'
  return { problem }
}

/** The folders of the files that match, as patterns; '' is the container's root. */
function foldersOf(match: Pattern): string[] {
  const expansion = expandBraces(match.source)
  if ('problem' in expansion) throw new Error(`a compiled pattern does not expand: ${expansion.problem}`)
  return expansion.alternatives.map(alternative => {
    const segments = toPatternText(alternative, expansion.names).split('/')
    return (segments.at(-1) === '**' ? segments : segments.slice(0, -1)).join('/')
  })
}

/** An asset that is named after the files' folder is not told by a marker that lies elsewhere. */
function targetFolder(asset: Template, folder: Template | undefined): string[] {
  if (folder === undefined || folder.names.some(isBuiltInName) || asset.names.includes('folder')) return []
  return [folder.parts.map(part => ('text' in part ? escapePattern(part.text) : `{${part.name}}`)).join('')]
}
