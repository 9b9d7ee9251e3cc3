import { describe, expect, it } from 'vitest'
import { PARTS_AT_ONCE } from '../../src/app/resync/control.ts'
import { killRuns } from './resync/kill-runs.ts'

const MINUTE = 60_000
const BLOBS = 20_000
const PAGE = 100
const DEATHS = [0.25, 0.6]
/** Of each part that was under way: the page that was being read, and those whose files had not all been compared. */
const PAGES_AGAIN = 7

describe('a re-sync run whose processes are all killed with -9, twice', () => {
  it(
    'goes on from its checkpoints, counts exactly, and registers what was lost, once',
    async () => {
      const report = await killRuns({
        blobs: BLOBS,
        pageBlobs: PAGE,
        pageMs: 60,
        workers: 2,
        killAllAt: DEATHS,
        aheadMs: 4 * MINUTE,
        patienceMs: 2 * MINUTE,
        tell: line => console.log(line),
      })
      const { lost, run, served, again, listedAtDeath, registeredFiles, versions } = report
      expect(run).toMatchObject({
        state: 'done',
        counters: {
          listed: BLOBS,
          matched: BLOBS,
          new: lost,
          changed: 0,
          failed: 0,
          troubled: 0,
          pending: 0,
        },
      })
      expect(lost).toBeGreaterThan(BLOBS / 200)
      expect([registeredFiles, run.counters.registered]).toEqual([lost, versions])
      expect(Math.min(...listedAtDeath)).toBeGreaterThan(0)
      // From the beginning, twice, would be more by far.
      const relisted = served.blobs - BLOBS
      expect(relisted).toBeLessThanOrEqual(DEATHS.length * PARTS_AT_ONCE * PAGES_AGAIN * PAGE)
      expect(relisted).toBeLessThan(listedAtDeath.reduce((sum, listed) => sum + listed, 0))
      expect(again).toMatchObject({ state: 'done', counters: { listed: BLOBS, matched: BLOBS, new: 0 } })
    },
    5 * MINUTE,
  )
})
