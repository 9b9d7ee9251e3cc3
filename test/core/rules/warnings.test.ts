import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MAX_RULES } from '../../../src/core/rules/limits.ts'
import { parseRules } from '../../../src/core/rules/parse-rules.ts'
import { formatProblem } from '../../../src/core/rules/problem.ts'
import { joined, ruleFile, WORKSPACES, warningsOf } from '../../support/rule-files.ts'
import { ROOT } from '../../tidy/sources.ts'

const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001'
const OTHER_SUBSCRIPTION = '00000000-0000-0000-0000-000000000002'

describe('a rule that matches nothing is told of', () => {
  it.each<[Record<string, string>, string]>([
    [{ ignore: '"**"' }, '7:13  ignore: "**" is all that match takes: the rule matches no file'],
    [
      { ignore: '["*.txt", "sales/**"]' },
      '7:13  ignore: "sales/**" is all that match takes: the rule matches no file',
    ],
    [
      { match: '"{a,b}/{region}/*.csv"', ignore: '[a/**, "b/*/*"]' },
      '7:13  ignore: "a/**" and "b/*/*" is all that match takes: the rule matches no file',
    ],
    [{ match: '"x/{region}-[z-a].csv"' }, '4:12  match: matches no file: no name is like {region}-[z-a].csv'],
    [{ match: '"{region}/@()/x"' }, '4:12  match: matches no file: no name is like @()'],
    [
      { match: `"{region}/${'*/'.repeat(254)}x"` },
      '4:12  match: matches no file: it asks for 256 segments; the name of a blob has at most 254',
    ],
    [
      { where: '{ region: "[z-a]" }' },
      '7:22  where.region: "[z-a]" is never met, as no name is like that: the rule matches no file',
    ],
    [
      { match: 'sales/*{region}/x.csv', where: '{ region: [eu, u] }' },
      '7:22  where.region: "eu" is never met, as {region} is always one character: the wildcard before it takes all that it can',
    ],
  ])('%j', (fields, warning) => {
    expect(warningsOf(ruleFile(fields))).toEqual([`r.yaml:${warning}`])
  })

  it.each<[Record<string, string>, string]>([
    [
      { match: 'sales//{region}.csv' },
      '4:12  match: asks for an empty segment, which no data URI can hold: every such file is refused; leave it out',
    ],
    [
      { match: '{region,}/x', asset: 'x' },
      '4:12  match: asks for an empty segment, which no data URI can hold: every such file is refused; leave it out',
    ],
    [
      { match: 'sales/./{region}' },
      '4:12  match: asks for the segment ".", which no data URI can hold: every such file is refused; leave it out',
    ],
    [
      { match: 'sales/../{region}/*', type: 'uri_folder', settle: '1m' },
      '4:12  match: asks for the segment "..", which no data URI can hold: every such file is refused; leave it out',
    ],
    [
      { match: 'sales/{region}/' },
      '4:12  match: asks for an empty segment, which no data URI can hold: every such file is refused; leave it out',
    ],
  ])('as Azure ML cannot point to its files: %j', (fields, warning) => {
    const quoted = fields.match?.startsWith('{') ? { ...fields, match: `"${fields.match}"` } : fields
    expect(warningsOf(ruleFile(quoted))).toEqual([`r.yaml:${warning}`])
  })

  it('when its marker is ignored', () => {
    const fields = { ignore: '"**/_*"', type: 'uri_folder', settle: '1m', marker: '_SUCCESS' }
    expect(warningsOf(ruleFile(fields))).toEqual([
      'r.yaml:10:13  marker: is ignored by "**/_*", so sales/{region}/dt={date}/_SUCCESS closes nothing; keep ignore from it',
    ])
  })

  it.each<Record<string, string>>([
    { ignore: '"**/_temporary/**"' },
    { ignore: '["**/.*", "*", "sales/*"]' },
    { ignore: 'sales/eu/**' },
    { match: '"x/{region}-[a-z]*.csv"' },
    { match: '"{region}/*(a)/x"' },
    { match: 'sales/../{region}/*', type: 'uri_folder', settle: '1m', folder: 'sales' },
    { match: 'sales/*{region}.csv', where: '{ region: [e, "?"] }' },
    { match: 'sales/*-{region}.csv', where: '{ region: eu }' },
    { where: '{ region: ["**", "[!a]"] }' },
    { ignore: '"**/_temporary/**"', type: 'uri_folder', settle: '1m', marker: '_SUCCESS' },
  ])('but not %j', fields => {
    expect(warningsOf(ruleFile(fields))).toEqual([])
  })
})

