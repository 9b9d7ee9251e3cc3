import { PermanentError, TransientError } from '../core/errors.ts'
import { MAX_CONFLICTS } from '../core/limits.ts'
import {
  type IntakePlan,
  type IntakeState,
  type Intent,
  type IntentOutcome,
  planIntake,
} from '../core/plan-intake.ts'
import { createGroup } from './group.ts'
import type { Clock, Lake, Ledger } from './ports.ts'

export interface Recorded {
  outcome: Exclude<IntentOutcome, 'ask' | 'later'>
  /** A message for the asset must show up then; undefined: one is on its way. */
  wakeAt: number | undefined
  /** The asset must be put on the agenda. */
  busy: boolean
}

/** Intents of one asset that share a transaction at most; what does not fit goes into the next. */
const INTENTS_PER_GROUP = 1000

/**
 * Records news of files in the ledger. Concurrent news of one asset shares transactions.
 * Rejects with TransientError when the ledger or the lake does not answer, or others were faster too often.
 */
export function createRecorder({ ledger, lake, clock }: { ledger: Ledger; lake: Lake; clock: Clock }) {
  return createGroup<Intent, Recorded>(recordAll, INTENTS_PER_GROUP)

  async function recordAll(asset: string, intents: Intent[]): Promise<Recorded[]> {
    const results: Recorded[] = new Array(intents.length)
    let open = intents.map((intent, index) => ({ intent, index }))
    for (let conflicts = 0; open.length > 0; ) {
      const step = await recordSome(
        asset,
        open.map(({ intent }) => intent),
      )
      if (step === 'conflict') {
        conflicts += 1
        if (conflicts > MAX_CONFLICTS)
          throw new TransientError(`asset ${asset} is changed by too many at once`)
        continue
      }
      const later = open.filter((_, position) => step.outcomes[position] === 'later')
      if (later.length === open.length) throw new PermanentError(`asset ${asset}: a file needs too many rows`)
      open.forEach(({ index }, position) => {
        const outcome = step.outcomes[position]
        if (outcome === undefined || outcome === 'later' || outcome === 'ask') return
        results[index] = { outcome, wakeAt: step.wakeAt, busy: step.busy }
      })
      open = later
    }
    return results
  }

  async function recordSome(asset: string, intents: Intent[]): Promise<IntakePlan | 'conflict'> {
    const state = await read(asset, intents)
    let plan = planIntake(state, intents, clock.now())
    if (plan.outcomes.includes('ask')) {
      const { outcomes } = plan
      const answered = await Promise.all(
        intents.map((intent, index) => (outcomes[index] === 'ask' ? observe(intent) : intent)),
      )
      plan = planIntake(state, answered, clock.now())
    }
    if (plan.transition === undefined) return plan
    return (await ledger.commit(asset, state.etag, plan.transition)) === 'conflict' ? 'conflict' : plan
  }

  /** What the lake says after the state was read is at least as new as anything recorded in that state. */
  async function observe(intent: Intent): Promise<Intent> {
    const blob = await lake.head(intent.ref)
    if (blob?.isBeingCopied) throw new TransientError(`a copy into ${intent.ref.path} has not ended`)
    return { ...intent, content: blob, sequencer: undefined, observed: true }
  }

  /** Also the gatherings that the known files belong to, where those differ from the intents'. */
  async function read(asset: string, intents: Intent[]): Promise<IntakeState & { etag: string | undefined }> {
    const files = [...new Set(intents.map(intent => intent.key))]
    const targets = new Set(intents.map(intent => intent.target))
    const state = await ledger.readFiles(asset, { files, targets: [...targets] })
    const others = [...state.files.values()].filter(file => file.cut > 0 && !targets.has(file.target))
    if (others.length === 0) return state
    for (const { target } of others) targets.add(target)
    const all = await ledger.readFiles(asset, { files, targets: [...targets] })
    // A file may have moved on between the two readings: its transaction will then be refused, as the etag
    // that guards it is the second reading's, unless the head moved too; so insist that it did not.
    return all.etag === state.etag ? all : read(asset, intents)
  }
}
