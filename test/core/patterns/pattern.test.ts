import { describe, expect, it } from 'vitest'
import { MAX_ALTERNATIVES } from '../../../src/core/patterns/braces.ts'
import {
  compilePattern,
  escapePattern,
  MAX_PARENTHESES,
  MAX_PATTERN_LENGTH,
  type Pattern,
} from '../../../src/core/patterns/pattern.ts'

function pattern(text: string): Pattern {
  const compiled = compilePattern(text)
  if ('problem' in compiled) throw new Error(`${text}: ${compiled.problem}`)
  return compiled
}

const captured = (text: string, path: string) => pattern(text).match(path)

/** Two names that a path's split cannot tell apart. */
const ONE_HASH = [`a${'x'.repeat(31)}b`, `b${'x'.repeat(31)}a`] as const

describe('a capture', () => {
  it.each([
    ['sales/{region}/*.csv', 'sales/eu/a.csv', { region: 'eu' }],
    ['{whole}', 'a.csv', { whole: 'a.csv' }],
    ['{a}-{b}', '1-2-3', { a: '1-2', b: '3' }],
    ['{a}{b}', 'xyz', { a: 'xy', b: 'z' }],
    ['*{a}', 'xyz', { a: 'z' }],
    ['*-{a}.csv', '1-2-3.csv', { a: '3' }],
    ['{a}*', 'xyz', { a: 'xyz' }],
    ['{a}?', 'xyz', { a: 'xy' }],
    ['{a}[0-9].csv', 'x12.csv', { a: 'x1' }],
    ['{a}[[:alpha:]]', 'x1y', { a: 'x1' }],
    ['{a}.@(csv|parquet)', 'x.parquet', { a: 'x' }],
    ['{a}?(.gz)', 'x.gz', { a: 'x.gz' }],
    ['{a}.csv?(.gz)', 'x.csv.gz', { a: 'x' }],
    ['{a}.{csv,parquet}', 'x.parquet', { a: 'x' }],
    ['dt={date}/**', 'dt=1/2/3', { date: '1' }],
    ['**/dt={date}/**', 'x/dt=1/dt=2/f', { date: '1' }],
    ['**/{last}', 'x/y/z', { last: 'z' }],
    ['{first}/**/{last}', 'x/z', { first: 'x', last: 'z' }],
    ['**/{a}/{b}/*.csv', '1/2/3/4.csv', { a: '2', b: '3' }],
    ['{a,b}/{c}', 'b/1', { c: '1' }],
    ['{x-{a},y/{a}}.csv', 'y/1.csv', { a: '1' }],
    ['{{a}-1,{a}}', 'x-1', { a: 'x' }],
    ['{1..3}-{n}', '2-x', { n: 'x' }],
    ['\\{{a}\\}', '{x}', { a: 'x' }],
    ['$' + '{a}', '$x', { a: 'x' }],
    ['{a}\\*', 'x*', { a: 'x' }],
    ['{a}', '😀', { a: '😀' }],
    ['?{a}', '😀x', { a: 'x' }],
    ['{a}😀', 'x😀', { a: 'x' }],
    ['{a}(1)', 'x(1)', { a: 'x' }],
    ['{a}@(', 'x@(', { a: 'x' }],
    ['{a}[', 'x[', { a: 'x' }],
    ['{constructor}/{toString}', '1/2', { constructor: '1', toString: '2' }],
    ['{_a1}', 'x', { _a1: 'x' }],
  ])('of %s takes from %s what is left to it', (text, path, captures) => {
    expect(captured(text, path)).toEqual(captures)
  })

  it.each([
    ['{a}', ''],
    ['a{b}', 'a'],
    ['{a}', 'x/y'],
    ['x/{a}', 'x/'],
    ['{a}{b}', 'x'],
    ['{a}{b}', '😀'],
    ['{a}.csv', '.csv'],
    ['{a}@(x|y)', 'x'],
    ['{a}[b-a]', 'xb'],
    ['A{b}', 'ab'],
  ])('of %s takes nothing from "%s"', (text, path) => {
    expect(captured(text, path)).toBeUndefined()
  })

  it('is named once, in the order of the pattern', () => {
    expect(pattern('{b}/{x{a},y{a}}/{c}').captureNames).toEqual(['b', 'a', 'c'])
  })
})

