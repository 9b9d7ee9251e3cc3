import { type IntakePlan, type Intent, type IntentOutcome, planIntake } from '../../core/asset/plan-intake.ts'
import { TransientError } from '../../core/errors.ts'
import { SWEEP_GRACE_MS } from '../../core/limits.ts'
import type { Announcer } from '../announcer.ts'
import type { Clock, Counters, Lake, Ledger } from '../ports.ts'
import { createLakeAnswers } from './lake-answers.ts'
import { createRememberedAssets, type GuardedState, type Remembered } from './remembered-assets.ts'

export interface Recorded {
  outcome: Exclude<IntentOutcome, 'ask' | 'later'>
  /** A message for the asset must show up then; undefined: one is on its way. */
  wakeAt: number | undefined
}

/** Somebody who is to be told what became of an intent. */
export interface Waiting {
  intent: Intent
  resolve: (recorded: Recorded) => void
  reject: (error: unknown) => void
}

/** A transaction under way. */
export interface Attempt {
  /** Never rejects. Who could be told, has been; the others have to be tried again. */
  ended: Promise<Ended>
  /** The asset as it will be; undefined: nothing may be built upon it yet. */
  expect(): Remembered | undefined
}

/** `conflict`: others were faster. `overtaken`: what it was built upon did not come through. */
interface Ended {
  outcome: 'recorded' | 'conflict' | 'overtaken' | 'failed'
  left: readonly Waiting[]
}

/** Undefined: there was nothing to commit. */
type Committed = { etag: string } | 'conflict' | undefined

/** An entry of the agenda that was made longer ago may be struck off before the commit that it stands for. */
const AGENDA_HOLDS_MS = SWEEP_GRACE_MS / 2
/** What comes of news that nothing was known of before. */
const NEWS: readonly IntentOutcome[] = ['recorded', 'marker', 'later']

class OvertakenError extends Error {}

interface Dependencies {
  ledger: Ledger
  lake: Lake
  announcer: Announcer
  clock: Clock
  counters: Counters
  /** Lets what was begun be sent before this process goes on; undefined: nothing has to be sent. */
  giveWay?: (() => Promise<void>) | undefined
}

