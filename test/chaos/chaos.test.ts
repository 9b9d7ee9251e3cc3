import { describe, expect, it } from 'vitest'
import { runChaos } from './chaos.ts'
import { reportLines } from './report.ts'

/** Enough of each for some to meet work under way; the run of minutes, with more kinds, is `npm run chaos`. */
const TIMES = {
  'kill -9 worker': 3,
  'freeze worker': 1,
  'kill -9 Azure ML': 2,
  'lose answers of Azure ML': 2,
  'restart storage': 1,
  'reset storage connections': 4,
  'lose answers of storage': 4,
  'reset uploads': 2,
  'lose answers of uploads': 2,
} as const

describe('real processes that are killed, frozen and cut off while files are dropped', () => {
  it('register every file that lies in the lake in the end, once, under the same numbers everywhere', async () => {
    const lines: string[] = []
    const report = await runChaos({
      seconds: 8,
      files: 500,
      workers: 2,
      seed: 58,
      patienceSeconds: 120,
      times: TIMES,
      withClockAhead: true,
      tell: line => lines.push(line),
    })
    console.log([...lines, '', ...reportLines(report)].join('\n'))
    expect(report.violations).toEqual([])
    expect(report.filesInLake).toBeGreaterThan(450)
    expect(report.versions).toBeGreaterThan(report.filesInLake)
    for (const kind of ['kill -9 worker', 'kill -9 Azure ML', 'restart storage'] as const) {
      expect(report.struck.get(kind)).toBeGreaterThan(0)
    }
  }, 300_000)
})
