/** What came of a registration, target by target. */

import type { AssetHead, Version } from '../asset/asset.ts'
import { type DeliveryState, deliveryOf, numberOf } from '../asset/asset.ts'
import { isPartOver, noCounters, type Part, type RunCounters, sumCounters } from '../resync/run.ts'
import type { Target } from './request.ts'

/** 'absent': no version that is there goes to this workspace. */
export type TargetState = DeliveryState | 'absent'

export interface TargetOutcome {
  target: Target
  /** Of the parts of the run that looked at it. */
  counters: RunCounters
  /** Whether its whole place was seen. */
  isListed: boolean
  /** The number of the newest version that points to the target's place. */
  version: number | undefined
  /** By alias, of those that were asked for. */
  workspaces: Record<string, { state: TargetState; reason: string | undefined }>
}

/** Faults that a reason names; there may be more. */
const MAX_FAULTS = 5

export function outcomeOf(
  target: Target,
  parts: readonly Part[],
  found: { head: AssetHead; version: Version | undefined } | undefined,
): TargetOutcome {
  const its = parts.filter(({ kind, place }) => kind === 'listing' && place?.target === target.index)
  return {
    target,
    counters: its.length === 0 ? noCounters() : sumCounters(its.map(({ counters }) => counters)),
    isListed: its.length > 0 && its.every(part => isPartOver(part) && part.state !== 'failed'),
    version: found?.version && numberOf(found.head, found.version),
    workspaces: Object.fromEntries(
      target.workspaces.map(alias => {
        const version = found?.version?.spec.workspaces.includes(alias) ? found.version : undefined
        if (found === undefined || version === undefined)
          return [alias, { state: 'absent', reason: undefined }]
        return [alias, deliveryOf(version, alias, found.head)]
      }),
    ),
  }
}

/**
 * Why not all that was asked for is registered; undefined: it is. A dataset need not lie in each of the datastores,
 * but must in one. `refusals`: by dataset, why a file of it was refused.
 */
export function faultsOf(
  outcomes: readonly TargetOutcome[],
  refusals: ReadonlyMap<string, string> = new Map(),
): string | undefined {
  const byDataset = Map.groupBy(outcomes, ({ target }) => target.dataset)
  const faults = [...byDataset].flatMap(([dataset, its]) => {
    const found = its.filter(({ counters }) => counters.matched > 0)
    return found.length === 0 && its.every(({ isListed }) => isListed)
      ? [`nothing lies at ${placesOf(its)}: dataset ${dataset} is not registered`]
      : found.flatMap(outcome => faultsOfTarget(outcome, refusals.get(dataset)))
  })
  if (faults.length === 0) return undefined
  const more = faults.length > MAX_FAULTS ? `; and ${faults.length - MAX_FAULTS} more` : ''
  return faults.slice(0, MAX_FAULTS).join('; ') + more
}

function faultsOfTarget(
  { target, counters, workspaces }: TargetOutcome,
  refusal = 'for a reason that is no longer known',
): string[] {
  const { asset } = target
  const { refused, settling, troubled } = counters
  const states = Object.entries(workspaces)
  const files = (count: number) => (count === 1 ? 'a file' : `${count} files`)
  return [
    ...(refused === 0 ? [] : [`${files(refused)} of ${asset} could not be taken in: ${refusal}`]),
    ...(settling === 0 ? [] : [`${files(settling)} of ${asset} left out, still being copied: ask again`]),
    ...(troubled === 0 ? [] : [`${files(troubled)} of ${asset} met trouble: ask again`]),
    ...states.flatMap(([alias, { state, reason }]) => {
      if (state === 'registered') return []
      if (state === 'absent') return refused > 0 ? [] : [`${asset} is not registered in ${alias}`]
      const told = reason === undefined ? '' : `: ${reason}`
      return state === 'failed'
        ? [`${asset} could not be registered in ${alias}${told}`]
        : [`${asset} is still on its way to ${alias}${told}`]
    }),
  ]
}

function placesOf(outcomes: readonly TargetOutcome[]): string {
  return outcomes.map(({ target }) => sourceOf(target)).join(' and ')
}

/** `account/container/path`, as it was asked for. */
export function sourceOf({ datastore: { account, container }, path }: Target): string {
  return `${account}/${container}/${path.replace(/^\//, '')}`
}
