import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { datastoreOf } from '../../../src/core/rules/datastore.ts'
import { MAX_FILES, MAX_RULES } from '../../../src/core/rules/limits.ts'
import { parseRules } from '../../../src/core/rules/parse-rules.ts'
import { formatProblem } from '../../../src/core/rules/problem.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/core/time.ts'
import { joined, problemsOf, ruleFile, ruleSet, WORKSPACES } from '../../support/rule-files.ts'

const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001'

describe("the project's own rules", () => {
  const folder = new URL('../../../rules/', import.meta.url)
  const files = readdirSync(folder)
    .filter(name => name.endsWith('.yaml'))
    .map(name => ({ path: `rules/${name}`, text: readFileSync(new URL(name, folder), 'utf8') }))

  it('parse without a problem or a warning', () => {
    expect(parseRules(files)).toMatchObject({ ok: true, warnings: [] })
  })
})

describe('a rule set', () => {
  it('holds every field of a rule, parsed', () => {
    const { rules, workspaces, datastores } = ruleSet(`${ruleFile({
      ignore: '"**/_temporary/**"',
      where: '{ region: [eu, us] }',
      type: 'uri_folder',
      folder: 'sales/{region}',
      settle: '5m',
      maxWait: '2h',
      marker: '_SUCCESS',
      description: 'Sales of {region}',
      tags: '{ team: retail, region: "{region}" }',
    })}
datastores:
  contosolake/silver: { name: silver, kind: azure_data_lake_gen2 }
`)
    expect(rules).toHaveLength(1)
    expect(rules[0]).toMatchObject({
      name: 'sales',
      account: 'contosolake',
      container: 'silver',
      match: { captureNames: ['region', 'date'] },
      ignore: [{ source: '**/_temporary/**' }],
      where: { region: [{ source: 'eu' }, { source: 'us' }] },
      asset: { names: ['region'] },
      type: 'uri_folder',
      folder: { source: 'sales/{region}' },
      settleMs: 5 * MINUTE,
      maxWaitMs: 2 * HOUR,
      marker: {
        name: '_SUCCESS',
        patterns: [{ source: 'sales/{region}/dt={date}/_SUCCESS' }, { source: 'sales/{region}/_SUCCESS' }],
      },
      workspaces: ['ml-a', 'ml-b'],
      description: { source: 'Sales of {region}' },
      tags: { team: { source: 'retail' }, region: { source: '{region}' } },
      origin: { file: 'r.yaml', line: 2 },
    })
    expect(workspaces.get('ml-a')).toEqual({
      alias: 'ml-a',
      subscription: SUBSCRIPTION,
      resourceGroup: 'rg',
      name: 'ml-a',
    })
    expect(datastoreOf({ datastores }, 'contosolake', 'silver')).toEqual({
      account: 'contosolake',
      container: 'silver',
      name: 'silver',
      kind: 'azure_data_lake_gen2',
    })
    expect(datastoreOf({ datastores }, 'contosolake', 'gold')).toMatchObject({
      name: 'contosolake_gold',
      kind: 'azure_blob',
    })
  })

  it.each([
    [{}, 0, 0],
    [{ settle: '0s' }, 0, 0],
    [{ settle: '500ms' }, SECOND / 2, HOUR],
    [{ settle: '5m' }, 5 * MINUTE, HOUR],
    [{ settle: '6m' }, 6 * MINUTE, 72 * MINUTE],
    [{ settle: '1d' }, 24 * HOUR, 7 * 24 * HOUR],
    [{ settle: '2s', maxWait: '2s' }, 2 * SECOND, 2 * SECOND],
  ])('with %j waits %i ms, at most %i', (fields, settleMs, maxWaitMs) => {
    expect(ruleSet(ruleFile(fields)).rules[0]).toMatchObject({ settleMs, maxWaitMs })
  })

  it.each([
    ['ml-b', ['ml-b']],
    ['[ml-b, ml-a]', ['ml-a', 'ml-b']],
    ['[both, ml-b, both]', ['ml-a', 'ml-b']],
  ])('resolves to: %s', (to, workspaces) => {
    expect(ruleSet(ruleFile({ to })).rules[0]?.workspaces).toEqual(workspaces)
  })

  it.each(['$web', '$root', '$logs', 'a1-b2', '1ab'])('takes the container %s', container => {
    expect(ruleSet(ruleFile({ from: `contosolake/${container}` })).rules[0]).toMatchObject({ container })
  })

  it('takes in the newest of what lies there already, unless it says otherwise', () => {
    expect(ruleSet(ruleFile({})).rules[0]?.backfill).toBe('newest')
    expect(ruleSet(ruleFile({ backfill: 'all' })).rules[0]?.backfill).toBe('all')
    expect(ruleSet(ruleFile({ backfill: 'none' })).rules[0]?.backfill).toBe('none')
  })

  it('takes shared assets that agree, and disagreeing ones that never meet', () => {
    const rules = [
      ruleFile({ name: 'one', where: '{ region: [eu, ch] }', to: 'ml-a' }),
      ruleFile({
        name: 'two',
        match: 'x/{country}/*',
        asset: 'sales-{country}',
        where: '{ country: us }',
        to: 'ml-b',
      }),
      ruleFile({ name: 'three', match: 'y/{region}/*', where: '{ region: jp }', to: 'both' }),
      ruleFile({ name: 'four', match: 'z/{region}/*', where: '{ region: jp }', to: '[ml-b, ml-a]' }),
    ]
    expect(ruleSet(joined(...rules)).rules).toHaveLength(4)
  })

  it('keeps names that every object has', () => {
    const set = ruleSet(`workspaces:
  constructor: { subscription: ${SUBSCRIPTION}, resourceGroup: other }
${ruleFile({ name: 'toString', to: 'constructor', tags: '{ constructor: x, hasOwnProperty: y }' })}`)
    expect(set.workspaces.get('constructor')).toMatchObject({ name: 'constructor' })
    expect(Object.keys(set.rules[0]?.tags ?? {})).toEqual(['constructor', 'hasOwnProperty'])
    expect(problemsOf(ruleFile({ to: 'valueOf' }))).toEqual([
      'r.yaml:6:9  to: valueOf is neither a workspace nor a group; known: ml-a, ml-b, both',
    ])
  })

  it('reads aliases, and empty sections', () => {
    const set = ruleSet(`datastores:
rules:
  - &one { name: one, from: contosolake/silver, match: "*", asset: a, tags: &tags { team: x }, to: both }
  - { name: two, from: contosolake/silver, match: "*", asset: b, tags: *tags, to: both }
`)
    expect(set.rules[1]?.tags).toMatchObject({ team: { source: 'x' } })
  })
})

