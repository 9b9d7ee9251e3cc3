import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern } from '../../../src/core/patterns/pattern.ts'
import type { Rule } from '../../../src/core/rules/rule-set.ts'
import { covers } from '../../../src/core/rules/warnings/coverage.ts'
import { createRuleExamples } from '../../../src/core/rules/warnings/example-files.ts'
import { readGlob } from '../../../src/core/rules/warnings/glob.ts'
import { shadowedKeys } from '../../../src/core/rules/warnings/shadowed.ts'
import { ruleFile, ruleSet } from '../../support/rule-files.ts'

/** Enough to tell a pattern that is wrongly thought to be covered. */
const RUNS = 3000

describe('a pattern covers another', () => {
  it.each([
    ['**', 'a/{b}/*.csv'],
    ['**', '**'],
    ['**/*', 'a/b'],
    ['a/**', 'a/**/b'],
    ['**/_*', 'a/{b}/_SUCCESS'],
    ['*.csv', '{stem}.csv'],
    ['*.csv', 'part-*.csv'],
    ['{name}.csv', 'a?.csv'],
    ['?*', '{name}'],
    ['a/{b,c}', 'a/c'],
    ['[a-c]x', 'bx'],
    ['[a-c]{x}', '[a-c]{y}'],
    ['*', '+(a|b)'],
  ])('%s covers %s', (broad, narrow) => {
    expect(isCovered(broad, narrow)).toBe(true)
  })

  it.each([
    ['*', 'a/b'],
    ['a/**', 'a'],
    ['b/', '**'],
    ['*', '/'],
    ['**/*', 'a/'],
    ['{name}.csv', '*.csv'],
    ['a?', 'a*'],
    ['a/**/b', 'a/**'],
    ['a/c', 'a/{b,c}'],
    ['[a-c]x', '?x'],
  ])('%s does not cover %s', (broad, narrow) => {
    expect(isCovered(broad, narrow)).toBe(false)
  })

  it('only where every path of the one is a path of the other', () => {
    let found = 0
    fc.assert(
      fc.property(glob, glob, fc.array(path, { minLength: 20, maxLength: 20 }), (broad, narrow, paths) => {
        if (!isCovered(broad, narrow)) return
        found++
        for (const it of paths) {
          if (compiled(narrow).match(it) !== undefined)
            expect([it, compiled(broad).match(it)]).not.toContain(undefined)
        }
      }),
      { numRuns: RUNS, seed: 7 },
    )
    expect(found).toBeGreaterThan(RUNS / 100)
  })
})

describe('a rule is shadowed', () => {
  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['a capture that lies elsewhere', { match: '"**/{x}"' }, { match: 'q/a/b', asset: 's-a' }],
    [
      'a choice that captures something else first',
      { match: '"{q/{x}/*,{x}/*/c}"' },
      { match: 'a/b/c', asset: 's-b' },
    ],
    ['a part of a segment', { match: 'p-{x}-*' }, { match: 'p-a-b', asset: 's-a' }],
    ['several literals', { match: 'a/{x}' }, { match: 'a/{b,c}', asset: 's-b' }],
    ['a condition', { match: 'a/{x}', where: '{ x: b }' }, { match: 'a/{x}' }],
    [
      'a narrower condition',
      { match: 'a/{x}', where: '{ x: b }' },
      { match: 'a/{x}', where: '{ x: [b, c] }' },
    ],
    ['a condition on what is literal', { match: 'a/{x}', where: '{ x: b }' }, { match: 'a/c', asset: 's-c' }],
    ['what only the earlier one ignores', { match: 'a/{x}', ignore: 'a/b*' }, { match: 'a/{x}' }],
    ['another container', { match: 'a/{x}' }, { match: 'a/{x}', from: 'contosolake/gold' }],
    [
      'a marker',
      { match: 'a/{x}/*', type: 'uri_folder', settle: '1m', marker: 'X' },
      { match: 'a/{x}/*', type: 'uri_folder', settle: '1m' },
    ],
    [
      'a marker of another folder',
      { match: 'a/{x}/*', type: 'uri_folder', settle: '1m', marker: 'X', folder: 'a' },
      { match: 'a/{x}/*', type: 'uri_folder', settle: '1m', marker: 'X' },
    ],
  ])('not by %s', (_, earlier, later) => {
    const [first, second] = [earlier, later].map(
      it => ruleSet(ruleFile({ asset: '"s-{x}"', ...it })).rules[0],
    )
    expect(first && second && shadowedKeys(second, first)).toBeUndefined()
    expect(second && shadowedKeys(second, second)).toEqual([])
  })

  it('only where the earlier one makes the same asset of each of its files', () => {
    let found = 0
    fc.assert(
      fc.property(pair, fc.array(path, { minLength: 20, maxLength: 20 }), ([earlier, later], paths) => {
        if (earlier === undefined || later === undefined) return
        if (shadowedKeys(later, earlier) === undefined) return
        found++
        const first = createRuleExamples(earlier, { guesses: 1000 })
        const second = createRuleExamples(later, { guesses: 1000 })
        for (const it of [...paths, ...second.files().map(file => file.path)]) {
          const asset = second.assetOf(it)
          if (asset !== undefined) expect([it, first.assetOf(it)]).toEqual([it, asset])
        }
      }),
      { numRuns: RUNS, seed: 11 },
    )
    expect(found).toBeGreaterThan(RUNS / 50)
  })
})

