import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Transition } from '../../src/core/asset/asset.ts'
import { type Intent, planIntake } from '../../src/core/asset/plan-intake.ts'
import { createMemoryLedger } from '../../src/memory/ledger.ts'
import { specOf } from '../support/samples.ts'

const NOTHING = { head: undefined, files: new Map(), gatherings: new Map() }
const FILES = Array.from({ length: 130 }, (_, index) => `file-${index}`)
const TARGETS = ['a', 'b', 'c', 'd']

const news = fc.record({
  file: fc.nat(FILES.length - 1),
  target: fc.constantFrom(...TARGETS),
  content: fc.option(fc.constantFrom('0x1', '0x2', '0x3'), { nil: undefined, freq: 4 }),
  role: fc.constantFrom<Intent['role']>('data', 'data', 'data', 'data', 'marker'),
  settleMs: fc.constantFrom(0, 60_000, 60_000, 60_000),
})

describe('what one transaction takes in', () => {
  it('is 98 new files of one folder, beside the head and what gathers', () => {
    const intents = FILES.map(file => intentOf(file, { target: 'a' }))
    const { outcomes, transition } = planIntake(NOTHING, intents, 0)
    expect(outcomes.filter(outcome => outcome === 'recorded')).toHaveLength(98)
    expect(new Set(outcomes.slice(98))).toEqual(new Set(['later']))
    expect(rowsOf(transition)).toBe(100)
  })

  it('is what fits: one row is left for a file of the same folder, not for the first of another', () => {
    const most = FILES.slice(0, 97).map(file => intentOf(file, { target: 'a' }))
    const two = [intentOf('other', { target: 'b' }), intentOf('same', { target: 'a' })]
    const { outcomes, transition } = planIntake(NOTHING, [...most, ...two], 0)
    expect(outcomes.slice(97)).toEqual(['later', 'recorded'])
    expect(rowsOf(transition)).toBe(100)
  })

  it('counts what newer content of a file takes along: the file as an older version has it', () => {
    const old = planIntake(NOTHING, [intentOf('old', { target: 'a', settleMs: 0 })], 0).transition
    const known = old?.newFiles[0]
    if (old === undefined || known === undefined) throw new Error('the file was not recorded')
    const state = { head: old.head, files: new Map([[known.key, known]]), gatherings: new Map() }
    const fresh = FILES.slice(0, 97).map(file => intentOf(file, { target: 'a' }))
    const newer = intentOf('old', { target: 'a', content: '0x2', sequencer: 2 })
    expect(planIntake(state, [...fresh, newer], 0).outcomes.at(-1)).toBe('later')
    const fits = planIntake(state, [...fresh.slice(1), newer], 0)
    expect([fits.outcomes.at(-1), rowsOf(fits.transition)]).toEqual(['recorded', 100])
  })

  it('never has more rows than Table Storage takes, and in the end is everything', async () => {
    const history = fc.array(fc.array(news, { minLength: 60, maxLength: 200 }), {
      minLength: 1,
      maxLength: 4,
    })
    const seen = { full: 0 }
    await fc.assert(
      fc.asyncProperty(history, async batches => {
        const ledger = createMemoryLedger()
        let sequencer = 0
        for (const batch of batches) {
          sequencer += 1
          let waiting = batch.map(({ file, ...rest }) => intentOf(FILES[file] ?? '', { ...rest, sequencer }))
          while (waiting.length > 0) {
            const { etag, ...state } = await ledger.readFiles('sales', { files: FILES, targets: TARGETS })
            const { outcomes, transition } = planIntake(state, waiting, 0)
            expect(rowsOf(transition)).toBeLessThanOrEqual(100)
            if (transition !== undefined) {
              expect(await ledger.commit('sales', etag, transition)).not.toBe('conflict')
            }
            const left = waiting.filter((_, index) => outcomes[index] === 'later')
            expect(left.length).toBeLessThan(waiting.length)
            seen.full += Number(left.length > 0)
            waiting = left
          }
        }
      }),
      { numRuns: 60, endOnFailure: true },
    )
    expect(seen.full).toBeGreaterThan(10)
  })
})

function rowsOf(transition: Transition | undefined): number {
  if (transition === undefined) return 0
  const { files, newFiles, formerMembers, gatherings, closedGatherings, versions } = transition
  return [files, newFiles, formerMembers, gatherings, closedGatherings, versions].reduce(
    (rows, list) => rows + list.length,
    1,
  )
}

interface News {
  target: string
  content?: string | undefined
  role?: Intent['role']
  settleMs?: number
  sequencer?: number
}

function intentOf(key: string, { target, role = 'data', settleMs = 60_000, ...given }: News): Intent {
  const { content = '0x1', sequencer = 1 } = given
  const isGone = 'content' in given && given.content === undefined
  return {
    ref: { account: 'lake', container: 'silver', path: key },
    key,
    content: isGone ? undefined : { etag: content, sizeBytes: 1 },
    sequencer: String(sequencer).padStart(8, '0'),
    observed: false,
    role,
    spec: specOf({ dataPath: target }),
    target,
    settleMs,
    maxWaitMs: 600_000,
  }
}
