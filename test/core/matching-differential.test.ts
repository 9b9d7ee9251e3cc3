import fc from 'fast-check'
import { Minimatch, type MinimatchOptions } from 'minimatch'
import { describe, expect, it } from 'vitest'
import { createMatcher } from '../../src/core/matching.ts'
import { compilePattern } from '../../src/core/patterns/pattern.ts'
import type { Rule } from '../../src/core/rules/rule-set.ts'
import { ruleFile, ruleSet } from '../support/rule-files.ts'

const SEED = 20_250_131
const OPTIONS: MinimatchOptions = {
  dot: true,
  nonegate: true,
  nocomment: true,
  platform: 'linux',
  optimizationLevel: 0,
}
const CONTAINERS = ['silver', 'gold'] as const
const CAPTURE = '<capture>'

const NAMES = [
  'sales',
  'orders',
  'eu',
  'us',
  'dt=2024-01-01',
  'dt=2025-02-03',
  'v1',
  '2024',
  '.hidden',
  'über',
]
const FILES = [
  'a.csv',
  'b.parquet',
  'part-0.parquet',
  'orders_1.csv',
  '_SUCCESS',
  'orders',
  '1.csv.gz',
  'x-1.csv',
]
const FOLDER_GLOBS = [
  ...['**', '**', '*', `dt=${CAPTURE}`, CAPTURE, '{eu,us}', '{eu,us/v1}', '[a-v]*', 'v[0-9]', '+([0-9])'],
  ...[
    '@(eu|us)',
    '!(eu)',
    '?(v1|us)',
    '20[0-9][0-9]',
    '{2024..2025}',
    'dt=????-*',
    's*s',
    '{sales,orders}',
    '?*',
  ],
]
const FILE_GLOBS = [
  ...['**', '*', '*.csv', '*.{csv,parquet}', 'part-*.parquet', 'orders_*.csv', `orders_${CAPTURE}.csv`],
  ...[
    '*.parquet',
    '!(_*)',
    '+([a-z]).csv',
    `${CAPTURE}-?.csv`,
    '{a,b}.{csv,parquet}',
    '*.csv?(.gz)',
    '*[!v]',
  ],
]

const folder = fc.constantFrom(...NAMES)
const path = fc
  .tuple(fc.array(folder, { maxLength: 4 }), fc.oneof(fc.constantFrom(...FILES), folder))
  .map(([folders, file]) => [...folders, file].join('/'))
const glob = fc
  .tuple(
    fc.array(
      fc.oneof({ weight: 3, arbitrary: folder }, { weight: 2, arbitrary: fc.constantFrom(...FOLDER_GLOBS) }),
      {
        maxLength: 4,
      },
    ),
    fc.oneof(fc.constantFrom(...FILES), fc.constantFrom(...FILE_GLOBS)),
  )
  .map(([folders, file]) => [...folders, file].join('/'))
const rule = fc.record({ container: fc.constantFrom(...CONTAINERS), glob })

const [template] = ruleSet(ruleFile({ match: '"**"', asset: 'x' })).rules as [Rule]

function toRule({ container, glob }: { container: string; glob: string }, index: number): Rule {
  let captures = 0
  const match = compilePattern(glob.replaceAll(CAPTURE, () => `{c${captures++}}`))
  if ('problem' in match) throw new Error(`${glob} ${match.problem}`)
  return { ...template, name: `rule-${index}`, container, match }
}

/** Compares all rules on all paths, and returns how many matches there were. */
function compare(lake: { container: string; glob: string }[], paths: string[]): number {
  const matcher = createMatcher({ rules: lake.map(toRule) })
  const loop = lake.map(({ container, glob }) => ({
    container,
    glob: new Minimatch(glob.replaceAll(CAPTURE, '?*'), OPTIONS),
  }))
  let matches = 0
  for (const container of CONTAINERS) {
    for (const path of paths) {
      const wanted = loop.flatMap((it, i) =>
        it.container === container && it.glob.match(path) ? [`rule-${i}`] : [],
      )
      const found = matcher.match({ account: template.account, container, path }).map(it => it.rule.name)
      if (found.join() !== wanted.join()) {
        const differing = [...new Set([...found, ...wanted])].filter(
          it => found.includes(it) !== wanted.includes(it),
        )
        const globs = differing.map(name => lake[Number(name.slice(5))]?.glob)
        throw new Error(`${path}: found ${found}, a loop of minimatch finds ${wanted}; see ${globs}`)
      }
      matches += wanted.length
    }
  }
  return matches
}

describe('the matcher', () => {
  it.each([
    { rules: 3, runs: 3000 },
    { rules: 30, runs: 300 },
    { rules: 400, runs: 30 },
  ])('of $rules rules finds what a loop of minimatch finds, in its order', ({ rules, runs }) => {
    let matches = 0
    fc.assert(
      fc.property(
        fc.array(rule, { minLength: rules, maxLength: rules, size: 'max' }),
        fc.array(path, { minLength: 20, maxLength: 20, size: 'max' }),
        (lake, paths) => {
          matches += compare(lake, paths)
        },
      ),
      { seed: SEED, numRuns: runs },
    )
    expect(matches).toBeGreaterThan((runs * rules) / 4)
  })

  it('tells apart thousands of rules that differ in one place', () => {
    const numbers = Array.from({ length: 2000 }, (_, i) => i)
    const lake = numbers.flatMap(i =>
      [`sales/orders_${i}/**`, `**/orders_${i}/*.csv`, `sales/**/t${i}/**`, `land/orders_${i}_*.csv`].map(
        glob => ({
          container: 'silver',
          glob,
        }),
      ),
    )
    const paths = [7, 70, 700, 1999, 2000].flatMap(i => [
      `sales/orders_${i}/a.csv`,
      `x/orders_${i}/a.csv`,
      `sales/x/t${i}/t${i}/a`,
      `land/orders_${i}_1.csv`,
      `land/orders_${i}.csv`,
    ])
    expect(compare(lake, paths)).toBe(20)
  })
})
