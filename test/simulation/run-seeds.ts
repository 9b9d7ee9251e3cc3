import { type SeedReport, simulate } from './simulate.ts'

export interface RunOptions {
  from: number
  /** How many; Infinity: until stopped. */
  seeds: number
  /** Ends at the first seed that violates an invariant. */
  untilFound?: boolean
  /** Asked between two seeds. */
  isStopped?: () => boolean
  onSeed?: (report: SeedReport, totals: Totals) => void
}

export interface Totals {
  seeds: number
  /** Processor time and waiting, in milliseconds. */
  elapsedMs: number
  virtualMs: number
  steps: number
  counts: Map<string, number>
  failed: SeedReport[]
}

/** Seeds that are remembered in full: where thousands fail, some will do. */
const MAX_FAILED = 100

/** Plays seed after seed. Each is on its own: what one is depends on its number alone. */
export async function runSeeds({ from, seeds, untilFound, isStopped, onSeed }: RunOptions): Promise<Totals> {
  const totals: Totals = { seeds: 0, elapsedMs: 0, virtualMs: 0, steps: 0, counts: new Map(), failed: [] }
  const begun = performance.now()
  for (let seed = from; seed < from + seeds && isStopped?.() !== true; seed += 1) {
    const report = await simulate(seed)
    totals.seeds += 1
    totals.virtualMs += report.virtualMs
    totals.steps += report.steps
    totals.elapsedMs = performance.now() - begun
    for (const [name, count] of report.counts) {
      totals.counts.set(name, (totals.counts.get(name) ?? 0) + count)
    }
    const isBad = report.violations.length > 0
    if (isBad && totals.failed.length < MAX_FAILED) totals.failed.push(report)
    onSeed?.(report, totals)
    if (isBad && untilFound) break
  }
  return totals
}

/** What went wrong in one seed, and how to look at it. */
export function failureText({ seed, violations }: SeedReport, mutation?: string): string {
  const lines = violations.slice(0, 5).map(({ invariant, detail }) => `  ${invariant}: ${detail}`)
  const broken = mutation === undefined ? '' : ` --mutation ${mutation}`
  return [`seed ${seed}`, ...lines, `  npm run simulate -- --seed ${seed} --trace${broken}`].join('\n')
}
