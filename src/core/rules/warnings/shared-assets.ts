/** One asset that several rules write. They agree in type and workspaces, or it is a problem already. */
import { DAY, HOUR, MINUTE, SECOND } from '../../time.ts'
import { areAtOdds, shapeOf } from '../cross-checks.ts'
import type { Defined } from '../definitions.ts'
import { lineOf, type Reporter, within } from '../report.ts'
import type { Rule } from '../rule-set.ts'
import { isBuiltInName } from '../template.ts'
import { finiteNames, prefixOf } from './asset-names.ts'
import { type Budget, createRuleExamples, type RuleExamples } from './example-files.ts'
import { createPrefixIndex } from './prefix-index.ts'
import { shadowedKeys } from './shadowed.ts'

/** Pairs of rules with similar asset names that are compared. */
const MAX_COMPARISONS = 10_000
/** Made-up paths that are put to rules, to see which assets they make. */
const MAX_GUESSES = 200_000

interface Entry extends Defined<Rule> {
  examples: RuleExamples
  shape: string
  names: string[] | undefined
}

/** Each rule is told of one earlier one: that it does nothing beside it, or that both write one asset. */
export function warnOfSharedAssets(rules: readonly Defined<Rule>[], report: Reporter): void {
  const earlierOnes = createPrefixIndex<Entry>()
  const budget: Budget = { guesses: MAX_GUESSES }
  let comparisons = 0
  for (const { value: rule, place } of rules.filter(it => isRenderable(it.value))) {
    const entry: Entry = {
      value: rule,
      place,
      examples: createRuleExamples(rule, budget),
      shape: shapeOf(rule),
      names: finiteNames(rule),
    }
    const prefix = prefixOf(rule)
    for (const earlier of earlierOnes.meeting(prefix)) {
      if (!mayMeet(entry, earlier)) continue
      if (++comparisons > MAX_COMPARISONS || budget.guesses <= 0) {
        const message = 'from here on rules are not compared: too many begin their assets alike'
        report.warn(within(place, 'asset'), message)
        return
      }
      if (tell(entry, earlier, report)) break
    }
    earlierOnes.add(prefix, entry)
  }
}

/** False where they cannot make one asset, where nothing would be certain, and where it is a problem already. */
function mayMeet(later: Entry, earlier: Entry): boolean {
  const { names } = earlier
  if (later.names && names && !later.names.some(it => names.includes(it))) return false
  if (later.shape === earlier.shape) return !areAtOdds(later.value, earlier.value)
  return later.names !== undefined || names !== undefined
}

function tell(later: Entry, earlier: Entry, report: Reporter): boolean {
  const other = `rule ${earlier.value.name} (${lineOf(earlier.place)})`
  const keys = shadowedKeys(later.value, earlier.value)
  if (keys !== undefined) {
    const unused = keys.length === 0 ? '' : `, and ${keys.join(', ')} of this one never count`
    const message = `takes nothing that ${other} does not make the same asset of before${unused}; leave one of them out`
    report.warn(within(later.place, 'match'), message)
    return true
  }
  const meeting = findMeeting(later, earlier)
  if (meeting === undefined) return false
  const { asset, path, otherPath } = meeting
  const files = path === otherPath ? `both of ${path}` : `there of ${otherPath}, here of ${path}`
  const message =
    `${other} makes ${asset} too: ${files}; its versions are of both${differences(later.value, earlier.value)}; ` +
    'name the assets apart if that is not meant'
  report.warn(within(later.place, 'asset'), message)
  return true
}

/** An asset that both make, with a file of each. */
function findMeeting(
  { examples: later, names: namesOfLater }: Entry,
  { examples: earlier, names: namesOfEarlier }: Entry,
): { asset: string; path: string; otherPath: string } | undefined {
  for (const { path, asset } of [...later.files(), ...earlier.files()]) {
    if (later.assetOf(path) === asset && earlier.assetOf(path) === asset) {
      return { asset, path, otherPath: path }
    }
  }
  const names = [
    ...(namesOfLater ?? later.files().map(it => it.asset)),
    ...(namesOfEarlier ?? earlier.files().map(it => it.asset)),
  ]
  for (const asset of new Set(names)) {
    const path = later.fileOf(asset)
    const otherPath = path === undefined ? undefined : earlier.fileOf(asset)
    if (path !== undefined && otherPath !== undefined) return { asset, path, otherPath }
  }
  return undefined
}

/** What they do otherwise with the asset. */
function differences(here: Rule, there: Rule): string {
  const markerOf = ({ marker }: Rule) => marker?.name ?? 'none'
  const settings: [string, string, string][] = [
    ['type', there.type, here.type],
    ['to', there.workspaces.join(', '), here.workspaces.join(', ')],
    ['settle', toDuration(there.settleMs), toDuration(here.settleMs)],
    ['maxWait', toDuration(there.maxWaitMs), toDuration(here.maxWaitMs)],
    ['marker', markerOf(there), markerOf(here)],
  ]
  const told = settings.filter(([, a, b]) => a !== b).map(([key, a, b]) => `${key} ${a} there and ${b} here`)
  return told.length === 0 ? '' : `, with ${told.join(', ')}`
}

/** As rule files write it. */
function toDuration(ms: number): string {
  const units: [string, number][] = [
    ['d', DAY],
    ['h', HOUR],
    ['m', MINUTE],
    ['s', SECOND],
  ]
  const [unit, size] = units.find(([, size]) => ms >= size && ms % size === 0) ?? ['ms', 1]
  return ms === 0 ? '0s' : `${ms / size}${unit}`
}

/** A rule with a problem may name captures that it does not have. */
function isRenderable({ match, asset, folder }: Rule): boolean {
  const names = [...asset.names, ...(folder?.names ?? [])]
  return names.every(name => isBuiltInName(name) || match.captureNames.includes(name))
}
