import { Session } from 'node:inspector/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRuleIndex } from '../../../src/core/matching/rule-index.ts'
import { compilePattern, MAX_STEPS, type Pattern } from '../../../src/core/patterns/pattern.ts'
import { createSplitPath, splitInto } from '../../../src/core/patterns/split-path.ts'

const SEED = 20_250_131
const RUNS = 600
const LENGTH = 1024
/** Blocks of code that one step runs through, at the most. */
const BLOCKS_PER_STEP = 16

const session = new Session()

beforeAll(async () => {
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
})

afterAll(async () => {
  await session.post('Profiler.stopPreciseCoverage')
  session.disconnect()
})

/** How often any block of the patterns' code is run through meanwhile, as V8 counts it. */
async function countBlocks(run: () => void): Promise<number> {
  await session.post('Profiler.takePreciseCoverage')
  run()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  const scripts = result.filter(({ url }) => url.includes('/src/core/patterns/'))
  expect(scripts.length).toBeGreaterThan(0)
  return scripts
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
    .reduce((sum, { count }) => sum + count, 0)
}

function compiled(text: string): Pattern {
  const pattern = compilePattern(text)
  if ('problem' in pattern) throw new Error(`${text}: ${pattern.problem}`)
  return pattern
}

async function expectBounded(pattern: Pattern, path: string): Promise<void> {
  const blocks = await countBlocks(() => pattern.match(path))
  expect(pattern.maxSteps).toBeLessThanOrEqual(MAX_STEPS)
  if (blocks > BLOCKS_PER_STEP * pattern.maxSteps) {
    throw new Error(`${pattern.source} on ${path}: ${blocks} blocks, ${pattern.maxSteps} steps promised`)
  }
}

/** Nothing, what many of the patterns end with, and that behind what spoils the match. */
const ENDS = ['', 'b', 'cb', '/b']

function filled(unit: string, end: string): string {
  return unit.repeat(LENGTH).slice(0, LENGTH - end.length) + end
}

describe('a pattern that makes other engines hang', () => {
  it.each([
    [`${'*a'.repeat(500)}b`, 'a'],
    [`${'**/a/'.repeat(200)}b`, 'a/'],
    [`${'**/*a*/'.repeat(100)}b`, 'a/'],
    [`${'**/'.repeat(300)}*a*a*a*a*b`, 'a/'],
    ['+(+(+(+(+(a)))))b', 'a'],
    [`${'*('.repeat(60)}a${')'.repeat(60)}b`, 'a'],
    ['+(a|aa)+(a|aa)+(a|aa)b', 'a'],
    ['*(a|?)*(a|?)*(a|?)*(a|?)*(a|?)b', 'a'],
    ['+(*|?)+(*|?)b', 'a'],
    [`${'?(a)'.repeat(60)}${'a'.repeat(60)}`, 'a'],
    [`${'@(a|a|a)'.repeat(60)}b`, 'a'],
    ['*.!(tmp|bak)', '.'],
    ['!(a*)!(a*)b', 'a'],
    ['!(!(!(a*)))', 'a'],
    ['*([[:alpha:]]|[[:alnum:]])b', 'ä'],
    [`{a}${'*'.repeat(900)}b`, 'a'],
    ['{a}{b}{c}{d}{e}{f}{g}b', 'a'],
    [`{a}${'?(a)'.repeat(10)}b`, 'a'],
    [`${'{a,b}'.repeat(9)}*a*a*b`, 'a'],
    ['{1..1000}*', '1'],
    ['**/{a,b,c,d}{a,b,c,d}{a,b,c,d}*/**/x', 'aaaa/'],
    [`${'[!b]*'.repeat(100)}b`, 'a'],
    [`${'?*'.repeat(300)}b`, '😀'],
  ])('is bounded: %s', async (text, unit) => {
    for (const end of ENDS) await expectBounded(compiled(text), filled(unit, end))
  })

  it.each([
    ['!(a*!(a*!(a*)b)b)b'],
    ['*!(*!(*a*)*)*'],
    ['+(!(*a)|b)!(*b)!(*c*!(*d))'],
    [`${'{a,b}'.repeat(9)}${'*a'.repeat(400)}b`],
    [`{1..1000}${'*a'.repeat(20)}`],
    [`{a}@(${'?(a)'.repeat(50)}${'?'.repeat(500)})`],
  ])('is refused where it is not: %s', text => {
    expect(compilePattern(text)).toEqual({
      problem: expect.stringMatching(
        /^may take [\d,]+ million steps with a long path, more than 17 million; let it have fewer choices and wildcards, and no !\(…\) behind a wildcard or inside another one$/,
      ),
    })
  })
})

describe('many rules', () => {
  it('are each verified once, however often a path repeats what leads to them', async () => {
    const patterns = Array.from({ length: 200 }, (_, i) =>
      compiled(`**/${i % 2 ? 'a' : 'z'}/**/?${'*b'.repeat(i % 9)}?`),
    )
    const index = createRuleIndex(patterns.flatMap(({ rows }, rule) => rows.map(row => ({ ...row, rule }))))
    const path = createSplitPath()
    splitInto(path, filled('a/', 'c'))
    const blocks = await countBlocks(() => index.find(path))
    expect(blocks).toBeGreaterThan(0)
    expect(blocks).toBeLessThan(BLOCKS_PER_STEP * patterns.reduce((sum, { maxSteps }) => sum + maxSteps, 0))
  })
})

describe('any pattern that is accepted', () => {
  const leaf = fc.constantFrom('a', 'b', 'aa', '*', '?', '[ab]', '[!b]', '.')
  const { text } = fc.letrec<{ text: string; extglob: string }>(tie => ({
    text: fc
      .array(fc.oneof({ depthSize: 'small' }, leaf, leaf, tie('extglob')), { minLength: 1, maxLength: 6 })
      .map(parts => parts.join('')),
    extglob: fc
      .tuple(fc.constantFrom('@', '?', '*', '+', '!'), fc.array(tie('text'), { minLength: 1, maxLength: 3 }))
      .map(([type, choices]) => `${type}(${choices.join('|')})`),
  }))
  const segment = fc.oneof(
    { weight: 4, arbitrary: text },
    { weight: 1, arbitrary: fc.constant('**') },
    { weight: 1, arbitrary: text.map(it => `{a,b}${it}`) },
    { weight: 1, arbitrary: fc.constantFrom('{x}-{y}', '{z}?(a)b', 'a{v}*') },
  )
  const pattern = fc.uniqueArray(segment, { minLength: 1, maxLength: 5 }).map(segments => segments.join('/'))
  const unit = fc.constantFrom('a', 'ab', 'aab', 'a/', 'ab/a/', `${'a'.repeat(30)}/`, '.a')

  it('takes no more steps than it promises', async () => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(pattern, unit, fc.constantFrom(...ENDS), async (source, start, end) => {
        const it = compilePattern(source)
        if ('problem' in it) return
        accepted++
        await expectBounded(it, filled(start, end))
      }),
      { seed: SEED, numRuns: RUNS },
    )
    expect(accepted).toBeGreaterThan(RUNS / 4)
  })
})
