import { describe, expect, it } from 'vitest'
import { createMatcher, type Match } from '../../src/core/matching.ts'
import { ruleFile, ruleSet } from '../support/rule-files.ts'

const FOLDER = {
  type: 'uri_folder',
  settle: '5m',
  marker: '_SUCCESS',
}

function matcherOf(...rules: Record<string, string | undefined>[]) {
  const text = rules.map((fields, i) => ruleFile({ name: `rule-${i}`, ...fields }).replace('rules:\n', ''))
  return createMatcher(ruleSet(`rules:\n${text.join('')}`))
}

function match(fields: Record<string, string | undefined>, path: string): Match | undefined {
  const matches = matcherOf(fields).match({ account: 'contosolake', container: 'silver', path })
  expect(matches.length).toBeLessThan(2)
  return matches[0]
}

describe('a file that matches a rule', () => {
  it('makes an asset of its captures, with description and tags', () => {
    const fields = { description: '"{file} of {region}"', tags: '{ region: "{region}", team: retail }' }
    expect(match(fields, 'sales/eu/dt=1/a.csv')).toEqual({
      rule: expect.objectContaining({ name: 'rule-0' }),
      role: 'data',
      captures: { region: 'eu', date: '1' },
      assetText: 'sales-eu',
      asset: 'sales-eu',
      dataPath: 'sales/eu/dt=1/a.csv',
      description: 'a.csv of eu',
      tags: { region: 'eu', team: 'retail' },
    })
  })

  it('has its name made legal, or none where nothing legal remains', () => {
    expect(match({ asset: '"{stem}"' }, 'sales/eu/dt=1/a b.csv')).toMatchObject({
      assetText: 'a b',
      asset: 'a-b',
    })
    expect(match({ asset: '"{stem}"' }, 'sales/eu/dt=1/日本.csv')).toMatchObject({
      assetText: '日本',
      asset: undefined,
    })
  })

  it.each([
    ['sales/eu/dt=1/a.csv', undefined, 'sales/eu/dt=1'],
    ['sales/eu/dt=1/a.csv', 'sales/{region}', 'sales/eu'],
    ['sales/eu/dt=1/a.csv', 'sales/{region}/', 'sales/eu'],
    ['sales/eu/dt=1/a.csv', '""', ''],
    ['sales/eu/dt=1/a.csv', '"{folder}/x"', 'sales/eu/dt=1/x'],
  ])('%s in a uri_folder rule with the folder %s points to "%s"', (path, folder, dataPath) => {
    expect(match({ type: 'uri_folder', folder }, path)).toMatchObject({ dataPath })
  })

  it('at the root of the container points to the root', () => {
    const root = { match: '"*.csv"', asset: 'all', type: 'uri_folder' }
    expect(match(root, 'a.csv')).toMatchObject({ dataPath: '' })
  })

  it.each([
    ['sales/eu/dt=1/_temporary/a.csv', '"**/_temporary/**"'],
    ['sales/eu/dt=1/.a.csv', '["x", "**/.*"]'],
  ])('%s is left out by ignore %s', (path, ignore) => {
    const wide = { match: 'sales/{region}/**' }
    expect(match(wide, path)).toBeDefined()
    expect(match({ ...wide, ignore }, path)).toBeUndefined()
  })

  it.each([
    ['{ region: eu }', true],
    ['{ region: [us, e*] }', true],
    ['{ region: us }', false],
    ['{ region: eu, date: "2*" }', false],
    ['{ region: "!(us)" }', true],
    ['{ region: "{us,eu}" }', true],
  ])('is wanted where %s: %s', (where, isWanted) => {
    expect(match({ where }, 'sales/eu/dt=1/a.csv') !== undefined).toBe(isWanted)
  })

  it('is cut to bounded tags and descriptions', () => {
    const fields = { tags: '{ t: "{path}{path}" }', description: '"{path}{path}"' }
    const made = match(fields, `sales/eu/dt=1/${'ü😀'.repeat(300)}.csv`)
    expect(made?.tags.t).toMatch(/…$/)
    expect(made?.tags.t?.length).toBeLessThanOrEqual(1000)
    expect(made?.tags.t?.isWellFormed()).toBe(true)
    expect(made?.description?.length).toBeLessThanOrEqual(1000)
  })

  it('may be named like what every object has', () => {
    const fields = {
      match: '"{constructor}/{toString}.csv"',
      asset: '"{constructor}-{toString}"',
      where: '{ constructor: [a] }',
      tags: '{ constructor: "{toString}", toString: x }',
    }
    expect(match(fields, 'a/b.csv')).toMatchObject({
      asset: 'a-b',
      tags: { constructor: 'b', toString: 'x' },
    })
    expect(match(fields, 'b/b.csv')).toBeUndefined()
  })
})

