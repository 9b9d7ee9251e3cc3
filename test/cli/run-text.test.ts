import { describe, expect, it } from 'vitest'
import type { RunView } from '../../src/app/resync/run-view.ts'
import { formatRun, formatRuns, hasFailures, progressOf, summaryOf } from '../../src/cli/run-text.ts'
import { noCounters, type RunCounters } from '../../src/core/resync/run.ts'
import { MINUTE } from '../../src/core/time.ts'

const BEGUN = Date.parse('2026-01-31T12:00:00.000Z')

function runOf(more: Partial<RunView> = {}, counters: Partial<RunCounters> = {}): RunView {
  const none = { container: null, prefix: null, rule: null, asset: null, workspace: null, since: null }
  return {
    id: '98204565579252-3866d2f641cb',
    kind: 'resync',
    state: 'running',
    phase: 'listing',
    filter: { ...none, dryRun: false, verify: false },
    by: 'Ada',
    createdAt: new Date(BEGUN).toISOString(),
    startedAt: new Date(BEGUN).toISOString(),
    endedAt: null,
    reason: null,
    counters: { ...noCounters(), ...counters },
    listedPerSecond: null,
    estimatedEnd: null,
    parts: { total: 4, ended: 1, failed: 0 },
    trouble: [],
    ...more,
  }
}

describe('the progress of a run', () => {
  const estimatedEnd = new Date(BEGUN + 4 * MINUTE).toISOString()

  it('is told by the time that its listing still takes', () => {
    const run = runOf({ estimatedEnd, listedPerSecond: 12_345.6 }, { listed: 400_000, new: 7 })
    expect(progressOf(run, BEGUN + MINUTE)).toEqual({
      text: 'listing: 400,000 files, 12,346/s, 7 new, about 3 min 0 s of listing left  (run 98204565579252-3866d2f641cb)',
      share: 0.25,
    })
  })

  it('is told by its parts before anybody can tell the time, and by its deliveries at the end', () => {
    expect(progressOf(runOf(), BEGUN).share).toBe(0.25)
    const delivering = runOf({ phase: 'delivering' }, { registered: 5, failed: 1, pending: 6 })
    expect(progressOf(delivering, BEGUN)).toMatchObject({
      text: expect.stringMatching(/^delivering: 0 files, 5 registered, 1 failed {2}/),
      share: 0.5,
    })
  })

  it('is not told of a run that waits for its turn', () => {
    const { text, share } = progressOf(runOf({ state: 'queued' }), BEGUN)
    expect([text, share]).toEqual(['waits for its turn  (run 98204565579252-3866d2f641cb)', undefined])
  })
})

describe('a run', () => {
  it('is summed up by what happened, and what did only where it did', () => {
    const counters = { listed: 9, matched: 8, new: 2, registered: 1, settling: 1, missing: 3 }
    expect(summaryOf(runOf({ state: 'done' }, counters))).toBe(
      'run 98204565579252-3866d2f641cb done: 9 listed, 8 matched, 2 new, 1 registered, 1 settling, 3 missing',
    )
  })

  it('is told with what it is over, and what is in its way', () => {
    const filter = { ...runOf().filter, rule: 'sales', dryRun: true }
    expect(
      formatRun(runOf({ filter, trouble: ['the lake answers 503'] }), BEGUN)
        .split('\n')
        .slice(1),
    ).toEqual([
      '  over      rule sales, dry run',
      '  begun     2026-01-31T12:00:00.000Z by Ada',
      '  phase     listing, 1 of 4 parts',
      '  trouble   the lake answers 503',
    ])
    expect(formatRuns([runOf(), runOf({ kind: 'register', state: 'done' })], {})).toMatch(
      / listing +\S+ +Ada +everything .*\n.* done +\S+ +Ada +a registration /,
    )
  })

  it.each([
    [{ state: 'done' }, {}, false],
    [{ state: 'done' }, { pending: 1, refused: 1 }, false],
    [{ state: 'done' }, { failed: 1 }, true],
    [{ state: 'done' }, { troubled: 1 }, true],
    [{ state: 'done' }, { unanswered: 1 }, true],
    [{ state: 'failed' }, {}, true],
  ] as const)('%j with %j has failures: %j', (more, counters, expected) => {
    expect(hasFailures(runOf(more, counters))).toBe(expected)
  })
})