const segment = fc.constantFrom(
  'a',
  'b',
  '*',
  '**',
  '{x}',
  'a*',
  '*b',
  '{x}b',
  '?',
  '[ab]',
  'ab',
  '{a,b}',
  '@(a|b)',
  'a{x}',
)
const glob = fc
  .array(segment, { minLength: 1, maxLength: 3 })
  .map(segments => capturedOnce(segments.join('/')))
const path = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'aab', 'abb', ''), { minLength: 1, maxLength: 4 })
  .map(segments => segments.join('/'))
  .filter(it => it !== '')
const settings = fc.record({
  asset: fc.constantFrom('s', 's-{x}', 's-a', '{stem}'),
  where: fc.constantFrom(undefined, undefined, '{ x: a }', '{ x: [a, ab] }', '{ x: "a*" }'),
  ignore: fc.constantFrom(undefined, undefined, 'a/b', '"**/b"'),
})
/** Two rules, of which the second one's pattern and asset often make less of the same. */
const pair = fc
  .record({
    segments: fc.array(segment, { minLength: 1, maxLength: 3 }),
    special: fc.array(fc.constantFrom(undefined, undefined, 'a', 'ab', 'a*', '{x}'), { maxLength: 3 }),
    earlier: settings,
    later: settings,
    isAlike: fc.boolean(),
  })
  .map(({ segments, special, earlier, later, isAlike }) => {
    const narrowed = segments.map((it, i) => special[i] ?? it)
    return [
      ruleOf(segments, earlier),
      ruleOf(narrowed, isAlike ? { ...later, asset: earlier.asset } : later),
    ] as const
  })

function ruleOf(
  segments: string[],
  { asset, where, ignore }: Record<string, string | undefined>,
): Rule | undefined {
  const match = capturedOnce(segments.join('/'))
  if (!match.includes('{x}') && (where !== undefined || asset?.includes('{x}'))) return undefined
  return ruleSet(ruleFile({ match: `"${match}"`, asset: `"${asset}"`, where, ignore })).rules[0]
}

function capturedOnce(text: string): string {
  const [start, ...others] = text.split('{x}')
  return others.length === 0 ? text : `${start}{x}${others.join('*')}`
}

function isCovered(broad: string, narrow: string): boolean {
  return covers(readGlob(compiled(broad).source) ?? [], readGlob(compiled(narrow).source) ?? [])
}

function compiled(text: string) {
  const pattern = compilePattern(text)
  if ('problem' in pattern) throw new Error(`${text}: ${pattern.problem}`)
  return pattern
}
