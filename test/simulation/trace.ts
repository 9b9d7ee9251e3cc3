/** Counts what happened, and writes it down where someone wants to read it. */
export interface Trace {
  /** `who`: a process, or the part of the world that acts. */
  line(who: string, what: string, outcome?: string): void
  count(name: string, by?: number): void
  counts(): ReadonlyMap<string, number>
  /** Whether lines are kept: what is dear to write down is only written then. */
  readonly isWanted: boolean
}

const TIME_WIDTH = 13
const WHO_WIDTH = 11
const WHAT_WIDTH = 62

export function createTrace(elapsedMs: () => number, write: ((line: string) => void) | undefined): Trace {
  const counts = new Map<string, number>()
  return {
    isWanted: write !== undefined,
    line(who, what, outcome = '') {
      if (write === undefined) return
      const time = timeText(elapsedMs()).padStart(TIME_WIDTH)
      write(`${time}  ${who.padEnd(WHO_WIDTH)} ${what.padEnd(WHAT_WIDTH)} ${outcome}`.trimEnd())
    },
    count: (name, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by),
    counts: () => counts,
  }
}

/** `1:02:03.456`, since the seed's beginning. */
function timeText(ms: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const seconds = ((ms / 1000) % 60).toFixed(3).padStart(6, '0')
  return `${Math.floor(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${seconds}`
}
