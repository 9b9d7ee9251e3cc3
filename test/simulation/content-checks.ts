import { expectedOf } from './assets.ts'
import type { Check } from './azure-ml-checks.ts'
import type { AssetFindings, VersionFindings } from './findings.ts'
import { RULES_LAG_MS } from './fleet.ts'
import type { Change } from './history.ts'
import type { Outcome } from './invariants.ts'

type Place = { found: AssetFindings; version: VersionFindings }

/** What was written to the lake, against the versions that came of it. */
export function checkContents(findings: readonly AssetFindings[], outcome: Outcome, check: Check): void {
  const places = placesOf(findings)
  for (const [path, changes] of outcome.history.changes) {
    const expected = expectedOf(path)
    if (expected === undefined || expected.role === 'marker') continue
    const last = changes.at(-1)
    let newest = 0
    for (const change of changes) {
      if (change.content === undefined) continue
      const { etag } = change.content
      const where = () => `${path}@${etag}`
      const found = places.get(where()) ?? []
      check('once', found.length <= 1, () => {
        return `${where()} is in versions ${found.map(({ version }) => version.number).join(' ')}`
      })
      const [place] = found
      if (place === undefined) {
        const isWanted = change === last || (expected.atOnce && wasAcknowledgedInTime(change))
        check('nothing lost', !isWanted, () => `${where()} is in no version`)
        continue
      }
      check('explained', place.found.asset === expected.asset, () => `${where()} is in ${place.found.asset}`)
      const before = placeInLine(place)
      check('newest wins', before > newest, () => `${where()} was cut before what it was written over`)
      newest = before
      if (change === last) checkWorkspaces(change, place, outcome, check)
    }
  }
}

/** The cut, as a moved version comes later than its content did. */
function placeInLine({ version }: Place): number {
  return version.cut
}

function placesOf(findings: readonly AssetFindings[]): Map<string, Place[]> {
  const places = new Map<string, Place[]>()
  for (const found of findings) {
    for (const version of found.versions) {
      if (version.movedTo !== undefined) continue
      for (const { ref, etag } of version.members) {
        const key = `${ref.path}@${etag}`
        places.set(key, [...(places.get(key) ?? []), { found, version }])
      }
    }
  }
  return places
}

/** While it was all that anyone could see, the sender was told that it is recorded. */
function wasAcknowledgedInTime({ event, supersededAt }: Change): boolean {
  return (
    event.acknowledgedAt !== undefined && supersededAt !== undefined && event.acknowledgedAt < supersededAt
  )
}

/** A content goes to the workspaces that all rules named since it was written, and the newest to those of today. */
function checkWorkspaces(change: Change, { found, version }: Place, outcome: Outcome, check: Check): void {
  const { rulesLog } = outcome
  const expected = expectedOf(change.path)
  if (expected === undefined) return
  const entries = rulesLog.entries()
  const inForce = entries.filter((_, index) => {
    const next = entries[index + 1]
    return next === undefined || next.at + RULES_LAG_MS >= change.at
  })
  const always = inForce
    .map(({ variant }) => variant.workspaces[expected.rule])
    .reduce((all, some) => all.filter(alias => some.includes(alias)))
  // The last version may be of older data whose number was found taken.
  const lastCut = found.versions.findLast(({ movedFrom }) => movedFrom === undefined)
  const isNewest = lastCut?.cut === version.cut
  const wanted = new Set(always)
  for (const alias of entries.at(-1)?.variant.workspaces[expected.rule] ?? []) {
    const named = entries.filter((_, index) =>
      entries.slice(index).every(({ variant }) => variant.workspaces[expected.rule].includes(alias)),
    )
    if (isNewest || named.every(({ variant }) => variant.backfill === 'all')) wanted.add(alias)
  }
  for (const alias of wanted) {
    check('nothing lost', version.spec.workspaces.includes(alias), () => {
      return `${change.path}@${change.content?.etag} in version ${version.number} of ${found.asset} does not go to ${alias}`
    })
  }
}
