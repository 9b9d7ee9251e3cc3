import fc from 'fast-check'
import { braceExpand, type MinimatchOptions, minimatch } from 'minimatch'
import { describe, expect, it } from 'vitest'
import { compilePattern } from '../../../src/core/patterns/pattern.ts'

const OPTIONS: MinimatchOptions = {
  dot: true,
  nonegate: true,
  nocomment: true,
  platform: 'linux',
  optimizationLevel: 0,
}
const SEED = 20_240_607
const RUNS = 20_000

/** As it stands in a rule, and as minimatch would write it. Captures are numbered afterwards. */
const CAPTURE = '<capture>'
const pieces = [
  'sales',
  'eu',
  'a',
  'b',
  'ab',
  '.',
  '-',
  '=',
  '1',
  '!',
  '#',
  'ü',
  '😀',
  '*',
  '*',
  '?',
  '[ab]',
  '[!a]',
  '[a-c]',
  '[[:digit:]]',
  '[]a]',
  '[^b]',
  '[b-a]',
  '[',
  ']',
  '@(a|b)',
  '?(a)',
  '@(ab|[ab]b|?)',
  '\\*',
  '\\{a\\}',
  '\\,',
  '{a,b}',
  '{a,}',
  '{1..3}',
  '{a..c}',
  '{eu/a,b}',
  '{a,{b,ab}}',
]
const unbounded = ['!(a)', '+(a|b)', '*(ab)', '!(a|b*)', '@(a*)']

const segment = fc.oneof(
  { weight: 2, arbitrary: fc.constant('**') },
  { weight: 3, arbitrary: fc.constant('*') },
  { weight: 6, arbitrary: joined(fc.constantFrom(...pieces)) },
  { weight: 3, arbitrary: joined(fc.constantFrom(...pieces, ...unbounded)) },
  { weight: 6, arbitrary: joined(fc.constantFrom(...pieces, CAPTURE, CAPTURE, CAPTURE)) },
)
const glob = fc.array(segment, { minLength: 1, maxLength: 4 }).map(segments => segments.join('/'))

const name = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'ab',
    'eu',
    'sales',
    '.a',
    '1',
    'a.b',
    'ba',
    'a-1',
    '{a}',
    '*',
    '!a',
    '#a',
    'a\\b',
    '😀',
    'aü',
  ),
  joined(
    fc.constantFrom('a', 'b', 'c', '.', '-', '1', '2', '!', '#', 'eu', 'sales', '[', ']', ',', '😀', '*'),
  ),
)
const path = fc
  .array(name, { minLength: 1, maxLength: 5 })
  .filter(names => !names.some(it => it === '.' || it === '..'))
  .map(names => names.join('/'))

function joined(piece: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.array(piece, { minLength: 1, maxLength: 4 }).map(all => all.join(''))
}

/** There minimatch and blob names differ, see pattern.test.ts. */
function makesEmptySegment(text: string): boolean {
  return braceExpand(text).some(it => it.split('/').includes(''))
}

function toRule(text: string): string {
  let count = 0
  return text.replaceAll(CAPTURE, () => `{c${count++}}`)
}