describe('a rule that does nothing beside an earlier one is told of', () => {
  const takesNothing = (unused = '') =>
    `match: takes nothing that rule sales (r.yaml:2) does not make the same asset of before${unused}; leave one of them out`

  it.each<[string, Record<string, string>, Record<string, string>, string?]>([
    ['the same', {}, {}],
    ['other names of captures', {}, { match: 'sales/{country}/dt={day}/*.csv', asset: 'sales-{country}' }],
    ['a literal of it', {}, { match: 'sales/eu/dt=2026/x.csv', asset: 'sales-eu' }],
    ['a part of it', {}, { match: 'sales/{region}/dt=2026-*/part-*.csv' }],
    ['fewer regions', {}, { where: '{ region: [eu, us] }' }],
    ['fewer of the regions', { where: '{ region: [eu, us, ch] }' }, { where: '{ region: [us] }' }],
    [
      'a region that it wants',
      { where: '{ region: "e*" }' },
      { match: 'sales/eu/dt=1/x.csv', asset: 'sales-eu' },
    ],
    ['more that it ignores', { ignore: '"**/_*"' }, { ignore: '["**/.*", "**/_*"]' }],
    ['choices of one asset', { asset: 'all' }, { match: 'sales/{eu,us}/dt=1/*.csv', asset: 'all' }],
    ['a deeper one', { match: 'sales/**', asset: 'all' }, { match: 'sales/**/x.csv', asset: 'all' }],
    [
      'built-in names',
      { asset: '"{stem}-{folder}"' },
      { asset: '"{stem}-{folder}"', match: 'sales/{a}/dt={b}/x.csv' },
    ],
    [
      'other settings',
      {},
      { settle: '5m', description: 'x', tags: '{ a: b }' },
      ', and settle, maxWait, description, tags of this one never count',
    ],
    [
      'the same texts of other captures',
      { description: 'of {region}' },
      { match: 'sales/{c}/dt={d}/*.csv', asset: 'sales-{c}', description: 'of {c}' },
    ],
  ])('%s', (_, one, two, unused) => {
    const text = joined(ruleFile(one), ruleFile({ name: 'other', ...two }))
    expect(messagesOf(text)).toEqual([takesNothing(unused)])
  })

  it('and not the earlier, which comes first', () => {
    const text = joined(
      ruleFile({ name: 'narrow', match: 'sales/eu/dt=1/x.csv', asset: 'sales-eu' }),
      ruleFile(),
    )
    expect(messagesOf(text)[0]).toMatch(
      /^asset: rule narrow \(r\.yaml:2\) makes sales-eu too: both of sales\/eu\/dt=1\/x\.csv/,
    )
  })
})

