import { describe, expect, it } from 'vitest'
import { PINNED_SEEDS } from './pinned-seeds.ts'
import { failureText, runSeeds } from './run-seeds.ts'
import { simulate } from './simulate.ts'

const SEEDS = 600
/** Vitest's processes share the machine with others: this many seeds at a time, so that none looks hung. */
const SEEDS_PER_TEST = 100
const BEGINNINGS = Array.from({ length: SEEDS / SEEDS_PER_TEST }, (_, index) => 1 + index * SEEDS_PER_TEST)

describe('whatever breaks', () => {
  it.each(BEGINNINGS)('every invariant holds in the hundred seeds from %i on', async from => {
    const { seeds, failed } = await runSeeds({ from, seeds: SEEDS_PER_TEST })
    expect(failed.map(report => failureText(report))).toEqual([])
    expect(seeds).toBe(SEEDS_PER_TEST)
  })

  it.each(PINNED_SEEDS)('seed $seed no longer finds this: $found', async ({ seed }) => {
    const { failed } = await runSeeds({ from: seed, seeds: 1 })
    expect(failed.map(report => failureText(report))).toEqual([])
  })
})

describe('the simulation', () => {
  it('plays the same history for the same seed, call by call', async () => {
    const [first, second] = [await traceOf(7), await traceOf(7)]
    expect(first.length).toBeGreaterThan(100)
    expect(second).toEqual(first)
    expect(await traceOf(8)).not.toEqual(first)
  })

  it('breaks everything that it says it breaks', async () => {
    const { counts } = await runSeeds({ from: 1, seeds: 200 })
    const never = FAULTS.filter(name => (counts.get(name) ?? 0) === 0)
    expect(never).toEqual([])
    expect(counts.get('versions registered')).toBeGreaterThan(1000)
  })
})

const FAULTS = [
  'agenda answer lost',
  'agenda late',
  'agenda refused',
  'azureMl 429',
  'azureMl 500',
  'azureMl 503',
  'azureMl timed out',
  'azureMl timed out when done',
  'events delayed',
  'events dropped',
  'events lost',
  'events repeated',
  'events sent again',
  'lake refused',
  'ledger answer lost',
  'ledger false conflict',
  'ledger late',
  'ledger refused',
  'messages lost',
  'messages poisoned',
  'messages repeated',
  'numbers used by strangers',
  'processes frozen',
  'processes killed',
  'queue answer lost',
  'queue late',
  'queue refused',
  'resyncs',
  'rules changed',
  'versions archived by strangers',
  'workspace outages',
  'workspaces deleted',
]

async function traceOf(seed: number): Promise<string[]> {
  const lines: string[] = []
  await simulate(seed, line => lines.push(line))
  return lines
}