describe('patterns', () => {
  it('match what minimatch matches, a capture being ?*', () => {
    let compared = 0
    let matched = 0
    fc.assert(
      fc.property(glob, fc.array(path, { minLength: 4, maxLength: 4 }), (text, paths) => {
        const pattern = compilePattern(toRule(text))
        if ('problem' in pattern) return
        const expected = text.replaceAll(CAPTURE, '?*')
        if (makesEmptySegment(expected)) return
        for (const it of paths) {
          const wanted = minimatch(it, expected, OPTIONS)
          compared++
          matched += wanted ? 1 : 0
          if ((pattern.match(it) !== undefined) !== wanted) {
            throw new Error(`${toRule(text)} on ${it}: minimatch says ${wanted}`)
          }
        }
      }),
      { seed: SEED, numRuns: RUNS },
    )
    expect(compared).toBeGreaterThan(RUNS * 3)
    expect(matched).toBeGreaterThan(RUNS / 10)
  })

  it('match what minimatch matches when they are any text', () => {
    const any = fc.array(fc.constantFrom(...'ab.*?[]!-^{},()|@+\\/:1$'), { minLength: 1, maxLength: 12 })
    const text = any
      .map(characters => characters.join(''))
      .filter(it => !makesEmptySegment(it))
      .filter(it => !/(^|\/)\.\.?($|\/)/.test(it))
    let compared = 0
    fc.assert(
      fc.property(text, path, (it, blob) => {
        const pattern = compilePattern(it)
        if ('problem' in pattern || pattern.captureNames.length > 0) return
        compared++
        expect([it, blob, pattern.match(blob) !== undefined]).toEqual([
          it,
          blob,
          minimatch(blob, it, OPTIONS),
        ])
      }),
      { seed: SEED, numRuns: RUNS },
    )
    expect(compared).toBeGreaterThan(RUNS / 2)
  })

  it('match what minimatch matches when they are classes and extglobs of any kind', () => {
    const names = ['alpha', 'digit', 'punct', 'graph', 'print', 'upper', 'nope'].map(it => `[:${it}:]`)
    const inClass = fc.array(fc.constantFrom(...'ab[]!^-\\z1é😀', ...names), { minLength: 1, maxLength: 6 })
    const aClass = inClass.map(all => `[${all.join('')}]`)
    const { text } = fc.letrec<{ text: string; extglob: string }>(tie => ({
      text: fc
        .array(fc.oneof({ depthSize: 'small' }, fc.constantFrom(...'ab.*?|)(😀'), aClass, tie('extglob')), {
          minLength: 1,
          maxLength: 5,
        })
        .map(all => all.join('')),
      extglob: fc
        .tuple(fc.constantFrom(...'@?*+!'), fc.array(tie('text'), { minLength: 1, maxLength: 3 }))
        .map(([type, choices]) => `${type}(${choices.join('|')})`),
    }))
    const part = fc.constantFrom(...'ab.-z1é😀[]()|\\', 'ab')
    const segment = fc.array(part, { minLength: 1, maxLength: 6 }).map(all => all.join(''))
    let [compared, matched] = [0, 0]
    fc.assert(
      fc.property(text, fc.array(segment, { minLength: 4, maxLength: 4 }), (it, segments) => {
        const pattern = compilePattern(it)
        if ('problem' in pattern) return
        for (const name of segments.filter(all => !/^\.\.?$/.test(all))) {
          const wanted = minimatch(name, it, OPTIONS)
          compared++
          matched += wanted ? 1 : 0
          if ((pattern.match(name) !== undefined) !== wanted) {
            throw new Error(`${it} on ${name}: minimatch says ${wanted}`)
          }
        }
      }),
      { seed: SEED, numRuns: RUNS / 5 },
    )
    expect(compared).toBeGreaterThan((RUNS / 5) * 3)
    expect(matched).toBeGreaterThan(RUNS / 100)
  })

  it('capture what a greedy regular expression captures', () => {
    const part = fc.constantFrom('a', 'b', '-', '.', '*', '?', '[ab]', CAPTURE, CAPTURE)
    const parts = fc.array(part, { minLength: 1, maxLength: 6 }).filter(all => all.includes(CAPTURE))
    const text = fc.array(fc.constantFrom('a', 'b', '-', '.', 'c'), { minLength: 1, maxLength: 8 })
    const toRegExp: Record<string, string> = { '.': '\\.', '*': '.*', '?': '.', [CAPTURE]: '(.+)' }
    let matched = 0
    fc.assert(
      fc.property(parts, text, (all, characters) => {
        const pattern = compilePattern(toRule(all.join('')))
        if ('problem' in pattern) throw new Error(pattern.problem)
        const wanted = new RegExp(`^${all.map(it => toRegExp[it] ?? it).join('')}$`).exec(characters.join(''))
        const captures = pattern.match(characters.join(''))
        matched += wanted ? 1 : 0
        expect(captures && Object.values(captures)).toEqual(wanted ? [...wanted].slice(1) : undefined)
      }),
      { seed: SEED, numRuns: RUNS },
    )
    expect(matched).toBeGreaterThan(RUNS / 10)
  })
})