describe('an asset of several rules is told of', () => {
  it.each<[string, Record<string, string>, Record<string, string>, string]>([
    [
      'of one template',
      {},
      { match: 'refunds/{country}/*.json', asset: 'sales-{country}' },
      'sales-x too: there of sales/x/dt=x/x.csv, here of refunds/x/x.json',
    ],
    [
      'literal',
      { asset: 'all sales' },
      { match: 'refunds/{r}/*.json', asset: 'all-sales' },
      'all-sales too: there of sales/x/dt=x/x.csv, here of refunds/x/x.json',
    ],
    [
      'literal, that a template can render',
      {},
      { match: 'x.csv', asset: 'sales-eu' },
      'sales-eu too: there of sales/eu/dt=x/x.csv, here of x.csv',
    ],
    [
      'rendered, that is literal in an earlier rule',
      { match: 'x.csv', asset: 'sales-eu' },
      { match: 'sales/{region}/*.csv' },
      'sales-eu too: there of x.csv, here of sales/eu/x.csv',
    ],
    [
      'of conditions that meet',
      { where: '{ region: [ch, eu] }' },
      { match: 'x/{c}/*', asset: 'sales-{c}', where: '{ c: [us, eu] }' },
      'sales-eu too: there of sales/eu/dt=x/x.csv, here of x/eu/x',
    ],
    [
      'named after the file',
      { match: 'a/*.csv', asset: '"{stem}"' },
      { match: 'b/*.parquet', asset: '"{stem}"' },
      'x too: there of a/x.csv, here of b/x.parquet',
    ],
    [
      'in another container',
      { asset: 'all' },
      { from: 'contosolake/gold', asset: 'all' },
      'all too: both of sales/x/dt=x/x.csv',
    ],
  ])('%s', (_, one, two, made) => {
    const text = joined(ruleFile(one), ruleFile({ name: 'other', ...two }))
    expect(messagesOf(text)).toEqual([
      `asset: rule sales (r.yaml:2) makes ${made}; its versions are of both; name the assets apart if that is not meant`,
    ])
  })

  it('with what the rules do otherwise', () => {
    const folder = { type: 'uri_folder', settle: '5m', asset: 'all' }
    const text = joined(
      ruleFile({ ...folder, marker: '_SUCCESS', maxWait: '2h' }),
      ruleFile({ ...folder, name: 'other', match: 'x/*', settle: '90s' }),
    )
    expect(messagesOf(text)[0]).toContain(
      'its versions are of both, with settle 5m there and 90s here, maxWait 2h there and 1h here, marker _SUCCESS there and none here;',
    )
  })

  it('and of another type or for others, where that is no problem yet', () => {
    const text = joined(
      ruleFile(),
      ruleFile({ name: 'other', match: 'x.csv', asset: 'sales-eu', to: 'ml-a' }),
    )
    expect(messagesOf(text)[0]).toContain('with to ml-a, ml-b there and ml-a here')
  })

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['other texts', {}, { asset: 'refunds-{region}' }],
    ['more parts', { asset: 'sales-{region}-{date}' }, { where: '{ region: [eu, us] }' }],
    ['what may, but need not, be the same', { asset: 'sales-{region}-{date}' }, { match: 'x/{region}' }],
    ['other regions', { where: '{ region: eu }' }, { where: '{ region: us }' }],
    ['a region that is not wanted', { where: '{ region: us }' }, { match: 'x.csv', asset: 'sales-eu' }],
    [
      'other containers by name',
      { asset: '"{container}-x"' },
      { from: 'contosolake/gold', asset: '"{container}-x"' },
    ],
    ['other folders', { match: 'a/*.csv', asset: '"{folder}"' }, { match: 'b/*.csv', asset: '"{folder}"' }],
    ['other files', { match: 'x/*.csv', asset: '"{file}"' }, { match: 'x/*.json', asset: '"{file}"' }],
    ['what its pattern never captures', { match: '{region}/y.csv' }, { match: 'x.csv', asset: 'sales-' }],
  ])('but not for %s', (_, one, two) => {
    const quoted = Object.fromEntries(
      Object.entries(one).map(([key, value]) => [key, value.startsWith('{region}/') ? `"${value}"` : value]),
    )
    expect(messagesOf(joined(ruleFile(quoted), ruleFile({ name: 'other', ...two })))).toEqual([])
  })

  it('of thousands of rules in bounded work', () => {
    const rule = (i: number) =>
      `  - { name: r${i}, from: contosolake/silver, match: "t${i}/{region}/*.csv", asset: "{folder}", to: ml-a }\n`
    const perFile = 2000
    const files = Array.from({ length: MAX_RULES / perFile }, (_, file) => {
      const rules = Array.from({ length: perFile }, (_, i) => rule(file * perFile + i))
      return `rules:\n${rules.join('')}`
    })
    files.push(WORKSPACES)
    const parsed = parseRules(files.map((text, i) => ({ path: `${i}.yaml`, text })))
    expect(parsed.warnings.map(it => it.message)).toEqual([
      'asset: from here on rules are not compared: too many begin their assets alike',
    ])
  })
})

