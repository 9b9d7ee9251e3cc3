import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRules } from '../../../src/core/rules/parse-rules.ts'
import { formatProblem } from '../../../src/core/rules/problem.ts'
import { problemsOf, ruleFile } from '../../support/rule-files.ts'

const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...[...'bcdefghi'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]`),
].join('\n')

describe('a file is refused', () => {
  it.each([
    [
      'with a tab as indent',
      'rules:\n\t- name: x',
      ['2:1  not valid YAML: Tabs are not allowed as indentation'],
    ],
    [
      'that ends in the middle',
      'rules: [',
      [
        '1:9  not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
      ],
    ],
    [
      'with two documents',
      'rules:\n---\nrules:',
      ['2:1  not valid YAML: a file holds one document; take this --- away'],
    ],
    [
      'with a tag',
      'rules: !!js/function x',
      ['1:8  not valid YAML: Unresolved tag: tag:yaml.org,2002:js/function'],
    ],
    ['of an older YAML', '%YAML 1.1\n---\nrules: []', ['1:1  only YAML 1.2 is read']],
    ['with a NUL', 'rules:\n - name: a\0b', ['2:11  control characters are not allowed']],
    ['with a control character', 'rules: "\u001b[31m"', ['1:9  control characters are not allowed']],
    [
      'that is a list',
      '- a\n- b',
      ['1:1  expected a map with the keys workspaces, groups, datastores, rules, found a list'],
    ],
    [
      'that is text',
      'rules',
      ['1:1  expected a map with the keys workspaces, groups, datastores, rules, found text'],
    ],
    [
      'that is a number',
      '5',
      ['1:1  expected a map with the keys workspaces, groups, datastores, rules, found the number 5'],
    ],
    [
      'with a key twice',
      'rules: []\nrules: []',
      ['2:1  the key rules stands twice in this map; keep one of them'],
    ],
    ['with a list as a key', '? [a]\n: b', ['1:3  a key must be plain text']],
    ['with an alias as a key', 'rules: &a []\n*a : b', ['2:1  a key must be plain text']],
    [
      'with the prototype as a key',
      '__proto__: { rules: [] }',
      ['1:1  the key __proto__ is not allowed; choose another name'],
    ],
    ['with a merge key', '<<: { rules: [] }', ['1:1  merge keys (<<) are not read; write the keys out']],
    [
      'with an alias of nothing',
      'rules: *nothing',
      [
        '1:8  no anchor &nothing stands before this alias; text that begins with *, {, [, ! or & must stand in quotes',
      ],
    ],
    [
      'longer than the limit',
      ' '.repeat(1024 * 1024),
      ['1:1  the file is longer than 262144 characters; split it'],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems.map(problem => `r.yaml:${problem}`))
  })

  it.each([
    ['nested in itself', 'rules: &a [*a]', /nested more than 16 levels deep$/],
    ['nested deeply', `rules: ${'['.repeat(100)}${']'.repeat(100)}`, /nested more than 16 levels deep$/],
    ['nested too deeply to read', '['.repeat(200_000), /nested too deeply/],
    ['of keys in keys', '? '.repeat(100_000), /nested too deeply/],
    ['of lists in lists', '- '.repeat(100_000), /nested too deeply/],
    ['that explodes', bomb, /more than 100 aliases$/],
    ['of many aliases', `a: &a x\nrules: [${'*a,'.repeat(50_000)}]`, /more than 100 aliases$/],
    [
      'that explodes with few aliases',
      `a: &a [${'x,'.repeat(9999)}]\nrules: [${'*a,'.repeat(90)}]`,
      /more than 100000 values/,
    ],
    ['of quotes', '"'.repeat(200_000), /and \d+ more problems from here on$/],
    ['of maps in maps that the parser does not count', `\t${': '.repeat(20_000)}\na: b`, /nested too deeply/],
    ['of more problems than a call takes arguments', '{a,b} '.repeat(40_000), /and \d+ more problems/],
    ['of anchors', '&a '.repeat(80_000), /and \d+ more problems from here on$/],
    [
      'of unknown keys',
      Array.from({ length: 20_000 }, (_, i) => `rule${i}:`).join('\n'),
      /and 19950 more problems/,
    ],
    ['of rules that are none', `rules: [${'x,'.repeat(90_000)}]`, /and \d+ more problems from here on$/],
  ])('%s, with a bounded number of problems', (_, text, problem) => {
    const problems = problemsOf(text)
    expect(problems.join('\n')).toMatch(new RegExp(problem.source, 'm'))
    expect(problems.length).toBeLessThanOrEqual(51)
  })

  it.each([
    ['behind what cannot be read', ':\n]f\ns:', 3],
    ['behind lone carriage returns', 'rules: []\rgroups: {}\rrules: []', 3],
  ])('with the line as editors count it, %s', (_, text, lines) => {
    for (const problem of problemsOf(text)) {
      const [, line = '', column = ''] = /^r\.yaml:(\d+):(\d+) /.exec(problem) ?? []
      expect(Number(line)).toBeLessThanOrEqual(lines + 1)
      expect(Number(column)).toBeLessThanOrEqual(
        (text.split(/\r\n|\n|\r/)[Number(line) - 1] ?? '').length + 1,
      )
    }
  })

  it('with messages of bounded length on one line', () => {
    const [problem = ''] = problemsOf(ruleFile({ to: `"${'nowhere\\n'.repeat(10_000)}"` }))
    expect(problem).toMatch(/^r\.yaml:6:9 {2}to: nowhere nowhere .*…$/)
    expect(problem.length).toBeLessThan(600)
  })
})

describe('whatever stands in a file', () => {
  const token = fc.constantFrom(
    ...[
      'rules',
      'workspaces',
      'groups',
      'datastores',
      'name',
      'match',
      'to',
      'tags',
      'where',
      '__proto__',
      'constructor',
    ],
    ...[
      ': ',
      '\n',
      '\n  ',
      '\n  - ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      ', ',
      '"',
      "'",
      '&a ',
      '*a',
      '!',
      '|',
      '>',
      '#',
      '%',
      '\t',
      '? ',
    ],
    ...['{x}', '{a,b}', '**', '5m', '1', 'null', 'true', '\0', '\uFEFF', '😀', '\ud800'],
  )
  const noise = fc.oneof(
    fc.array(token, { maxLength: 60 }).map(tokens => tokens.join('')),
    fc.array(token, { maxLength: 30 }).map(tokens => `rules:\n  - name: x\n    match: ${tokens.join('')}`),
    fc.string({ unit: 'binary', maxLength: 300 }),
  )

  it('there are rules or problems, each with a place in the file', () => {
    fc.assert(
      fc.property(noise, text => {
        const parsed = parseRules([{ path: 'r.yaml', text }])
        if (parsed.ok) return
        expect(parsed.problems.length).toBeGreaterThan(0)
        for (const problem of parsed.problems) {
          expect(formatProblem(problem)).toMatch(/^r\.yaml:[1-9]\d*:[1-9]\d* {2}\S.*$/)
          expect(problem.line).toBeLessThanOrEqual(text.split(/\r\n|\n|\r/).length)
        }
      }),
      { seed: 7, numRuns: 3000 },
    )
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('values of any kind in a rule are problems, not crashes', () => {
    const field = fc.constantFrom(
      ...[
        'name',
        'from',
        'match',
        'ignore',
        'where',
        'asset',
        'type',
        'folder',
        'settle',
        'maxWait',
        'marker',
        'to',
      ],
      ...['description', 'tags'],
    )
    const value = fc.json({ maxDepth: 3 })
    fc.assert(
      fc.property(fc.array(fc.tuple(field, value), { maxLength: 5 }), changes => {
        for (const problem of problemsOf(ruleFile(Object.fromEntries(changes)))) {
          expect(problem).toMatch(/^r\.yaml:[1-9]\d*:[1-9]\d* {2}\S/)
        }
      }),
      { seed: 7, numRuns: 2000 },
    )
  })
})
