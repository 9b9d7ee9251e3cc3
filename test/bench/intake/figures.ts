/** Figures of a benchmark, and how they are shown. */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'

/** The p-quantile of the values, by nearest rank; p from 0 to 1. Throws where there are none. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))]
  if (value === undefined) throw new Error('there are no values to take a quantile of')
  return value
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Three digits that count. */
export function digits(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** The median and, in brackets, the lowest and the highest. */
export function spread(values: readonly number[]): string {
  return `${digits(median(values))} (${digits(Math.min(...values))} to ${digits(Math.max(...values))})`
}

/** A ratio beside the target that it has to meet. */
export function verdict(ratio: number, target: { atLeast: number } | { atMost: number }): string {
  const met = 'atLeast' in target ? ratio >= target.atLeast : ratio <= target.atMost
  const text = 'atLeast' in target ? `at least ${target.atLeast}` : `at most ${target.atMost}`
  return `${digits(ratio)} ×   target: ${text} ×   ${met ? 'met' : 'MISSED'}`
}

/** A line of a table: a name, then cells that are flush right. */
export function cells(name: string, values: readonly string[], nameWidth = 44, cellWidth = 12): string {
  return name.padEnd(nameWidth) + values.map(value => value.padStart(cellWidth)).join('')
}

/** What the figures are measured on: others may use the same machine. */
export function machine(): string {
  const [cpu] = cpus()
  return `Node ${process.version}, ${availableParallelism()} cores (${cpu?.model.trim()}); ${load()} before`
}

/** How many processes wanted to run at a time, over the last minute: more than there are cores, and figures suffer. */
export function load(): string {
  return `load average ${(loadavg()[0] ?? 0).toFixed(1)}`
}

/** Linux counts the processor time of a process in ticks of 10 ms. */
const TICK_MS = 10
/** Of /proc/PID/stat, counted behind the command's name. */
const [UTIME, STIME] = [11, 12]

/** Processor time that another process has had, in ms; undefined where the system does not tell (only Linux does). */
export function cpuMsOf(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[UTIME]) + Number(fields[STIME])) * TICK_MS
}
