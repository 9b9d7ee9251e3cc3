/**
 * Rules that do nothing, because an earlier one makes the same asset of every file that they match: the same
 * content is recorded once, by the first rule that brings it.
 */
import type { Rule } from '../rule-set.ts'
import { type Bindings, bindingsOf, ownBindings, substituted } from './bindings.ts'

/**
 * Certain where it answers: the keys of the later rule that then never count, as the earlier one sets them
 * otherwise. Undefined: not shadowed, as far as can be told.
 */
export function shadowedKeys(later: Rule, earlier: Rule): string[] | undefined {
  if (earlier.account !== later.account || earlier.container !== later.container) return undefined
  if (earlier.type !== later.type) return undefined
  const ignored = new Set(later.ignore.map(({ source }) => source))
  if (!earlier.ignore.every(({ source }) => ignored.has(source))) return undefined

  const bindings = bindingsOf(earlier.match, later.match)
  if (bindings === undefined) return undefined
  const own = ownBindings(later.match)
  if (substituted(earlier.asset, bindings) !== substituted(later.asset, own)) return undefined
  if (!allowsAll(earlier, later, bindings) || !markersAgree(earlier, later, bindings, own)) return undefined
  return differingKeys(later, earlier, bindings, own)
}

/** What the later rule's conditions let through, the earlier one's let through too. */
function allowsAll(earlier: Rule, later: Rule, bindings: Bindings): boolean {
  return Object.entries(earlier.where).every(([capture, globs]) => {
    const bound = bindings.get(capture)
    if (bound === undefined) return false
    if ('text' in bound) return globs.some(glob => glob.match(bound.text) !== undefined)
    const allowed = new Set(globs.map(({ source }) => source))
    const asked = Object.hasOwn(later.where, bound.name) ? later.where[bound.name] : undefined
    return asked?.every(({ source }) => allowed.has(source)) ?? false
  })
}

/** A marker is no data: with markers of their own, both rules do something. */
function markersAgree(earlier: Rule, later: Rule, bindings: Bindings, own: Bindings): boolean {
  if (earlier.marker === undefined || later.marker === undefined) return earlier.marker === later.marker
  const isSameMatch = earlier.match.source === later.match.source
  return (
    isSameMatch && earlier.marker.name === later.marker.name && isSameFolder(earlier, later, bindings, own)
  )
}

function isSameFolder(earlier: Rule, later: Rule, bindings: Bindings, own: Bindings): boolean {
  return isSameText(earlier.folder, later.folder, bindings, own)
}

function isSameText(a: Rule['folder'], b: Rule['folder'], bindings: Bindings, own: Bindings): boolean {
  if (a === undefined || b === undefined) return a === b
  return substituted(a, bindings) === substituted(b, own)
}

function differingKeys(later: Rule, earlier: Rule, bindings: Bindings, own: Bindings): string[] {
  const tagsOf = (rule: Rule, names: Bindings) =>
    JSON.stringify(Object.entries(rule.tags).map(([key, tag]) => [key, substituted(tag, names)]))
  const isDifferent: [string, boolean][] = [
    ['to', earlier.workspaces.join() !== later.workspaces.join()],
    ['folder', !isSameFolder(earlier, later, bindings, own)],
    ['settle', earlier.settleMs !== later.settleMs],
    ['maxWait', earlier.maxWaitMs !== later.maxWaitMs],
    ['description', !isSameText(earlier.description, later.description, bindings, own)],
    ['tags', tagsOf(earlier, bindings) !== tagsOf(later, own)],
  ]
  return isDifferent.flatMap(([key, differs]) => (differs ? key : []))
}
