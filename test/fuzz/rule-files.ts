import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createMatcher } from '../../src/core/matching.ts'
import { parseRules } from '../../src/core/rules/parse-rules.ts'
import { formatProblem } from '../../src/core/rules/problem.ts'
import { blobName, hostileText, type Json } from './hostile.ts'
import { mutated } from './mutate.ts'
import { defineSuite, property } from './suite.ts'

const VALID = `# yaml-language-server: $schema=./schema.json
workspaces:
  ml-retail: { subscription: 00000000-0000-0000-0000-000000000001, resourceGroup: rg-retail }
  ml-forecast: { subscription: 00000000-0000-0000-0000-000000000002, resourceGroup: rg, name: forecast-prod }
groups:
  retail: [ml-retail, ml-forecast]
datastores:
  contosolake/silver: { name: silver, kind: azure_data_lake_gen2 }
rules:
  - name: folder
    from: contosolake/silver
    match: "sales/{region}/dt={date}/*.{parquet,csv}"
    ignore: ["**/_temporary/**", "**/.*"]
    where: { region: [eu, "u?"] }
    asset: sales-{region}
    type: uri_folder
    folder: sales/{region}
    settle: 5m
    maxWait: 1h
    marker: _SUCCESS
    to: [retail]
    backfill: newest
    description: "Sales of {region}"
    tags: &tags { team: retail, region: "{region}" }
  - name: files
    from: contosolake/silver
    match: files/**/*.csv
    asset: "{stem}"
    to: ml-retail
    tags: *tags
`

const PIECES = [
  ...['\t', '\r\n', '\r', '\ufeff', '\0', '\u0085', '\u2028', '\ud800', '---\n', '...\n', '%YAML 1.1\n---\n'],
  ...[
    '!!js/function x',
    '!!binary ""',
    '!<x>',
    '!',
    '&a ',
    '*a',
    '*tags',
    '<<: *tags\n',
    '? ',
    '- - - ',
    '|-\n',
    '>\n',
  ],
  ...[
    '[',
    '{',
    ']',
    '}',
    ': ',
    ', ',
    '"',
    "'",
    '"\\e[31m"',
    '#',
    '{{',
    '{',
    '**',
    '(',
    '[!',
    '{a,{b,c}}',
    '\\',
  ],
  ...[
    '__proto__: x\n',
    'constructor: x\n',
    'rules:\n',
    '  - name: folder\n',
    '0x',
    '1e999',
    '.inf',
    '.nan',
    '~',
  ],
]
interface Edit {
  at: number
  cut: number
  put: string
  kind: 'text' | 'line twice' | 'line away' | 'all'
}
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat({ max: VALID.length }),
  cut: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 40 })),
  put: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...PIECES) },
    hostileText(50),
    fc
      .tuple(fc.constantFrom(...PIECES), fc.nat({ max: 20_000 }))
      .map(([piece, times]) => piece.repeat(times)),
  ),
  kind: fc.constantFrom('text', 'text', 'text', 'line twice', 'line away', 'all'),
})

const edited = fc.array(edit, { minLength: 1, maxLength: 4 }).map(edits => edits.reduce(applied, VALID))

const RULES_TREE = {
  workspaces: { ml: { subscription: '00000000-0000-0000-0000-000000000001', resourceGroup: 'rg' } },
  groups: { all: ['ml'] },
  datastores: { 'contosolake/silver': { name: 'silver' } },
  rules: [
    {
      ...{
        name: 'a',
        from: 'contosolake/silver',
        match: 'x/{y}/*.csv',
        ignore: ['x/**'],
        where: { y: ['a'] },
      },
      ...{
        asset: 'a-{y}',
        type: 'uri_folder',
        folder: 'x',
        settle: '5m',
        maxWait: '1h',
        marker: '_OK',
        to: ['all'],
      },
      ...{ description: 'd {y}', tags: { t: '{y}' }, backfill: 'all' },
    },
  ],
} as unknown as Json

/** YAML reads JSON. */
const tree = mutated([RULES_TREE], { most: 5 }).map(json => JSON.stringify(json))
const file = fc.oneof(
  { weight: 5, arbitrary: edited },
  { weight: 4, arbitrary: tree },
  { weight: 1, arbitrary: hostileText(3000) },
)
/** Beyond every limit, in every way. */
const HUGE = [
  'x'.repeat(10 * 2 ** 20),
  `${VALID}${'# comment\n'.repeat(10_000)}`,
  VALID.replaceAll('\n', '\r\n'),
  `\ufeff${VALID}`,
  `a: &a [${'x,'.repeat(9)}]\n${[...'bcdefghij'].map((n, i) => `${n}: &${n} [${`*${'abcdefghi'[i]},`.repeat(9)}]`).join('\n')}`,
  `${'{a: '.repeat(50_000)}`,
  `rules: ${'['.repeat(100_000)}`,
  `rules:\n${'  - { name: x, from: contosolake/silver, match: "**", asset: a, to: ml }\n'.repeat(3000)}`,
  `rules:\n  - match: "${'*'.repeat(30_000)}"`,
  `rules:\n  - match: "${'{a,b}'.repeat(30)}"`,
  `rules:\n  - match: "${'{'.repeat(5000)}"`,
]

export const ruleFiles = defineSuite<undefined>({
  title: 'whatever stands in a rule file',
  open: async () => undefined,
  close: async () => undefined,
  properties: [
    property(
      'there are rules that work, or problems with their place',
      fc.tuple(file, blobName),
      (_, [text, path]) => isUnderstood(text, path),
    ),
    property(
      'of any size, it is read or refused in bounded time',
      fc.constantFrom(...HUGE),
      (_, text) => isUnderstood(text, 'sales/eu/a.csv'),
      { runs: 15 },
    ),
  ],
})

function applied(text: string, { at, cut, put, kind }: Edit): string {
  const from = at % (text.length + 1)
  if (kind === 'all') return text.replaceAll(text.charAt(from) || ' ', put.slice(0, 3))
  if (kind === 'text') return text.slice(0, from) + put + text.slice(from + cut)
  const lines = text.split('\n')
  const line = at % lines.length
  lines.splice(line, 1, ...(kind === 'line twice' ? [lines[line] ?? '', lines[line] ?? ''] : []))
  return lines.join('\n')
}

function isUnderstood(text: string, path: string): void {
  const parsed = parseRules([{ path: 'r.yaml', text }])
  const told = parsed.ok ? parsed.warnings : [...parsed.problems, ...parsed.warnings]
  // As editors count them: what else begins a line in Unicode begins none in YAML.
  const lines = text.split(/\r\n|\n|\r/)
  for (const problem of told) {
    assert.match(formatProblem(problem), /^r\.yaml:[1-9]\d*:[1-9]\d* {2}\S.*$/u)
    assert.ok(problem.message.length <= 500)
    assert.ok(problem.line <= lines.length, `line ${problem.line} of ${lines.length}`)
    assert.ok(problem.column <= (lines[problem.line - 1] ?? '').length + 1, formatProblem(problem))
  }
  assert.deepEqual(Object.keys(Object.prototype), [])
  if (!parsed.ok) {
    assert.ok(parsed.problems.length > 0)
    return
  }
  const { match } = createMatcher(parsed.rules)
  for (const { account, container } of parsed.rules.rules) {
    for (const { asset, tags } of match({ account, container, path })) {
      assert.ok(asset === undefined || asset.length <= 255)
      assert.equal(typeof tags, 'object')
    }
  }
}