/** Where minimatch says otherwise, or has no say; the other way round see pattern-differential.test.ts. */
describe('a blob name is opaque, so that', () => {
  it.each([
    ['a//b', 'a//b', true, 'an empty segment is one'],
    ['a//b', 'a/b', false, 'slashes do not collapse'],
    ['a/b', 'a//b', false, 'slashes do not collapse'],
    ['a/{x,}/b', 'a/b', false, 'slashes do not collapse'],
    ['a/*/b', 'a//b', false, '* takes at least one character'],
    ['a/**/b', 'a//b', true, '** takes empty segments'],
    ['a/*', 'a/b/', false, 'a slash at the end counts'],
    ['a/*/', 'a/b/', true, 'a slash at the end counts'],
    ['a/b', 'a/b/', false, 'a slash at the end counts'],
    ['a/**', 'a/', true, 'what follows the slash is a segment'],
    ['/a', '/a', true, 'so is what precedes one'],
    ['*', '.', true, '. is a name'],
    ['*', '..', true, '.. is a name'],
    ['?', '.', true, '. is a name'],
    ['[.]*', '..', true, '.. is a name'],
    ['!(a)', '..', true, '.. is a name'],
    ['a/*/b', 'a/../b', true, '.. is a name'],
    ['a/**/b', 'a/./../b', true, '.. is a name'],
    ['**', '../a', true, '.. is a name'],
    ['{a}', '..', true, '.. is a name'],
    ['a/../b', 'b', false, '.. is not folded'],
    ['a/../b', 'a/../b', true, '.. is not folded'],
    ['./a', 'a', false, '. is not folded'],
    ['a*', 'a\\b', true, 'a backslash is a character'],
    ['a\\\\b', 'a\\b', true, 'a backslash is a character'],
    ['a/b', 'a\\b', false, 'a backslash is no slash'],
    ['{a?[,[b]?}', 'ax[', true, 'no choice changes another, as where minimatch joins them into one class'],
  ])('%s on %s is %s: %s', (text, path, matches) => {
    expect(captured(text, path) !== undefined).toBe(matches)
  })
})

