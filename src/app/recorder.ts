import { type IntakePlan, type Intent, type IntentOutcome, planIntake } from '../core/asset/plan-intake.ts'
import type { BlobRef } from '../core/blob-ref.ts'
import { TransientError } from '../core/errors.ts'
import { MAX_CONFLICTS, MAX_TRANSACTION_ENTITIES, SWEEP_GRACE_MS } from '../core/limits.ts'
import type { Announcer } from './announcer.ts'
import { createGroup, type Settled } from './group.ts'
import type { BlobProperties, Clock, Lake, Ledger } from './ports.ts'
import { createRememberedAssets, type GuardedState } from './remembered-assets.ts'

export interface Recorded {
  outcome: Exclude<IntentOutcome, 'ask' | 'later'>
  /** A message for the asset must show up then; undefined: one is on its way. */
  wakeAt: number | undefined
}

/** Intents that wait for the same asset in this process. */
const INTENTS_PER_GROUP = 1000
/** An entry of the agenda that was made longer ago may be struck off before the commit that it stands for. */
const AGENDA_HOLDS_MS = SWEEP_GRACE_MS / 2

interface Dependencies {
  ledger: Ledger
  lake: Lake
  announcer: Announcer
  clock: Clock
}

/** What comes of news that nothing was known of before. */
const NEWS: readonly IntentOutcome[] = ['recorded', 'marker', 'later']

type Answers = Map<Intent, Settled<Recorded>>

/**
 * Records news of files in the ledger. Concurrent news of one asset shares transactions.
 * Rejects with TransientError when the ledger or the lake does not answer, or others were faster too often.
 */
export function createRecorder({ ledger, lake, announcer, clock }: Dependencies) {
  const remembered = createRememberedAssets()
  return createGroup<Intent, Recorded>(async (asset, intents) => {
    const answers: Answers = new Map()
    let conflicts = 0
    for (let open = intents; open.length > 0; open = open.filter(intent => !answers.has(intent))) {
      const some = open.slice(0, MAX_TRANSACTION_ENTITIES)
      const guessed = conflicts === 0 ? await recordUnread(asset, some, answers) : 'unknown'
      const committed = guessed === 'unknown' ? await recordSome(asset, some, answers) : guessed
      conflicts = committed ? 0 : conflicts + 1
      if (conflicts > MAX_CONFLICTS) throw new TransientError(`asset ${asset} is changed by too many at once`)
    }
    return intents.map(intent => answers.get(intent) as Settled<Recorded>)
  }, INTENTS_PER_GROUP)

  /**
   * Records what is surely new without reading anything: that it is, the commit itself finds out. A decision not
   * to record something is never made this way.
   */
  async function recordUnread(
    asset: string,
    intents: readonly Intent[],
    answers: Answers,
  ): Promise<boolean | 'unknown'> {
    const state = remembered.guess(asset, intents)
    if (state === undefined) return 'unknown'
    const plan = planIntake(state, intents, clock.now())
    const isAllNews = plan.outcomes.every(outcome => NEWS.includes(outcome))
    if (plan.transition === undefined || !isAllNews) return 'unknown'
    const committed = await commit(asset, state, intents, plan, answers)
    if (!committed) remembered.refuted(asset)
    return committed
  }

  /** False: someone else was faster, and nothing was recorded. */
  async function recordSome(asset: string, intents: readonly Intent[], answers: Answers): Promise<boolean> {
    const state = await read(asset, intents)
    if (state === 'moved') return false
    remembered.read(asset, state)
    const first = planIntake(state, intents, clock.now())
    if (!first.outcomes.includes('ask')) return commit(asset, state, intents, first, answers)

    // Of two answers on one file nobody could tell which is the newer.
    const observed = new Map<string, Promise<Settled<BlobProperties | undefined>>>()
    const asked = await Promise.all(
      intents.map(async (intent, index) => ({
        intent,
        known: first.outcomes[index] === 'ask' ? await observe(intent, observed) : { result: intent },
      })),
    )
    for (const { intent, known } of asked) if ('error' in known) answers.set(intent, known)
    const told = asked.flatMap(({ intent, known }) =>
      'error' in known ? [] : { intent, known: known.result },
    )
    const plan = planIntake(
      state,
      told.map(({ known }) => known),
      clock.now(),
    )
    return commit(
      asset,
      state,
      told.map(({ intent }) => intent),
      plan,
      answers,
    )
  }

  async function commit(
    asset: string,
    state: GuardedState,
    intents: readonly Intent[],
    plan: IntakePlan,
    answers: Answers,
  ): Promise<boolean> {
    if (plan.transition !== undefined) {
      const since = clock.now()
      if (plan.busy) await announcer.expect(asset)
      if (clock.now() - since > AGENDA_HOLDS_MS) throw new TransientError('the agenda took too long')
      const committed = await ledger.commit(asset, state.etag, plan.transition)
      if (committed === 'conflict') return false
      remembered.committed(asset, state, plan.transition, committed.etag)
    }
    intents.forEach((intent, index) => {
      const outcome = plan.outcomes[index]
      // What is left open is planned anew, over the state that it has led to.
      if (outcome === undefined || outcome === 'later' || outcome === 'ask') return
      answers.set(intent, { result: { outcome, wakeAt: plan.wakeAt } })
    })
    return true
  }

  /** What the lake says after the state was read is at least as new as anything recorded in that state. */
  async function observe(
    intent: Intent,
    observed: Map<string, Promise<Settled<BlobProperties | undefined>>>,
  ): Promise<Settled<Intent>> {
    const asking = observed.get(intent.key) ?? ask(intent.ref)
    observed.set(intent.key, asking)
    const answer = await asking
    if ('error' in answer) return answer
    return { result: { ...intent, content: answer.result, sequencer: undefined, observed: true } }
  }

  async function ask(ref: BlobRef): Promise<Settled<BlobProperties | undefined>> {
    try {
      const blob = await lake.head(ref)
      if (blob?.isBeingCopied) throw new TransientError(`a copy into ${ref.path} has not ended`)
      return { result: blob }
    } catch (error) {
      return { error }
    }
  }

  /**
   * Also the gatherings that the known files belong to, where those differ from the intents'. Both readings
   * must be of the same head: its etag is what guards the commit.
   */
  async function read(asset: string, intents: readonly Intent[]): Promise<GuardedState | 'moved'> {
    const files = [...new Set(intents.map(intent => intent.key))]
    const targets = new Set(intents.map(intent => intent.target))
    const state = await ledger.readFiles(asset, { files, targets: [...targets] })
    const others = [...state.files.values()].filter(file => file.cut > 0 && !targets.has(file.target))
    if (others.length === 0) return state
    for (const { target } of others) targets.add(target)
    const all = await ledger.readFiles(asset, { files, targets: [...targets] })
    return all.etag === state.etag ? all : 'moved'
  }
}
