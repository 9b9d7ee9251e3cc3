import type { RegisteredVersion } from '../../src/app/ports.ts'
import { commitOf, expectedOf } from './assets.ts'
import { type AssetFindings, fingerprintOf, type VersionFindings } from './findings.ts'
import type { Outcome } from './invariants.ts'
import type { Violation } from './watch.ts'

export type Check = (invariant: Violation['invariant'], holds: boolean, detail: () => string) => void

/** One asset: what Azure ML has against what the ledger says, and both against what was promised. */
export function checkAzureMl(found: AssetFindings, outcome: Outcome, check: Check): void {
  const { head, gatherings, versions } = found
  const idle = head.wakeAt === undefined && gatherings === 0 && head.open === 0
  check('bounded', idle, () => `still has something outstanding: ${JSON.stringify(head)}`)
  for (const version of versions) {
    const digest = fingerprintOf(version.members)
    check('explained', digest === version.fingerprint && version.members.length === version.files, () => {
      const members = version.members.map(({ ref, etag }) => `${ref.path}@${etag}`)
      return `version ${version.number} of ${version.files} files does not have the fingerprint of its members ${members}`
    })
    checkDeliveries(found, version, outcome, check)
  }
  checkNumbers(found, outcome, check)
  for (const [alias, registered] of found.registered) {
    for (const [number, there] of registered) checkRegistered(found, alias, number, there, outcome, check)
  }
}

/** Each workspace has the version, or there is a reason. */
function checkDeliveries(
  found: AssetFindings,
  version: VersionFindings,
  outcome: Outcome,
  check: Check,
): void {
  if (version.movedTo !== undefined) {
    const isThere = found.versions.some(({ ordinal }) => ordinal === version.movedTo)
    check('nothing lost', isThere, () => `version ${version.number} has moved to nowhere`)
    return
  }
  for (const alias of version.spec.workspaces) {
    const state = version.outcomes[alias]
    const where = () => `version ${version.number} in ${alias}`
    check('nothing lost', state !== undefined, () => `${where()} is pending for ever`)
    if (state?.state === 'failed') {
      const isExcused = state.reason !== '' && outcome.deeds.gone.has(alias)
      check('nothing lost', isExcused, () => `${where()} has failed: ${state.reason}`)
    }
    if (state?.state === 'registered') {
      const there = found.registered.get(alias)?.get(version.number)
      check('nothing lost', there?.properties['lakemark.fingerprint'] === version.fingerprint, () => {
        return `${where()} is said to be registered, and there is ${JSON.stringify(there)}`
      })
    }
  }
}

/** 1, 2, 3 … in the order of cutting; what a stranger has used is left out. */
function checkNumbers({ asset, head, versions }: AssetFindings, { deeds }: Outcome, check: Check): void {
  const highestOfStrangers = deeds.highestOfStrangers.get(asset) ?? 0
  const numbers = versions.map(({ number }) => number)
  for (let number = 1; number <= head.offset + head.lastOrdinal; number += 1) {
    const isExcused = numbers.includes(number) || number <= highestOfStrangers
    check('numbers', isExcused, () => `there is no version ${number}, only ${numbers.join(' ')}`)
  }
  check('numbers', head.offset <= highestOfStrangers, () => `numbers begin behind ${head.offset}`)
  const cuts = versions.filter(({ movedTo }) => movedTo === undefined).map(({ cut }) => cut)
  check('once', new Set(cuts).size === cuts.length, () => `cuts have several versions: ${cuts.join(' ')}`)
  check('nothing lost', new Set(cuts).size === new Set(versions.map(({ cut }) => cut)).size, () => {
    return `not every cut has a version: ${JSON.stringify(versions.map(({ cut, movedTo }) => [cut, movedTo]))}`
  })
  if (highestOfStrangers > 0) return
  const times = versions.map(({ cutAt }) => cutAt)
  check(
    'numbers',
    times.join() === [...times].sort((a, b) => a - b).join(),
    () => 'not in the order of cutting',
  )
}

/** What stands in Azure ML is a version of ours, says all that it should, or was put there by a stranger. */
function checkRegistered(
  found: AssetFindings,
  alias: string,
  number: number,
  there: RegisteredVersion,
  { deeds, history }: Outcome,
  check: Check,
): void {
  const place = `${alias}/${found.asset}/${number}`
  const { properties, dataUri, tags } = there
  if (deeds.strangers.has(place)) {
    check('immutable', dataUri.includes('by_hand'), () => `${place} was a stranger's and is now ${dataUri}`)
    return
  }
  const version = found.versions.find(it => it.number === number)
  check('once', version !== undefined, () => `${place} is in Azure ML and not in the ledger`)
  if (version === undefined) return
  if (version.movedTo !== undefined) {
    // A workspace that was gone could not be told.
    const isWithdrawn = there.isArchived || deeds.everGone.has(alias)
    check('once', isWithdrawn, () => `${place} has moved to another number and still stands`)
    return
  }
  check('numbers', properties['lakemark.fingerprint'] === version.fingerprint, () => {
    return `${place} is other data than the ledger says`
  })
  check('nothing lost', !there.isArchived || deeds.archived.has(place), () => `${place} is archived`)

  const last = version.members.find(({ etag }) => etag === properties['lakemark.etag']) ?? version.members[0]
  const expected = expectedOf(last?.ref.path ?? '')
  const told = {
    rule: properties['lakemark.rule'],
    source: properties['lakemark.source'],
    files: properties['lakemark.files'],
    dataUri,
    tags: JSON.stringify(tags),
  }
  const wanted = {
    rule: expected?.rule,
    source: expected?.source,
    files: String(version.members.length),
    dataUri: expected?.dataUri,
    tags: JSON.stringify(expected?.tags),
  }
  check('explained', JSON.stringify(told) === JSON.stringify(wanted), () => {
    return `${place} says ${JSON.stringify(told)}, not ${JSON.stringify(wanted)}`
  })
  const commit = properties['lakemark.commit'] ?? ''
  check('explained', commit.startsWith(commitOf(0).slice(0, -1)), () => `${place} tells no commit: ${commit}`)
  const etag = properties['lakemark.etag'] ?? ''
  const isKnown = [...history.changes.values()].flat().some(({ content }) => content?.etag === etag)
  check('explained', isKnown, () => `${place} has an etag that was never written: ${etag}`)
}