describe('a pattern', () => {
  it.each([
    ['**/a', 'a', true],
    ['**/a', 'x/y/a', true],
    ['a/**', 'a', false],
    ['a/**', 'a/b', true],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
    ['a/**/**', 'a', false],
    ['a/**/**', 'a/b', true],
    ['**', 'a', true],
    ['**/b/**/c/**', 'a/b/b/c/c', true],
    ['**/b/**/c/**', 'a/b/c', false],
    ['a**b/c', 'a/b/c', false],
    ['*', '.env', true],
    ['**/x', '.git/.y/x', true],
    ['!a', '!a', true],
    ['!a', 'b', false],
    ['#a', '#a', true],
    ['A', 'a', false],
    ['a{b', 'a{b', true],
    ['a}b', 'a}b', true],
    ['a,b', 'a,b', true],
    [ONE_HASH[0], ONE_HASH[0], true],
    [ONE_HASH[0], ONE_HASH[1], false],
    [`**/${ONE_HASH[0]}/*`, `x/${ONE_HASH[1]}/y`, false],
  ])('%s on %s: %s', (text, path, matches) => {
    expect(captured(text, path) !== undefined).toBe(matches)
  })

  const brace = `{${Array.from({ length: 11 }, (_, i) => `a${i}`)}}`
  it.each([
    ['', 'is empty; ** matches every path'],
    ['a'.repeat(MAX_PATTERN_LENGTH + 1), 'is longer than 1024 characters'],
    ['a\u0001b', 'holds a control character'],
    ['a\u0000', 'holds a control character'],
    ['a\ud83d', 'holds half of a character (a lone surrogate)'],
    ['+('.repeat(MAX_PARENTHESES + 1), 'holds more than 64 parentheses'],
    [brace.repeat(3), `the braces make more than ${MAX_ALTERNATIVES} alternatives; use a wildcard instead`],
    ['{1..100000000}', `the braces make more than ${MAX_ALTERNATIVES} alternatives; use a wildcard instead`],
    [
      '{a,b}'.repeat(60),
      `the braces make more than ${MAX_ALTERNATIVES} alternatives; use a wildcard instead`,
    ],
    ['{'.repeat(100), 'more than 64 braces'],
    ['{,}', 'the braces hold nothing but empty choices'],
    ['{a}/{a}', 'captures {a} twice; give the second one a name of its own'],
    ['{{a},b}', 'captures {a} in some of its choices only; capture it in each of them'],
    ['{{a},{b}}', 'captures {b} in some of its choices only; capture it in each of them'],
    [
      '[{a}]',
      '{a} stands inside a character class, where nothing can be captured; move it out, or write \\[ for a literal [',
    ],
    [
      '@({a}|b)',
      '{a} stands inside @(…), where nothing can be captured; move it out, or write a choice such as {a,b}',
    ],
    [
      'x!(?({a}))',
      '{a} stands inside !(…), where nothing can be captured; move it out, or write a choice such as {a,b}',
    ],
    [
      '{a}+([0-9])',
      "+(…) and its segment's capture cannot be told apart, as it may be of any length; use a choice such as {a,b}, or where and ignore",
    ],
    [
      '@(a*){b}',
      "@(…) and its segment's capture cannot be told apart, as it may be of any length; use a choice such as {a,b}, or where and ignore",
    ],
  ])('"%.20s" is refused: %s', (text, problem) => {
    expect(compilePattern(text)).toEqual({ problem })
  })

  it.each(['{}', '{a b}', '{a-b}', '{1a}', '{a/b}', '{x{a}}', '{a\\,b}', '{__proto__}', '[{]}', '{ä}'])(
    'is refused when it has %s, neither capture nor choice',
    text => {
      expect(compilePattern(text)).toEqual({ problem: expect.stringMatching(/^\{.*\} is not a capture: /) })
    },
  )

  it('may hold as many alternatives as the limit says', () => {
    const atLimit = pattern(`{1..${MAX_ALTERNATIVES}}`)
    expect(atLimit.match(String(MAX_ALTERNATIVES))).toEqual({})
    expect(atLimit.match(String(MAX_ALTERNATIVES + 1))).toBeUndefined()
  })

  it('that would make backtracking engines hang answers', () => {
    const deep = 'a/'.repeat(500)
    expect(captured(`${'**/a/'.repeat(200)}b`, `${deep}c`)).toBeUndefined()
    expect(captured(`${'*a'.repeat(500)}b`, 'a'.repeat(1024))).toBeUndefined()
    expect(captured(`${'{a}{b}{c}{d}'}${'*'.repeat(900)}x`, 'a'.repeat(1024))).toBeUndefined()
    expect(captured(`{a}${'?(a)'.repeat(60)}x`, 'a'.repeat(1024))).toBeUndefined()
  })
})

describe('an escaped text', () => {
  it.each([
    '_SUCCESS',
    '*',
    'a?b',
    '[a]',
    '{a,b}',
    '{a}',
    '@(a)',
    'a\\b',
    '!x',
    '#x',
    '{1..3}',
    '$' + '{a}',
    'a,b',
    '-',
  ])('such as %s matches itself', text => {
    expect(captured(escapePattern(text), text)).toEqual({})
    expect(captured(escapePattern(text), `${text}x`)).toBeUndefined()
  })
})