describe('several files', () => {
  it('are told of in the order of their names and lines', () => {
    const files = [
      { path: 'b.yaml', text: 'x: 1\ny: 2\n' },
      { path: 'a.yaml', text: 'z: 1\n' },
    ]
    const parsed = parseRules(files)
    expect(!parsed.ok && parsed.problems.map(({ file, line }) => `${file}:${line}`)).toEqual([
      'a.yaml:1',
      'b.yaml:1',
      'b.yaml:2',
    ])
  })

  it('do not make workspaces unknown where the file that names them cannot be read', () => {
    const files = [
      { path: 'r.yaml', text: ruleFile() },
      { path: 'w.yaml', text: `${WORKSPACES}  broken: [` },
    ]
    const parsed = parseRules(files)
    expect(!parsed.ok && new Set(parsed.problems.map(it => it.file))).toEqual(new Set(['w.yaml']))
  })

  it.each([
    [[], 'rules:1:1  there are no rule files; write one, *.yaml, with a list under rules'],
    [['', '# nothing'], '0.yaml:1:1  no rules found in 0.yaml, 1.yaml; add one under rules'],
    [['rules: []'], '0.yaml:1:1  no rules found in 0.yaml; add one under rules'],
    [['rules:'], '0.yaml:1:1  no rules found in 0.yaml; add one under rules'],
    [
      Array<string>(7).fill(''),
      '0.yaml:1:1  no rules found in 0.yaml, 1.yaml, 2.yaml, 3.yaml, 4.yaml and 2 more files; add one under rules',
    ],
    [
      Array<string>(MAX_FILES + 1).fill(''),
      `${MAX_FILES}.yaml:1:1  more than 200 rule files; join some of them`,
    ],
  ])('without a rule are refused (%#)', (texts, problem) => {
    const parsed = parseRules(texts.map((text, i) => ({ path: `${i}.yaml`, text })))
    expect(!parsed.ok && parsed.problems.map(formatProblem)).toEqual([problem])
  })

  it('whose braces make too many alternatives together are refused, where the limit is passed', () => {
    const rule = (i: number) =>
      `  - { name: r${i}, from: contosolake/silver, match: "d${i}/{1..1000}/*.csv", asset: a${i}, to: ml-a }\n`
    const text = `rules:\n${Array.from({ length: 101 }, (_, i) => rule(i)).join('')}`
    const parsed = parseRules([
      { path: 'a.yaml', text },
      { path: 'w.yaml', text: WORKSPACES },
    ])
    expect(!parsed.ok && parsed.problems.map(formatProblem)).toEqual([
      'a.yaml:102:5  all rules up to here have more than 100000 brace alternatives; use captures or * for some of them',
    ])
  })

  it('with too many rules are refused', () => {
    const rule = (i: number) =>
      `  - { name: r${i}, from: contosolake/silver, match: "*", asset: a, to: ml-a }\n`
    const perFile = MAX_RULES / 4
    const texts = [0, 1, 2, 3].map(file => {
      const length = perFile + Number(file === 3)
      return `rules:\n${Array.from({ length }, (_, i) => rule(file * MAX_RULES + i)).join('')}`
    })
    const files = [...texts, WORKSPACES].map((text, i) => ({ path: `${i}.yaml`, text }))
    const parsed = parseRules(files)
    expect(!parsed.ok && parsed.problems.map(formatProblem)).toEqual([
      `3.yaml:${perFile + 2}:5  more than 10000 rules; join some of them`,
    ])
  })
})