describe('a marker', () => {
  it.each([
    ['sales/eu/dt=1/_SUCCESS', 'sales/eu/dt=1'],
    ['sales/eu/_SUCCESS', undefined],
    ['sales/eu/dt=1/x/_SUCCESS', undefined],
    ['sales/eu/dt=1/_success', undefined],
  ])('%s closes the folder %s', (path, dataPath) => {
    const made = match(FOLDER, path)
    expect(made && [made.role, made.asset, made.dataPath]).toEqual(
      dataPath && ['marker', 'sales-eu', dataPath],
    )
  })

  it.each(['sales/eu/dt=1/_SUCCESS', 'sales/eu/_SUCCESS'])(
    '%s closes the folder that the rule names',
    path => {
      expect(match({ ...FOLDER, folder: 'sales/{region}' }, path)).toMatchObject({
        role: 'marker',
        asset: 'sales-eu',
        dataPath: 'sales/eu',
      })
    },
  )

  it('is no data where the pattern matches it too', () => {
    const wide = { ...FOLDER, match: 'sales/{region}/**' }
    expect(match(wide, 'sales/eu/x/_SUCCESS')).toMatchObject({ role: 'marker', dataPath: 'sales/eu/x' })
    expect(match(wide, 'sales/eu/x/_SUCCESS2')).toMatchObject({ role: 'data' })
  })

  it('is asked where and ignore like a file, as far as its place tells', () => {
    const narrow = { ...FOLDER, folder: 'sales/{region}', where: '{ region: eu, date: "2*" }' }
    expect(match(narrow, 'sales/eu/_SUCCESS')).toMatchObject({ role: 'marker' })
    expect(match(narrow, 'sales/us/_SUCCESS')).toBeUndefined()
    expect(match(narrow, 'sales/eu/dt=1/_SUCCESS')).toBeUndefined()
    expect(match({ ...narrow, ignore: '"**/_*"' }, 'sales/eu/_SUCCESS')).toBeUndefined()
  })

  it('has those tags only which its place tells', () => {
    const fields = {
      ...FOLDER,
      folder: 'sales/{region}',
      tags: '{ region: "{region}", date: "{date}" }',
      description: 'of {date}',
    }
    expect(match(fields, 'sales/eu/_SUCCESS')).toMatchObject({
      tags: { region: 'eu' },
      description: undefined,
    })
    expect(match(fields, 'sales/eu/dt=1/_SUCCESS')?.tags).toEqual({ region: 'eu', date: '1' })
  })

  it('with signs in its name is that file and no other', () => {
    const fields = { ...FOLDER, marker: 'done(1)!' }
    expect(match(fields, 'sales/eu/dt=1/done(1)!')).toMatchObject({ role: 'marker' })
    expect(match(fields, 'sales/eu/dt=1/done')).toBeUndefined()
  })

  it('is looked for in the folder of each choice', () => {
    const fields = { ...FOLDER, match: '"{sales/{region},archive/x/\\\\{{region}\\\\}}/*.csv"' }
    expect(match(fields, 'sales/eu/_SUCCESS')).toMatchObject({ role: 'marker', captures: { region: 'eu' } })
    expect(match(fields, 'archive/x/{eu}/_SUCCESS')).toMatchObject({ captures: { region: 'eu' } })
    expect(match(fields, 'archive/x/eu/_SUCCESS')).toBeUndefined()
  })
})

describe('several rules', () => {
  const both = [{ asset: 'one-{region}' }, { asset: 'two-{region}' }]

  it('each make their asset of one file, in their order', () => {
    const matches = matcherOf(...both).match({
      account: 'contosolake',
      container: 'silver',
      path: 'sales/eu/dt=1/a.csv',
    })
    expect(matches.map(it => it.asset)).toEqual(['one-eu', 'two-eu'])
  })

  it('are asked for their own container only', () => {
    const matcher = matcherOf(...both, { from: 'contosolake/gold', asset: 'three' })
    const path = 'sales/eu/dt=1/a.csv'
    expect(matcher.match({ account: 'contosolake', container: 'gold', path }).map(it => it.asset)).toEqual([
      'three',
    ])
    expect(matcher.match({ account: 'other', container: 'silver', path })).toEqual([])
    expect(matcher.watches('contosolake', 'gold')).toBe(true)
    expect(matcher.watches('contosolake', 'bronze')).toBe(false)
    expect(matcher.watches('other', 'silver')).toBe(false)
  })
})
