import { describe, expect, it } from 'vitest'
import { problemsOf, ruleFile, warningsOf } from '../../support/rule-files.ts'

const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001'
const NO_CAPTURE = 'names are letters, digits and _, not starting with a digit, nor __proto__'

describe('a rule is refused', () => {
  it.each<[Record<string, string | undefined>, string]>([
    [{ name: undefined }, '2:5  name: missing; expected a name such as daily-sales'],
    [
      { name: 'a b' },
      '2:11  name: a b is not a legal name; use 1 to 63 letters, digits, _ and -, beginning with a letter or digit',
    ],
    [{ name: '' }, '2:5  name: expected a name such as daily-sales, found nothing'],
    [{ from: undefined }, '2:5  from: missing; expected account/container, such as contosolake/silver'],
    [{ from: 'silver' }, '3:11  from: silver is not account/container, as in contosolake/silver'],
    [{ from: 'a/b/c' }, '3:11  from: a/b/c is not account/container, as in contosolake/silver'],
    [
      { from: 'Contoso/silver' },
      '3:11  from: Contoso is not a storage account; use 3 to 24 lower-case letters and digits',
    ],
    [
      { from: 'contosolake/a--b' },
      '3:11  from: a--b is not a container; use 3 to 63 lower-case letters, digits and single -, or $root, $web, $logs',
    ],
    [
      { from: '[a, b]' },
      '3:11  from: expected account/container, such as contosolake/silver, found a list; text that begins with *, {, [, ! or & must stand in quotes',
    ],
    [{ match: undefined }, '2:5  match: missing; expected a glob such as sales/{region}/*.csv'],
    [{ match: '""' }, '4:12  match: is empty; ** matches every path'],
    [
      { match: '"{re gion}/{date}"' },
      `4:12  match: {re gion} is not a capture: ${NO_CAPTURE}; a choice has a comma, as in {a,b}; write \\{ and \\} for literal braces`,
    ],
    [
      { match: '"{region}/{region}"' },
      '4:12  match: captures {region} twice; give the second one a name of its own',
    ],
    [{ match: '"{region}/{file}"' }, '4:12  match: {file} is built in; give the capture another name'],
    [
      { match: '**/*.csv' },
      '4:12  no anchor &*/*.csv stands before this alias; text that begins with *, {, [, ! or & must stand in quotes',
    ],
    [
      { match: '{region}/x' },
      '4:20  not valid YAML: Unexpected scalar at node end; text that begins with *, {, [, ! or & must stand in quotes',
    ],
    [{ ignore: '"**/{x}"' }, '7:13  ignore: {x} captures nothing here; write * instead'],
    [{ ignore: '[a, ""]' }, '7:17  ignore: is empty; ** matches every path'],
    [
      { ignore: '[]' },
      '7:13  ignore: is empty; expected a glob such as "**/_temporary/**", or a list of globs',
    ],
    [
      { where: '[eu]' },
      '7:12  where: expected a map from captures to globs, such as { region: [eu, us] }, found a list',
    ],
    [
      { where: '{ regoin: eu }' },
      '7:14  where: unknown capture {regoin}; did you mean {region}? the pattern captures {region}, {date}',
    ],
    [{ where: '{ file: eu }' }, '7:14  where: unknown capture {file}; the pattern captures {region}, {date}'],
    [{ where: '{ date: 2024 }' }, '7:20  where.date: 2024 is a number, not text; put it in quotes: "2024"'],
    [
      { where: '{ date: [a, true] }' },
      '7:24  where.date: true is a boolean, not text; put it in quotes: "true"',
    ],
    [{ where: '{ date: a/b }' }, '7:20  where.date: "a/b" matches no capture, as captures hold no /'],
    [{ asset: undefined }, '2:5  asset: missing; expected a name such as sales-{region}'],
    [
      { asset: 'sales-{regio}' },
      '5:12  asset: unknown capture {regio}; did you mean {region}? the pattern captures {region}, {date}',
    ],
    [{ asset: 'sales-{yer}' }, '5:12  asset: unknown capture {yer}; the pattern captures {region}, {date}'],
    [
      { asset: 'sales-{stm}' },
      '5:12  asset: unknown capture {stm}; did you mean {stem}? the pattern captures {region}, {date}',
    ],
    [{ match: 'a/*.csv', asset: 'a-{b}' }, '5:12  asset: unknown capture {b}; the pattern captures nothing'],
    [{ asset: 'sales-{region' }, '5:12  asset: a { has no }; write {{ for a literal brace'],
    [
      { asset: '日本' },
      `5:12  asset: no letter or digit of "日本" may stand in an asset's name; use letters a to z, digits, - and _`,
    ],
    [
      { asset: '""' },
      `5:12  asset: no letter or digit of "" may stand in an asset's name; use letters a to z, digits, - and _`,
    ],
    [
      { asset: '{ region }' },
      '5:12  asset: expected a name such as sales-{region}, found a map; text that begins with *, {, [, ! or & must stand in quotes',
    ],
    [
      { type: 'uri_foldr' },
      '7:11  type: uri_foldr is not known; did you mean uri_folder? allowed: uri_file, uri_folder',
    ],
    [{ type: 'mltable' }, '7:11  type: mltable is not known; allowed: uri_file, uri_folder'],
    [{ folder: 'sales' }, '7:5  folder: only a uri_folder has one; add type: uri_folder, or leave it out'],
    [{ marker: '_SUCCESS' }, '7:5  marker: only a uri_folder has one; add type: uri_folder, or leave it out'],
    [
      { type: 'uri_folder', folder: '/sales' },
      `8:13  folder: "/sales" has a segment that is empty, . or ..; write the path from the container's root`,
    ],
    [
      { type: 'uri_folder', folder: 'a/../b' },
      `8:13  folder: "a/../b" has a segment that is empty, . or ..; write the path from the container's root`,
    ],
    [
      { type: 'uri_folder', folder: 'a/{x}' },
      '8:13  folder: unknown capture {x}; the pattern captures {region}, {date}',
    ],
    [{ settle: '5' }, '7:13  settle: 5 has no unit; write 5s or 5m (units: ms, s, m, h, d)'],
    [{ settle: '0' }, '7:13  settle: 0 has no unit; write 0s (units: ms, s, m, h, d)'],
    [
      { settle: '1.5h' },
      '7:13  settle: 1.5h is not a duration; write a whole number and a unit, as in 500ms, 2s, 5m or 1d',
    ],
    [
      { settle: '-1s' },
      '7:13  settle: -1s is not a duration; write a whole number and a unit, as in 500ms, 2s, 5m or 1d',
    ],
    [
      { settle: '' },
      '7:5  settle: nothing is not a duration; write a whole number and a unit, as in 500ms, 2s, 5m or 1d',
    ],
    [{ settle: '8d' }, '7:13  settle: 8d is longer than 7d'],
    [{ settle: '5m', maxWait: '4m' }, '8:14  maxWait: is shorter than settle; make it at least as long'],
    [
      { type: 'uri_folder', settle: '1s', marker: 'a/b' },
      `9:13  marker: "a/b" is not one file's name; write it without folders and wildcards, as in _SUCCESS`,
    ],
    [
      { type: 'uri_folder', settle: '1s', marker: '"*.done"' },
      `9:13  marker: "*.done" is not one file's name; write it without folders and wildcards, as in _SUCCESS`,
    ],
    [
      { type: 'uri_folder', settle: '1s', marker: 'X', asset: '"{stem}"' },
      '5:12  asset: {stem} is of one file, but a marker closes many; use captures or {folder}',
    ],
    [
      { type: 'uri_folder', settle: '1s', marker: 'X', folder: '"{path}"' },
      '10:13  folder: {path} is of one file, but a marker closes many; use captures or {folder}',
    ],
    [
      { type: 'uri_folder', settle: '1s', marker: 'X', match: 'a/{region}-*.csv' },
      '9:13  marker: a/X does not tell {region}, which asset or folder need; capture it in a folder of match, or leave it out of them',
    ],
    [{ to: undefined }, '2:5  to: missing; expected a list of workspaces and groups'],
    [{ to: '[]' }, '6:9  to: is empty; expected a list of workspaces and groups'],
    [{ to: '[ml-a, ml-c]' }, '6:16  to: ml-c is neither a workspace nor a group; did you mean ml-a?'],
    [
      { to: '[ml-a, somewhere]' },
      '6:16  to: somewhere is neither a workspace nor a group; known: ml-a, ml-b, both',
    ],
    [{ to: '[1]' }, '6:10  to: 1 is a number, not text; put it in quotes: "1"'],
    [
      { description: '{{}' },
      '8:1  not valid YAML: Flow map in block collection must be sufficiently indented and end with a }',
    ],
    [
      { description: 'of {x}' },
      '7:18  description: unknown capture {x}; the pattern captures {region}, {date}',
    ],
    [{ description: 'a'.repeat(1001) }, '7:18  description: is longer than 1000 characters'],
    [
      { tags: '[a]' },
      '7:11  tags: expected a map from names to texts, such as { team: retail }, found a list',
    ],
    [{ tags: '{ year: 2024 }' }, '7:19  tags.year: 2024 is a number, not text; put it in quotes: "2024"'],
    [{ tags: '{ a: "{x}" }' }, '7:16  tags.a: unknown capture {x}; the pattern captures {region}, {date}'],
    [{ tags: `{ a: ${'x'.repeat(1001)} }` }, '7:16  tags.a: is longer than 1000 characters'],
    [{ tags: '{ "": x }' }, '7:13  tags: a tag needs a name'],
    [{ tags: '{ __proto__: x }' }, '7:13  the key __proto__ is not allowed; choose another name'],
    [{ where: '{ __proto__: x }' }, '7:14  the key __proto__ is not allowed; choose another name'],
    [
      { tag: '{ a: b }' },
      '7:5  unknown key tag; did you mean tags? allowed: name, from, match, ignore, where, asset, type, folder, settle, maxWait, marker, to, backfill, description, tags, operators',
    ],
    [{ '<<': '{ a: b }' }, '7:5  merge keys (<<) are not read; write the keys out'],
  ])('with %j', (fields, problem) => {
    expect(problemsOf(ruleFile(fields))).toEqual([`r.yaml:${problem}`])
  })

  it('with too many or too long tags', () => {
    const tags = Array.from({ length: 41 }, (_, i) => `t${i}: x`).join(', ')
    expect(problemsOf(ruleFile({ tags: `{ ${tags} }` }))).toEqual([
      'r.yaml:7:11  tags: has 41 tags; the most is 40',
    ])
    const key = 'k'.repeat(101)
    expect(problemsOf(ruleFile({ tags: `{ ${key}: x }` }))).toEqual([
      'r.yaml:7:13  tags: a name is longer than 100 characters',
    ])
  })

  it('with too many globs in a list', () => {
    expect(problemsOf(ruleFile({ ignore: `[${'a, '.repeat(101)}]` }))).toEqual([
      'r.yaml:7:13  ignore: has more than 100 entries',
    ])
  })

  it('with too many workspaces', () => {
    const workspaces = Array.from(
      { length: 101 },
      (_, i) => `  w-${i}: { subscription: ${SUBSCRIPTION}, resourceGroup: rg }`,
    )
    const groups = `groups:\n  one: [${names(0, 60)}]\n  two: [${names(60, 101)}]`
    const text = `${ruleFile({ to: '[one, two]' })}workspaces:\n${workspaces.join('\n')}\n${groups}\n`
    expect(problemsOf(text)).toEqual(['r.yaml:6:9  to: names 101 workspaces; the most is 100'])
  })

  it('that is not a map, each in its place', () => {
    expect(
      problemsOf('rules: [x, 1, [], null]').map(it => it.replace(/the keys .*, found/, 'the keys …, found')),
    ).toEqual([
      'r.yaml:1:9  expected a map with the keys …, found text',
      'r.yaml:1:12  expected a map with the keys …, found the number 1',
      'r.yaml:1:15  expected a map with the keys …, found a list',
      'r.yaml:1:19  expected a map with the keys …, found nothing',
    ])
  })

  it('with all its problems at once', () => {
    const fields = { from: 'x', asset: '"{yer}"', type: 'file', settle: '5', to: 'nowhere', tags: '{ a: 1 }' }
    expect(problemsOf(ruleFile(fields)).map(it => it.split(' ')[2])).toEqual([
      'from:',
      'asset:',
      'to:',
      'type:',
      'settle:',
      'tags.a:',
    ])
  })
})

describe('what YAML itself refuses', () => {
  it('does not hide the other problems of the file', () => {
    expect(
      problemsOf(
        ruleFile({ match: '**/*.csv', settle: '5', __proto__x: 'y' }).replace('__proto__x', '__proto__'),
      ),
    ).toEqual([
      'r.yaml:4:12  no anchor &*/*.csv stands before this alias; text that begins with *, {, [, ! or & must stand in quotes',
      'r.yaml:7:13  settle: 5 has no unit; write 5s or 5m (units: ms, s, m, h, d)',
      'r.yaml:8:5  the key __proto__ is not allowed; choose another name',
    ])
  })
})

describe('a warning is given', () => {
  it.each([
    [
      { type: 'uri_folder', marker: '_SUCCESS' },
      '8:13  marker: has no effect, as every file is cut at once; give settle, the quiet time to wait without it',
    ],
    [
      { match: '/{region}/{date}' },
      '4:12  match: begins with /, which the names of blobs hardly ever do; leave it out',
    ],
  ])('for %j', (fields, warning) => {
    expect(warningsOf(ruleFile(fields))).toEqual([`r.yaml:${warning}`])
  })
})

function names(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => `w-${from + i}`).join(', ')
}
