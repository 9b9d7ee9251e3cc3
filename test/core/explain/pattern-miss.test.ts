import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSegmentTests, findPatternMiss } from '../../../src/core/explain/pattern-miss.ts'
import { compilePattern, type Pattern } from '../../../src/core/patterns/pattern.ts'

const unlimited = () => createSegmentTests(1_000_000, 100_000)

function missOf(pattern: string, path: string) {
  return findPatternMiss({ source: pattern }, path, unlimited())
}

describe('the first segment that does not fit', () => {
  it.each([
    ['sales/{region}/*.csv', 'sales/eu/a.parquet', 3, 'a.parquet', '*.csv'],
    ['sales/{region}/*.csv', 'sale/eu/a.csv', 1, 'sale', 'sales'],
    ['sales/{region}/*.csv', 'sales/eu/x/a.csv', 3, 'x', '*.csv'],
    ['sales/{region}/*', 'sales/eu/x/a.csv', 4, 'a.csv', undefined],
    ['sales/{region}/dt={date}/*.csv', 'sales/eu/a.csv', 3, 'a.csv', 'dt={date}'],
    ['sales/{region}/dt={date}/*.csv', 'sales/eu/dt=1', 4, undefined, '*.csv'],
    ['/sales/*.csv', 'sales/a.csv', 1, 'sales', ''],
    ['sales/*.csv', 'sales//a.csv', 2, '', '*.csv'],
    ['sales/**', 'sales', 2, undefined, '**'],
    ['sales/**/*.csv', 'sales/eu/x/a.parquet', 4, 'a.parquet', '*.csv'],
    ['sales/**/raw/*.csv', 'sales/eu/cooked/a.csv', 3, 'cooked', 'raw'],
    ['**/raw/**/x/*.csv', 'a/b/c.csv', 1, 'a', 'raw'],
    ['**/raw/[0-9]/**', 'a/raw/x/c.csv', 3, 'x', '[0-9]'],
    ['a/**/b/c', 'a/b', 3, undefined, 'c'],
    ['{sales,stock}/{eu,us}/*.csv', 'stock/eu/a.json', 3, 'a.json', '*.csv'],
    ['{a/b/c,sales/x}/*.csv', 'sales/x/a.json', 3, 'a.json', '*.csv'],
    ['a\\{b\\}/{c}', 'x/y', 1, 'x', 'a\\{b\\}'],
  ])('of %s for %s is %i: %j instead of %j', (pattern, path, position, found, expected) => {
    expect(missOf(pattern, path)).toMatchObject({ position, found, expected })
  })

  it('is told of the alternative that gets furthest', () => {
    expect(missOf('{sales,stock}/{region}/*.{csv,json}', 'stock/eu/a.xml')?.alternative).toBe(
      'stock/{region}/*.csv',
    )
  })

  it('may stand anywhere behind a **', () => {
    expect(missOf('**/raw/**/*.csv', 'a/b/c.csv')).toMatchObject({ isAnywhere: true, expected: 'raw' })
    expect(missOf('sales/**/*.csv', 'sales/c.json')).toMatchObject({ isAnywhere: false })
  })

  it('counts what fits, before it and behind it', () => {
    expect(missOf('sales/{region}/*.csv', 'sale/eu/a.csv')).toMatchObject({
      reached: 0,
      agreeing: 2,
      literal: 0,
      length: 3,
    })
    expect(missOf('sales/**/raw/*.csv', 'sales/x/raw/a.json')).toMatchObject({
      reached: 3,
      agreeing: 2,
      literal: 2,
      length: 3,
    })
  })

  it('is not told where that would take too long', () => {
    expect(findPatternMiss({ source: 'a*/b*' }, 'x/y', createSegmentTests(1, 10))).toBeUndefined()
    expect(findPatternMiss({ source: 'a*/b*' }, 'x/y', createSegmentTests(10, 1))).toBeUndefined()
    expect(findPatternMiss({ source: 'a*/b*' }, 'x/y', createSegmentTests(10, 10))).toBeDefined()
  })

  it('is there if and only if the pattern does not match', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      'ab',
      '*',
      '?',
      'a*',
      '[ab]',
      '{a,b}',
      '@(a|b)',
      '{x}',
      '',
      '.',
      '+',
    )
    const segment = fc.oneof(
      { weight: 3, arbitrary: fc.tuple(piece, piece).map(pair => pair.join('')) },
      { weight: 3, arbitrary: piece },
      { weight: 2, arbitrary: fc.constant('**') },
    )
    const patterns = fc.array(segment, { minLength: 1, maxLength: 5 }).map(segments => segments.join('/'))
    const name = fc.constantFrom('a', 'b', 'ab', 'abb', '', '.', '..', 'c')
    const paths = fc.array(name, { minLength: 1, maxLength: 6 }).map(segments => segments.join('/'))
    let compared = 0
    fc.assert(
      fc.property(patterns, paths, (text, path) => {
        const pattern = compilePattern(text)
        fc.pre(!('problem' in pattern))
        const { match } = pattern as Pattern
        compared += 1
        const isMatch = match(path) !== undefined
        // Of several alternatives, others may miss where one matches.
        fc.pre(!isMatch || !text.includes(','))
        // Without a limit, nothing is left untold: no miss means a match.
        expect(missOf(text, path) === undefined).toBe(isMatch)
      }),
      { numRuns: 3000 },
    )
    expect(compared).toBeGreaterThan(1000)
  })
})
