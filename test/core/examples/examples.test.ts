import { describe, expect, it } from 'vitest'
import { parseExamples } from '../../../src/core/examples/parse-examples.ts'
import { runExamples } from '../../../src/core/examples/run-examples.ts'
import { MAX_EXAMPLES } from '../../../src/core/examples/schema.ts'
import { createWhyNot } from '../../../src/core/examples/why-not.ts'
import { formatProblem } from '../../../src/core/rules/problem.ts'
import { joined, ruleFile, ruleSet } from '../../support/rule-files.ts'

const RULES = ruleSet(
  joined(
    ruleFile({
      where: '{ region: [eu, us] }',
      ignore: '"**/_temporary/**"',
      description: 'Of {region}',
      tags: '{ team: retail, region: "{region}" }',
    }),
    ruleFile({
      name: 'folders',
      type: 'uri_folder',
      asset: 'all-{region}',
      folder: 'sales/{region}',
      settle: '5m',
      marker: '_SUCCESS',
      to: 'ml-a',
    }),
    ruleFile({ name: 'refused', match: 'odd/{name}', asset: '"{name}"' }),
    ruleFile({ name: 'gold', from: 'contosolake/gold', match: '"*"', asset: 'gold' }),
  ),
)
const FILE = 'contosolake/silver/sales/eu/dt=1/a.csv'

describe('an example holds', () => {
  it.each<[string, string, string]>([
    ['of all the assets of a file', FILE, '[{ asset: sales-eu }, { asset: all-eu }]'],
    ['in any order', FILE, '[{ asset: all-eu }, { asset: sales-eu }]'],
    [
      'with every field',
      FILE,
      '[{ asset: sales-eu, rule: sales, type: uri_file, workspaces: [ml-b, ml-a], role: data, description: Of eu, tags: { region: eu } }, { asset: all-eu, folder: sales/eu/, workspaces: ml-a }]',
    ],
    ['of one asset alone', 'contosolake/silver/sales/jp/dt=1/a.csv', '{ asset: all-jp }'],
    ['of a marker', 'contosolake/silver/sales/jp/_SUCCESS', '{ asset: all-jp, role: marker }'],
    ['that nothing matches', 'contosolake/silver/other.csv', 'no match'],
    ['of a container that nobody watches', 'contosolake/bronze/other.csv', 'no match'],
  ])('%s', (_, file, expected) => {
    expect(differencesOf(file, expected)).toEqual([])
  })
})

describe('an example does not hold', () => {
  it.each<[string, string, string, string[]]>([
    [
      'where an asset is missing',
      'contosolake/silver/sales/jp/dt=1/a.csv',
      '[{ asset: all-jp }, { asset: sales-jp, rule: sales }]',
      [
        '3:42 sales-jp of rule sales ≠ all-jp of rule folders: rule sales: where: {region} is "jp", not one of eu, us',
      ],
    ],
    [
      'where one is too many',
      FILE,
      '{ asset: sales-eu }',
      ['2:11 sales-eu and no more ≠ sales-eu of rule sales, all-eu of rule folders'],
    ],
    [
      'where none is expected',
      FILE,
      'no match',
      ['2:11 no match ≠ sales-eu of rule sales, all-eu of rule folders'],
    ],
    [
      'where the same asset is expected twice',
      FILE,
      '[{ asset: sales-eu }, { asset: all-eu }, { asset: all-eu }]',
      ['3:63 all-eu ≠ sales-eu of rule sales, all-eu of rule folders'],
    ],
    [
      'where nobody watches the container',
      'contosolake/silvr/a.csv',
      '{ asset: a }',
      [
        '3:22 a ≠ no match: no rule watches contosolake/silvr; rules watch contosolake/silver, contosolake/gold',
      ],
    ],
    [
      'where another rule of the file is meant',
      FILE,
      '[{ asset: sales-eu, rule: gold }, { asset: all-eu }]',
      ['3:39 rule gold ≠ rule sales'],
    ],
    [
      'where the rule is of another container',
      'contosolake/silver/a.csv',
      '{ asset: gold, rule: gold }',
      ['3:22 gold of rule gold ≠ no match: rule gold watches contosolake/gold'],
    ],
    [
      'where it is ignored',
      'contosolake/silver/sales/eu/dt=1/_temporary/a.csv',
      '{ asset: sales-eu, rule: sales }',
      [
        '3:22 sales-eu of rule sales ≠ no match: rule sales: match: segment 4 is "_temporary", expected *.csv',
      ],
    ],
    [
      'where the file is refused',
      'contosolake/silver/odd/日本',
      '{ asset: x }',
      [
        '3:22 x ≠ a refusal of rule refused: rule refused refuses the file: "日本" has no character that the name of an asset may have',
      ],
    ],
    [
      'where a refusal is not seen',
      'contosolake/silver/odd/日本',
      'no match',
      [
        '2:11 no match ≠ a refusal of rule refused: rule refused refuses the file: "日本" has no character that the name of an asset may have',
      ],
    ],
  ])('%s', (_, file, expected, differences) => {
    expect(differencesOf(file, expected)).toEqual(differences)
  })

  it('in any of its fields, each at its place', () => {
    const fields =
      '{ asset: sales-eu, type: uri_folder, workspaces: ml-b, folder: x, role: marker, description: Of us, tags: { region: us, zone: x } }'
    expect(differencesOf(FILE, `[${fields}, { asset: all-eu, folder: sales }]`)).toEqual([
      '3:39 type uri_folder ≠ type uri_file',
      '3:63 workspaces ml-b ≠ workspaces ml-a, ml-b',
      '3:77 folder x ≠ no folder',
      '3:86 role marker ≠ role data',
      '3:107 description Of us ≠ description Of eu',
      '3:130 tag region us ≠ tag region eu',
      '3:140 tag zone x ≠ no tag zone',
      '3:172 folder sales ≠ folder sales/eu',
    ])
  })
})

