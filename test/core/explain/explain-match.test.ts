import { describe, expect, it } from 'vitest'
import { keyOf } from '../../../src/core/asset/fingerprint.ts'
import { explainMatch, MAX_VERDICTS } from '../../../src/core/explain/explain-match.ts'
import { reasonOf } from '../../../src/core/explain/sentences.ts'
import { joined, ruleFile, ruleSet } from '../../support/rule-files.ts'

const SILVER = { account: 'contosolake', container: 'silver' }

function explain(path: string, ...rules: Record<string, string | undefined>[]) {
  const set = ruleSet(joined(...rules.map((fields, i) => ruleFile({ name: `rule-${i}`, ...fields }))))
  return explainMatch(set, { ...SILVER, path })
}

/** Of one rule: the result's kind and condition, and the reason in words. */
function told(path: string, fields: Record<string, string | undefined> = {}) {
  const [verdict] = explain(path, fields).verdicts
  if (verdict === undefined) throw new Error('there is no verdict')
  const { result } = verdict
  return [result.kind === 'matched' ? 'matched' : result.condition, reasonOf(result)]
}

describe('an explanation', () => {
  it('of a file that matches says what becomes of it', () => {
    const explained = explain('sales/eu/dt=1/a.csv', {
      tags: '{ region: "{region}" }',
      description: 'of {region}',
    })
    expect(explained.verdicts).toEqual([
      {
        rule: 'rule-0',
        file: 'r.yaml',
        line: 2,
        result: {
          kind: 'matched',
          role: 'data',
          captures: { region: 'eu', date: '1' },
          asset: 'sales-eu',
          dataPath: 'sales/eu/dt=1/a.csv',
          target: keyOf({ ...SILVER, path: 'sales/eu/dt=1/a.csv' }),
          type: 'uri_file',
          workspaces: ['ml-a', 'ml-b'],
          description: 'of eu',
          tags: { region: 'eu' },
        },
      },
    ])
    expect(explained).toMatchObject({ isWatched: true, nearest: undefined, notShown: 0, isDirectory: false })
  })

  it.each([
    ['sales/eu/dt=1/a.json', {}, 'pattern', 'match: segment 4 is "a.json", expected *.csv'],
    ['sales/eu/a.csv', {}, 'pattern', 'match: segment 3 is "a.csv", expected dt={date}'],
    ['sales/eu/dt=1', {}, 'pattern', 'match: the path ends where *.csv is expected'],
    ['sales/eu/dt=1/x/a.csv', {}, 'pattern', 'match: segment 4 is "x", expected *.csv'],
    ['sales/eu/x', { match: 'sales/{region}' }, 'pattern', 'match: the pattern ends before segment 3, "x"'],
    [
      'sales/eu',
      { match: 'sales/{region}/**' },
      'pattern',
      'match: the path ends where one segment more is expected',
    ],
    [
      'stock/x/a.json',
      { match: '"{sales,stock}/{region}/*.csv"' },
      'pattern',
      'match: segment 3 is "a.json", expected *.csv (of stock/{region}/*.csv)',
    ],
    [
      'a/b.csv',
      { match: '"**/{region}=x/**/*.csv"' },
      'pattern',
      'match: no segment from 1 on, "a", is followed as {region}=x asks',
    ],
    ['sales/eu/dt=1/_t.csv', { ignore: '["x", "**/_*"]' }, 'ignore', 'ignore: **/_* matches the path'],
    [
      'sales/cn/dt=1/a.csv',
      { where: '{ region: [eu, us] }' },
      'where',
      'where: {region} is "cn", not one of eu, us',
    ],
    [
      'sales/cn/dt=1/_t.csv',
      { where: '{ region: [eu, us] }', ignore: '"**/_*"' },
      'ignore',
      'ignore: **/_* matches the path',
    ],
    [
      'sales/eu/dt=1/日.csv',
      { asset: '"{stem}"' },
      'asset',
      '"日" has no character that the name of an asset may have',
    ],
    [
      'sales//dt=1/a.csv',
      { match: 'sales/**/*.csv', asset: 'x' },
      'path',
      'no data URI can be written for "sales//dt=1/a.csv": it holds an empty segment',
    ],
  ])('of %s says that %j is missed by %s', (path, fields, condition, reason) => {
    expect(told(path, fields)).toEqual([condition, reason])
  })

  it('of a file with the name of a marker measures it by the places of the marker', () => {
    const fields = { type: 'uri_folder', settle: '5m', marker: '_SUCCESS', folder: 'sales/{region}' }
    expect(told('sales/eu/dt=1/_SUCCESS', fields)).toEqual(['matched', undefined])
    const [condition, reason] = told('sales/eu/x/y/_SUCCESS', fields)
    expect([condition, reason]).toEqual(['pattern', expect.stringMatching(/^(marker|match): /)])
    expect(told('sales/eu/x/_SUCCESS', fields)[1]).toBe('marker: segment 3 is "x", expected dt={date}')
  })

  it('puts what matches first, then what came nearest, and advises on the nearest', () => {
    const rules = [
      { match: 'stock/*.csv', asset: 'a' },
      { match: 'sales/*/dt=2/*.csv', asset: 'b' },
      { match: 'sales/{region}/dt=1/*.csv', asset: 'c', where: '{ region: us }' },
      { match: 'sales/eu/**', asset: 'd', ignore: '"**/*.csv"' },
    ]
    const missed = explain('sales/eu/dt=1/a.csv', ...rules)
    expect(missed.verdicts.map(it => it.rule)).toEqual(['rule-2', 'rule-3', 'rule-1', 'rule-0'])
    expect(missed.nearest).toEqual({
      rule: 'rule-2',
      advice: 'Rule rule-2 matches but for its where: add "eu" to region if it is meant.',
    })
    const matched = explain('sales/eu/dt=1/a.csv', ...rules, { match: '"**"', asset: 'e' })
    expect(matched.verdicts[0]?.rule).toBe('rule-4')
    expect(matched.nearest).toBeUndefined()
  })

  it.each([
    ['sale/eu/dt=1/a.csv', {}, 'is "sale" perhaps meant to be sales?'],
    ['Sales/eu/dt=1/a.csv', {}, 'upper and lower case count: the path says "Sales", its match sales.'],
    ['sales/eu/dt=1/a.json', {}, 'it would match if its match took "a.json" where it says *.csv.'],
    ['sales/eu/x', { match: 'sales/{region}' }, 'lies deeper than sales/{region} reaches'],
    ['sales/eu', {}, 'does not lie as deep as sales/{region}/dt={date}/*.csv asks'],
    ['sales/a.csv', { match: '/sales/*.csv', asset: 'x' }, 'begins with /: take the slash away'],
    ['sales//dt=1/a.csv', {}, 'has an empty segment (//) where {region} is expected'],
    ['sales/eu/dt=1/日.csv', { asset: '"{stem}"' }, 'give its asset a name that has letters or digits'],
    ['sales/eu/dt=1/_a.csv', { ignore: '"**/_*"' }, 'take **/_* away if this file is meant to count'],
  ])('of %s with %j advises: %s', (path, fields, advice) => {
    expect(explain(path, fields).nearest?.advice).toContain(advice)
  })

  it('of a container that is not watched offers the nearest that are', () => {
    const set = ruleSet(
      joined(
        ruleFile({ name: 'a', from: 'contosolake/gold', asset: 'a' }),
        ruleFile({ name: 'b', from: 'contosolake/silver', asset: 'b' }),
        ruleFile({ name: 'c', from: 'otherlake/bronze', asset: 'c' }),
      ),
    )
    const nearest = (account: string, container: string) => {
      const { isWatched, verdicts, ofOtherContainers, nearestContainers } = explainMatch(set, {
        account,
        container,
        path: 'a.csv',
      })
      expect([isWatched, verdicts, ofOtherContainers]).toEqual([false, [], 3])
      return nearestContainers.map(it => `${it.account}/${it.container}`)
    }
    expect(nearest('contosolake', 'silvr')[0]).toBe('contosolake/silver')
    expect(nearest('contosolak', 'gold')[0]).toBe('contosolake/gold')
    expect(nearest('silver', 'sales')[0]).toBe('contosolake/silver')
    expect(nearest('otherlake', 'nothing')).toEqual([
      'otherlake/bronze',
      'contosolake/gold',
      'contosolake/silver',
    ])
  })

  it('counts the rules of other containers, and leaves out the farthest of very many', () => {
    const rules = Array.from({ length: MAX_VERDICTS + 5 }, (_, i) => ({
      match: `x${i}/*.csv`,
      asset: `a${i}`,
    }))
    const explained = explain('x7/b.json', ...rules, { from: 'contosolake/gold', asset: 'gold' })
    expect(explained).toMatchObject({ notShown: 5, ofOtherContainers: 1, nearest: { rule: 'rule-7' } })
    expect(explained.verdicts).toHaveLength(MAX_VERDICTS)
  })

  it('of a directory says so', () => {
    expect(explain('sales/eu/', {}).isDirectory).toBe(true)
    expect(explain('sales/eu_$folder$', {}).isDirectory).toBe(true)
  })

  it('takes bounded work with patterns that multiply', () => {
    const braces = Array.from({ length: 3 }, (_, i) => `{a${i}*,b${i}*,c${i}*,d${i}*,e${i}*}`).join('/')
    const rules = Array.from({ length: 200 }, (_, i) => ({
      match: `"${braces}/**/${i}*/z*"`,
      asset: `a${i}`,
    }))
    const explained = explain(`${'a0/'.repeat(200)}x`, ...rules)
    expect(explained.verdicts).toHaveLength(MAX_VERDICTS)
    expect(explained.verdicts.every(it => it.result.kind === 'missed')).toBe(true)
  })
})
