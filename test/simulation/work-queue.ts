import type { WorkQueue } from '../../src/app/ports.ts'
import { SECOND } from '../../src/core/time.ts'
import type { WorkMessage } from '../../src/core/work-message.ts'
import type { Lakemark } from '../../src/wiring.ts'
import type { Fleet, Process } from './fleet.ts'
import type { Profile } from './profile.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

/** Should a process die, its messages come again after this time; it renews while it lives. */
const VISIBILITY_MS = 30 * SECOND
/** After a failure. */
const AGAIN_MS = 10 * SECOND
const MAX_DEQUEUES = 5
const POLLING_MS = SECOND

interface Message {
  message: WorkMessage
  dequeues: number
  isPoison: boolean
  isGone: boolean
}

interface Dependencies {
  timeline: Timeline
  random: Random
  trace: Trace
  profile: Profile
  fleet: () => Fleet
}

export interface SimulatedQueue extends WorkQueue {
  /** From now on nothing is lost or repeated any more. */
  heal(): void
  /** Messages that nobody has dealt with. */
  waiting(): number
}

/** The work queue and its poison queue, with the host that takes messages from them for a process. */
export function createSimulatedQueue({
  timeline,
  random,
  trace,
  profile,
  fleet,
}: Dependencies): SimulatedQueue {
  let faults = profile.queue
  let waiting = 0

  function add(message: WorkMessage, delayMs: number, isPoison: boolean): void {
    const entry: Message = { message, dequeues: 0, isPoison, isGone: false }
    waiting += 1
    // What a listing is asked for is written down nowhere else.
    if (message.kind !== 'listing' && random.chance(faults.lost)) {
      trace.count('messages lost')
      trace.line('queue', textOf(message), 'lost')
      remove(entry)
      return
    }
    show(entry, delayMs)
  }

  function show(entry: Message, inMs: number): void {
    timeline.after(inMs + random.between(0, POLLING_MS), () => offer(entry))
  }

  function remove(entry: Message): void {
    if (!entry.isGone) waiting -= 1
    entry.isGone = true
  }

  function offer(entry: Message): void {
    if (entry.isGone) return
    const process = fleet().pick()
    if (process === undefined) {
      show(entry, SECOND)
      return
    }
    entry.dequeues += 1
    // A poison queue has none of its own: what lies there is tried for ever.
    if (entry.dequeues > MAX_DEQUEUES && !entry.isPoison) {
      giveUp(entry)
      return
    }
    take(entry, process)
    if (!random.chance(faults.repeated)) return
    trace.count('messages repeated')
    const other = fleet().pick()
    if (other !== undefined) void run(entry, other).catch(() => undefined)
  }

  function giveUp(entry: Message): void {
    remove(entry)
    trace.count('messages poisoned')
    trace.line('queue', textOf(entry.message), 'poisoned')
    add(entry.message, 0, true)
  }

  function take(entry: Message, process: Process): void {
    let isHeld = true
    const release = (inMs: number) => {
      if (!isHeld) return
      isHeld = false
      show(entry, inMs)
    }
    const watch = () => {
      if (!isHeld || entry.isGone) return
      if (process.alive && process.frozenUntil <= timeline.now()) timeline.after(VISIBILITY_MS, watch)
      else release(0)
    }
    timeline.after(VISIBILITY_MS, watch)
    run(entry, process).then(
      () => {
        // Whoever has lost the message by then cannot delete it.
        if (isHeld) remove(entry)
        isHeld = false
      },
      () => release(AGAIN_MS),
    )
  }

  function run(entry: Message, process: Process): Promise<unknown> {
    const { message, dequeues, isPoison } = entry
    const what = trace.isWanted ? `${isPoison ? 'poison' : 'work'} ${textOf(message)} #${dequeues}` : 'work'
    return fleet().invoke(process, what, lakemark => handle(lakemark, entry))
  }

  return {
    async enqueue(messages) {
      for (const { message, delayMs } of messages) add(message, delayMs, false)
    },
    heal() {
      faults = { lost: 0, repeated: 0 }
    },
    waiting: () => waiting,
  }
}

/** As the functions of the queue and of its poison queue do. */
function handle(lakemark: Lakemark, { message, dequeues, isPoison }: Message): Promise<unknown> {
  if (isPoison) return lakemark.recordPoison(message)
  if (message.kind === 'assets') return lakemark.work(message.assets, { redelivered: dequeues > 1 })
  if (message.kind === 'run') return lakemark.resync.work(message)
  return lakemark.takeInListing(message)
}

function textOf(message: WorkMessage): string {
  if (message.kind === 'run') return `run ${message.run}`
  return message.kind === 'assets' ? message.assets.join(' ') : `listing of ${message.folder.path}/`
}
