/** Who may die: what was to happen in a process that is dead does not happen. */
export interface Owner {
  readonly alive: boolean
}

interface Entry {
  at: number
  /** Entries of the same time happen in the order in which they were made. */
  order: number
  owner: Owner | undefined
  act: () => void
}

/** Steps of one seed: more of them is a livelock. */
const MAX_STEPS = 400_000

/** The seed got nowhere: it took more steps than any honest one. */
export class Livelock extends Error {
  override readonly name = 'Livelock'
}

/**
 * Virtual time. One entry happens at a time, then everything that it set off runs as far as it can without another
 * entry: there is no other source of order, so that the same entries always make the same history.
 */
export interface Timeline {
  now(): number
  steps(): number
  /** `owner`: it does not happen if this one is dead by then. */
  after(delayMs: number, act: () => void, owner?: Owner): void
  /** Lets everything happen that is due until then, and turns the clock to it. */
  runUntil(time: number): Promise<void>
}

export function createTimeline(start: number): Timeline {
  const heap: Entry[] = []
  let now = start
  let orders = 0
  let steps = 0

  function runUntil(time: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        try {
          let first = heap[0]
          while (first !== undefined && first.owner?.alive === false) {
            pop(heap)
            first = heap[0]
          }
          if (first === undefined || first.at > time) {
            now = Math.max(now, time)
            resolve()
            return
          }
          pop(heap)
          steps += 1
          if (steps > MAX_STEPS) throw new Livelock(`no end after ${MAX_STEPS} steps`)
          now = Math.max(now, first.at)
          first.act()
        } catch (error) {
          reject(error)
          return
        }
        // By then all microtasks have run.
        setImmediate(step)
      }
      setImmediate(step)
    })
  }

  return {
    now: () => now,
    steps: () => steps,
    after(delayMs, act, owner) {
      orders += 1
      push(heap, { at: now + Math.max(0, Math.round(delayMs)), order: orders, owner, act })
    },
    runUntil,
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length
  heap.push(entry)
  while (index > 0) {
    const parent = (index - 1) >> 1
    const above = heap[parent] as Entry
    if (!isBefore(entry, above)) break
    heap[index] = above
    index = parent
  }
  heap[index] = entry
}

function pop(heap: Entry[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child += 1
    if (!isBefore(heap[child] as Entry, last)) break
    heap[index] = heap[child] as Entry
    index = child
  }
  heap[index] = last
}