describe('a file of examples is refused', () => {
  it.each<[string, string]>([
    ['tests: {}', '1:8  tests: expected a list of examples, found a map; begin every one with "- file: "'],
    ['test: []', '1:1  unknown key test; did you mean tests? allowed: tests'],
    ['tests: [x]', '1:9  expected a map with the keys name, file, expect, found text'],
    [
      'tests: [{ file: a, expect: no match }]',
      '1:17  file: a is not account/container/path, as in contosolake/silver/sales/eu/a.csv',
    ],
    [
      'tests: [{ file: abc/A/x, expect: no match }]',
      '1:17  file: A is not a container; use 3 to 63 lower-case letters, digits and single -, or $root, $web, $logs',
    ],
    [
      'tests: [{ file: abc/abc/x/, expect: no match }]',
      '1:17  file: abc/abc/x/ is the name of a directory, which no rule takes; name a file',
    ],
    [
      'tests: [{ file: abc/abc/x }]',
      '1:9  expect: missing; expected "no match", or a list of assets such as [{ asset: sales-eu }]',
    ],
    [
      'tests: [{ file: abc/abc/x, expect: no matc }]',
      '1:36  expect: "no matc" is not known; did you mean no match? expected "no match", or a list of assets such as [{ asset: sales-eu }]',
    ],
    [
      'tests: [{ file: abc/abc/x, expect: 1 }]',
      '1:36  expect: expected "no match", or a list of assets such as [{ asset: sales-eu }], found the number 1',
    ],
    ['tests: [{ file: abc/abc/x, expect: [] }]', '1:36  expect: is empty; write no match'],
    [
      'tests: [{ file: abc/abc/x, expect: { rule: sales } }]',
      '1:36  expect.asset: missing; expected the name of an asset such as sales-eu',
    ],
    [
      'tests: [{ file: abc/abc/x, expect: { asset: a, rule: sale } }]',
      '1:54  expect.rule: there is no rule sale; did you mean sales?',
    ],
    [
      'tests: [{ file: abc/abc/x, expect: { asset: a, workspaces: [ml-a, both] } }]',
      '1:67  expect.workspaces: both is not a workspace; name workspaces by their alias, not groups',
    ],
    [
      'tests: [{ file: abc/abc/x, expect: { asset: a, tags: { a: 1 } } }]',
      '1:59  expect.tags.a: 1 is a number, not text; put it in quotes: "1"',
    ],
    [`tests: [${'x,'.repeat(MAX_EXAMPLES + 1)}]`, '1:8  tests: more than 5000 examples; take some away'],
    [
      'tests: [',
      '1:9  not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  ])('with what is wrong and where (%#)', (text, problem) => {
    const { problems } = parseExamples([{ path: 't.yaml', text }], RULES)
    expect(problems.map(formatProblem)).toEqual([`t.yaml:${problem}`])
  })

  it.each(['', 'tests:', '# nothing'])('but not %j, which holds none', text => {
    expect(parseExamples([{ path: 't.yaml', text }], RULES)).toEqual({ examples: [], problems: [] })
  })
})

function differencesOf(file: string, expected: string): string[] {
  const text = `tests:\n  - file: ${file}\n    expect: ${expected}\n`
  const { examples, problems } = parseExamples([{ path: 't.yaml', text }], RULES)
  expect(problems.map(formatProblem)).toEqual([])
  expect(examples).toHaveLength(1)
  return runExamples(examples, RULES, createWhyNot(RULES)).flatMap(it =>
    it.differences.map(({ place, expected, found, reason }) => {
      const { line, column } = place.tree.locate(place.path, 'value')
      return `${line}:${column} ${expected} ≠ ${found}${reason === undefined ? '' : `: ${reason}`}`
    }),
  )
}
