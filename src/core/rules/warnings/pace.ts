/** Rules that make more versions than Azure ML takes. Each version is one write in each workspace. */
import { SECOND } from '../../time.ts'
import type { Defined } from '../definitions.ts'
import { type Reporter, within } from '../report.ts'
import type { Rule, Workspace } from '../rule-set.ts'
import { literalOf, readGlob } from './glob.ts'

/**
 * Azure Resource Manager's limits for one principal in one subscription: a bucket of 200 writes that refills at
 * 10 a second (learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling).
 */
export const WRITES_AT_ONCE = 200
export const WRITES_PER_SECOND = 10
/** A rule of single files is told of from here on: a file every two seconds is then all that can be kept up. */
export const MANY_WRITES_PER_FILE = 20

export function warnOfPace(
  { value: rule, place }: Defined<Rule>,
  workspaces: ReadonlyMap<string, Workspace>,
  report: Reporter,
): void {
  const busiest = busiestSubscription(rule, workspaces)
  if (busiest === undefined) return
  const { subscription, writes } = busiest
  const needMs = (writes / WRITES_PER_SECOND) * SECOND
  const told = `${writes} ${writes === 1 ? 'write' : 'writes'} in subscription ${subscription}`

  if (rule.type === 'uri_file') {
    if (writes < MANY_WRITES_PER_FILE) return
    const burst = Math.floor(WRITES_AT_ONCE / writes)
    const message =
      `every file is ${told}, which takes ${WRITES_PER_SECOND} a second: after ${burst} files at once, ` +
      `one file every ${inSeconds(needMs)}; gather files in a uri_folder, or name fewer workspaces`
    report.warn(within(place, 'to'), message)
  } else if (rule.settleMs === 0) {
    // Without settle a marker has no effect, which is told already.
    if (rule.marker !== undefined || hasOneFilePerFolder(rule)) return
    const message =
      `is 0s, so every file makes a version of its folder, ${told}, which takes ${WRITES_PER_SECOND} ` +
      `a second: 1,000 files would take ${inSeconds(1000 * needMs - (WRITES_AT_ONCE / WRITES_PER_SECOND) * SECOND)}; ` +
      'add settle: 5m, or make it a uri_file'
    report.warn(within(place, 'settle'), message)
  } else if (rule.settleMs < needMs) {
    const message =
      `a version is ${told}, which takes ${WRITES_PER_SECOND} a second: ${inSeconds(needMs)} each, ` +
      `but one may be cut every ${inSeconds(rule.settleMs)}; wait ${inSeconds(needMs)} or longer`
    report.warn(within(place, 'settle'), message)
  }
}

/** The subscription in which a version of the rule costs the most writes. */
function busiestSubscription(
  rule: Rule,
  workspaces: ReadonlyMap<string, Workspace>,
): { subscription: string; writes: number } | undefined {
  const known = rule.workspaces.flatMap(alias => workspaces.get(alias)?.subscription.toLowerCase() || [])
  const counts = [...Map.groupBy(known, it => it)].map(([subscription, all]) => ({
    subscription,
    writes: all.length,
  }))
  return counts.reduce<(typeof counts)[0] | undefined>(
    (most, it) => (most === undefined || it.writes > most.writes ? it : most),
    undefined,
  )
}

/** A file of one fixed name, like a manifest, comes once for a folder. */
function hasOneFilePerFolder({ match }: Rule): boolean {
  const rows = readGlob(match.source) ?? []
  return (
    rows.length > 0 &&
    rows.every(row => literalOf(row.at(-1) ?? { text: '', items: undefined }) !== undefined)
  )
}

/** `2 s`, `2.5 s`, `17 min`. */
function inSeconds(ms: number): string {
  const seconds = ms / SECOND
  return seconds < 120 ? `${Number(seconds.toFixed(1))} s` : `${Math.round(seconds / 60)} min`
}