/** The ways to record some news of one asset in one transaction. */
export function createRecordAttempts(dependencies: Dependencies) {
  const { ledger, lake, announcer, clock, counters, giveWay } = dependencies
  const remembered = createRememberedAssets()
  const lakeAnswers = createLakeAnswers(lake)

  /**
   * Records what is surely new without reading anything: that it is, the commit itself finds out. A decision not
   * to record something is never made this way, and nothing whose entry in the agenda would grow old while the commit
   * before it is waited for. Undefined: better read; nothing was begun.
   */
  function unread(asset: string, items: readonly Waiting[], expected?: Remembered): Attempt | undefined {
    const intents = items.map(({ intent }) => intent)
    const state = remembered.guess(asset, intents, expected)
    if (state === undefined) return undefined
    const plan = planIntake(state, intents, clock.now())
    const isAllNews = plan.outcomes.every(outcome => NEWS.includes(outcome))
    const waitsOnAgenda = plan.busy && expected !== undefined
    if (plan.transition === undefined || !isAllNews || waitsOnAgenda) return undefined
    const committed = commit(asset, state, plan)
    let isFollowed = false
    // Whoever follows goes first: to tell all these takes longer than to send what waits for this commit alone.
    const told = async () => {
      const result = await committed
      if (isFollowed) await giveWay?.()
      return result
    }
    const ended = settle(items, plan, told()).then(end => {
      if (end.outcome === 'conflict') remembered.refuted(asset)
      // Nobody knows what the asset is like now: guessing on could fail for ever.
      if (end.outcome === 'failed') remembered.forget(asset)
      return end
    })
    const { transition } = plan
    const expect = () => {
      isFollowed = true
      return remembered.expect(asset, state, transition, etagOf(committed))
    }
    return { ended, expect }
  }

  function read(asset: string, items: readonly Waiting[]): Attempt {
    const ended = recordRead(asset, items).catch((error: unknown): Ended => {
      for (const { reject } of items) reject(error)
      return { outcome: 'failed', left: [] }
    })
    return { ended, expect: () => undefined }
  }

  async function recordRead(asset: string, items: readonly Waiting[]): Promise<Ended> {
    const intents = items.map(({ intent }) => intent)
    const state = await readState(asset, intents)
    if (state === 'moved') return { outcome: 'conflict', left: items }
    remembered.read(asset, state)
    const plan = planIntake(state, intents, clock.now())
    if (!plan.outcomes.includes('ask')) return settle(items, plan, commit(asset, state, plan))

    const answers = await lakeAnswers(intents.filter((_, index) => plan.outcomes[index] === 'ask'))
    const told: { item: Waiting; intent: Intent }[] = []
    for (const item of items) {
      const answer = answers.get(item.intent) ?? { result: item.intent }
      if ('error' in answer) item.reject(answer.error)
      else told.push({ item, intent: answer.result })
    }
    const known = told.map(({ intent }) => intent)
    const complete = planIntake(state, known, clock.now())
    // What is left is asked anew: an answer is worth something over the state that was read before it.
    const asked = told.map(({ item }) => item)
    return settle(asked, complete, commit(asset, state, complete))
  }

  async function commit(asset: string, state: GuardedState, plan: IntakePlan): Promise<Committed> {
    if (plan.transition === undefined) return undefined
    const since = clock.now()
    if (plan.busy) await announcer.expect(asset)
    if (clock.now() - since > AGENDA_HOLDS_MS) throw new TransientError('the agenda took too long')
    const committed = await ledger.commit(asset, state.etag, plan.transition)
    if (committed === 'conflict') return committed
    remembered.committed(asset, state, plan.transition, committed.etag)
    for (const { cause } of plan.transition.versions) counters.add(`versions:${cause}`)
    return committed
  }

  /**
   * Also the gatherings that the known files belong to, where those differ from the intents'. Both readings
   * must be of the same head: its etag is what guards the commit.
   */
  async function readState(asset: string, intents: readonly Intent[]): Promise<GuardedState | 'moved'> {
    const files = [...new Set(intents.map(intent => intent.key))]
    const targets = new Set(intents.map(intent => intent.target))
    const state = await ledger.readFiles(asset, { files, targets: [...targets] })
    const others = [...state.files.values()].filter(file => file.cut > 0 && !targets.has(file.target))
    if (others.length === 0) return state
    for (const { target } of others) targets.add(target)
    const all = await ledger.readFiles(asset, { files, targets: [...targets] })
    return all.etag === state.etag ? all : 'moved'
  }

  return { unread, read }
}

/** Tells those who can be told. */
async function settle(
  items: readonly Waiting[],
  { outcomes, wakeAt }: IntakePlan,
  commit: Promise<Committed>,
): Promise<Ended> {
  try {
    if ((await commit) === 'conflict') return { outcome: 'conflict', left: items }
  } catch (error) {
    if (error instanceof OvertakenError) return { outcome: 'overtaken', left: items }
    for (const { reject } of items) reject(error)
    return { outcome: 'failed', left: [] }
  }
  const left: Waiting[] = []
  items.forEach((item, index) => {
    const outcome = outcomes[index]
    // What is left open is planned anew, over the state that it has led to.
    if (outcome === undefined || outcome === 'later' || outcome === 'ask') left.push(item)
    else item.resolve({ outcome, wakeAt })
  })
  return { outcome: 'recorded', left }
}

/** For those who build upon a commit: where it does not come through, for whatever reason, they are overtaken. */
function etagOf(commit: Promise<Committed>): Promise<string> {
  const etag = commit.then(
    committed => {
      if (committed === undefined || committed === 'conflict') throw new OvertakenError()
      return committed.etag
    },
    () => {
      throw new OvertakenError()
    },
  )
  // Nobody may have built upon it.
  etag.catch(() => undefined)
  return etag
}
