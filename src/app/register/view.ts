import { sourceOf, type TargetOutcome, type TargetState } from '../../core/register/outcome.ts'
import type { AssetType } from '../../core/rules/rule-set.ts'
import type { RunView } from '../resync/run-view.ts'

/** A registration as it is shown. Times are ISO 8601 in UTC; null: not known, or not yet. */
export interface RegistrationView
  extends Pick<
    RunView,
    'id' | 'state' | 'phase' | 'by' | 'createdAt' | 'startedAt' | 'endedAt' | 'reason' | 'trouble'
  > {
  dryRun: boolean
  /** One for each dataset and datastore. */
  assets: RegisteredAsset[]
}

export interface RegisteredAsset {
  dataset: string
  datastore: string
  asset: string
  type: AssetType
  /** `account/container/path`, as it was asked for. */
  source: string
  /** That lie there now. */
  files: number
  /** Of these, those that the ledger did not know, or knew with other content. */
  new: number
  changed: number
  refused: number
  settling: number
  troubled: number
  /** The newest version that points there; null: there is none. */
  version: number | null
  /** By alias. */
  workspaces: Record<string, { state: TargetState; reason: string | null }>
}

export function toRegistrationView(run: RunView, outcomes: readonly TargetOutcome[]): RegistrationView {
  const { id, state, phase, by, createdAt, startedAt, endedAt, reason, trouble, filter } = run
  return {
    id,
    state,
    phase,
    dryRun: filter.dryRun,
    by,
    createdAt,
    startedAt,
    endedAt,
    reason,
    trouble,
    assets: outcomes.map(toRegisteredAsset),
  }
}

function toRegisteredAsset({ target, counters, version, workspaces }: TargetOutcome): RegisteredAsset {
  const { dataset, datastore, asset, type } = target
  const { matched: files, changed, refused, settling, troubled } = counters
  return {
    dataset,
    datastore: datastore.name,
    asset,
    type,
    source: sourceOf(target),
    files,
    new: counters.new,
    changed,
    refused,
    settling,
    troubled,
    version: version ?? null,
    workspaces: Object.fromEntries(
      Object.entries(workspaces).map(([alias, { state, reason }]) => [
        alias,
        { state, reason: reason ?? null },
      ]),
    ),
  }
}