describe('a rule that makes more versions than Azure ML takes is told of', () => {
  it.each<[string, Record<string, string>, number, string]>([
    [
      'a folder that does not settle',
      { type: 'uri_folder' },
      2,
      `settle: is 0s, so every file makes a version of its folder, 2 writes in subscription ${SUBSCRIPTION}, which takes 10 a second: 1,000 files would take 3 min; add settle: 5m, or make it a uri_file`,
    ],
    [
      'a folder that settles too soon',
      { type: 'uri_folder', settle: '2s' },
      25,
      `settle: a version is 25 writes in subscription ${SUBSCRIPTION}, which takes 10 a second: 2.5 s each, but one may be cut every 2 s; wait 2.5 s or longer`,
    ],
    [
      'files for many workspaces',
      {},
      20,
      `to: every file is 20 writes in subscription ${SUBSCRIPTION}, which takes 10 a second: after 10 files at once, one file every 2 s; gather files in a uri_folder, or name fewer workspaces`,
    ],
  ])('%s', (_, fields, workspaces, warning) => {
    expect(messagesOf(withWorkspaces(fields, { [SUBSCRIPTION]: workspaces }))).toEqual([warning])
  })

  it.each<[string, Record<string, string>, number]>([
    ['a folder that settles', { type: 'uri_folder', settle: '2s' }, 20],
    [
      'a folder with one file of a fixed name',
      { type: 'uri_folder', match: 'tables/{region}/manifest.json' },
      30,
    ],
    ['files for some workspaces', {}, 19],
  ])('but not %s', (_, fields, workspaces) => {
    expect(messagesOf(withWorkspaces(fields, { [SUBSCRIPTION]: workspaces }))).toEqual([])
  })

  it('by the subscription with the most of its workspaces', () => {
    const each = { [SUBSCRIPTION]: 19, [OTHER_SUBSCRIPTION]: 19 }
    expect(messagesOf(withWorkspaces({}, each))).toEqual([])
    const more = { [SUBSCRIPTION]: 5, [OTHER_SUBSCRIPTION]: 20 }
    expect(messagesOf(withWorkspaces({}, more))[0]).toContain(
      `20 writes in subscription ${OTHER_SUBSCRIPTION}`,
    )
  })
})

describe('warnings', () => {
  it('are told beside problems', () => {
    const parsed = parseRules([
      {
        path: 'r.yaml',
        text: joined(ruleFile({ asset: 'x-{yer}' }), ruleFile({ name: 'b', ignore: '"**"' })),
      },
      { path: 'w.yaml', text: WORKSPACES },
    ])
    expect(!parsed.ok && parsed.problems).toHaveLength(1)
    expect(parsed.warnings.map(formatProblem)).toEqual([
      'r.yaml:12:13  ignore: "**" is all that match takes: the rule matches no file',
    ])
  })

  it('are none for the sample rules and those of the README', () => {
    const samples = readdirSync(join(ROOT, 'rules'))
      .filter(name => name.endsWith('.yaml'))
      .map(name => ({ path: name, text: readFileSync(join(ROOT, 'rules', name), 'utf8') }))
    const blocks = readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)
    const readme = [...blocks]
      .map(([, text = ''], i) => ({ path: `${i}.yaml`, text }))
      .filter(({ text }) => !/^tests:/m.test(text))
    for (const files of [samples, readme]) {
      expect(files.length).toBeGreaterThan(1)
      expect(parseRules(files)).toMatchObject({ ok: true, warnings: [] })
    }
  })
})

function messagesOf(text: string): string[] {
  return warningsOf(text).map(it => it.replace(/^r\.yaml:\d+:\d+ {2}/, ''))
}

/** A rule for so many workspaces in each subscription. */
function withWorkspaces(fields: Record<string, string>, counts: Record<string, number>): string {
  const workspaces = Object.entries(counts).flatMap(([subscription, count], k) =>
    Array.from({ length: count }, (_, i) => ({ alias: `w-${k}-${i}`, subscription })),
  )
  const lines = workspaces.map(it => `  ${it.alias}: { subscription: ${it.subscription}, resourceGroup: rg }`)
  const to = `[${workspaces.map(it => it.alias).join(', ')}]`
  return `${ruleFile({ ...fields, to })}workspaces:\n${lines.join('\n')}\n`
}
