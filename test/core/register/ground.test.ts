import { describe, expect, it } from 'vitest'
import { compilePattern, MAX_STEPS } from '../../../src/core/patterns/pattern.ts'
import { claimantsOf } from '../../../src/core/register/claims.ts'
import { parseDatasetPath } from '../../../src/core/register/dataset-path.ts'
import { isFileWithin, isWithin, keepersOf } from '../../../src/core/register/ground.ts'
import { parseRules } from '../../../src/core/rules/parse-rules.ts'
import type { Rule } from '../../../src/core/rules/rule-set.ts'
import { WORKSPACES_YAML } from '../../support/memory-world.ts'

const OWNER = '99999999-9999-4999-8999-999999999999'

function ruleOf(match: string, { asset = 'a', where = '', operators = OWNER } = {}): Rule {
  const text = `
rules:
  - name: kept
    from: contosolake/silver
    match: ${JSON.stringify(match)}
    asset: ${JSON.stringify(asset)}
    to: [retail]
    ${where}
    ${operators === '' ? '' : `operators: ${operators}`}
`
  const parsed = parseRules([
    { path: 'workspaces.yaml', text: WORKSPACES_YAML },
    { path: 'rules.yaml', text },
  ])
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.rules.rules[0] as Rule
}

const place = { account: 'contosolake', container: 'silver' }

describe('the ground of a rule with operators', () => {
  it.each([
    // rule, folder, whether a file that the rule matches may lie in it
    ['hr/payroll/{month}/*.csv', 'hr', true],
    ['hr/payroll/{month}/*.csv', 'hr/payroll', true],
    ['hr/payroll/{month}/*.csv', 'hr/payroll/2026-01', true],
    ['hr/payroll/{month}/*.csv', 'hr/payroll/2026-01/a.csv', false],
    ['hr/payroll/{month}/*.csv', 'hr/pay', false],
    ['hr/payroll/{month}/*.csv', '', true],
    ['*.csv', 'sales', false],
    ['*.csv', '', true],
    ['**/*.csv', 'sales/eu', true],
    ['{area}/x/*.csv', 'sales/y', false],
    ['{area}/x/*.csv', 'sales/x', true],
    ['s*/**', 'hr', false],
    ['s*/**', 'sales/eu', true],
    ['[hs]*/y', 'h', true],
    ['{hr,it}/{month}.csv', 'it', true],
    ['{hr,it}/{month}.csv', 'sales', false],
    ['a/**/z/*.csv', 'a/b/c', true],
    ['odd \\(1\\)/*.csv', 'odd (1)', true],
  ])('%s: meets the folder "%s": %s', (match, path, meets) => {
    const keepers = keepersOf({ ...place, type: 'uri_folder', path }, [ruleOf(match)])
    expect(keepers).toHaveLength(meets ? 1 : 0)
  })

  it('meets a file that it matches, and no other', () => {
    const rules = [ruleOf('hr/{month}.csv')]
    const of = (path: string) => keepersOf({ ...place, type: 'uri_file', path }, rules)
    expect(of('hr/2026.csv')).toHaveLength(1)
    expect(of('hr/2026.txt')).toEqual([])
    expect(of('hr')).toEqual([])
  })

  it('is in one container, and of rules that name operators alone', () => {
    const everything = { type: 'uri_folder' as const, path: '' }
    expect(keepersOf({ ...place, ...everything, container: 'bronze' }, [ruleOf('**')])).toEqual([])
    expect(keepersOf({ ...place, ...everything, account: 'other' }, [ruleOf('**')])).toEqual([])
    expect(keepersOf({ ...place, ...everything }, [ruleOf('**', { operators: '' })])).toEqual([])
  })

  it.each([
    ['hr/**', 'hr/**', true],
    ['hr/**', 'hr/payroll/*.csv', true],
    ['hr/{month}/*.csv', 'hr/*/*.csv', true],
    ['hr/{month}/*.csv', 'hr/2026-01/*.csv', true],
    ['hr/{month}/*.csv', 'hr/**', false],
    ['hr/{month}/*.csv', 'hr/*/*', false],
    ['hr/{month}/*.csv', 'hr/2026-01/**', false],
    ['hr/{month}/*.csv', '**/*.csv', false],
    ['hr/{month}.csv', 'hr/*.csv', true],
    ['hr/\\{month\\}.csv', 'hr/*.csv', false],
    ['{hr,it}/*.csv', 'it/*.csv', true],
    ['{hr,it}/*.csv', '{hr,it,sales}/*.csv', false],
  ])('%s holds all of %s: %s', (match, pattern, holds) => {
    expect(isWithin(ruleOf(match), pattern)).toBe(holds)
  })

  it('ends where its captures are told what to be', () => {
    const rule = ruleOf('{area}/*.csv', { where: 'where: { area: [hr] }' })
    expect(isWithin(rule, 'hr/*.csv')).toBe(false)
    expect(isFileWithin(rule, 'hr/a.csv')).toBe(true)
    expect(isFileWithin(rule, 'it/a.csv')).toBe(false)
  })
})

describe('the name of an asset', () => {
  it.each([
    ['sales', 'sales', true],
    ['sales', 'sales-eu', false],
    ['sales-{region}', 'sales-eu', true],
    ['sales-{region}', 'sales', false],
    ['{region}-sales', 'eu-sales', true],
    ['a{region}b{month}c', 'axbxc', true],
    ['a{region}b{month}c', 'axc', false],
    ['{container}-{stem}', 'silver-x', true],
    ['{container}-{stem}', 'bronze-x', false],
    ['my sales {region}', 'my-sales-eu', true],
    ['{region}', 'anything', false],
    ['{region}-{month}', 'any-thing', false],
  ])('%s claims %s: %s', (asset, name, claims) => {
    const rule = ruleOf('{region}/{month}.csv', { asset })
    expect(claimantsOf(name, [rule])).toHaveLength(claims ? 1 : 0)
  })
})

describe('the path of a dataset', () => {
  const parse = (text: string) => {
    const parsed = parseDatasetPath(text)
    return 'problem' in parsed ? parsed.problem : [parsed.plain, parsed.folder, parsed.pattern, parsed.prefix]
  }

  it.each([
    ['sales', ['sales', 'sales', 'sales/**', 'sales/']],
    ['/sales', ['sales', 'sales', 'sales/**', 'sales/']],
    ['sales/', [undefined, 'sales', 'sales/**', 'sales/']],
    ['/', [undefined, '', '**', '']],
    ['sales/*', [undefined, 'sales', 'sales/*', 'sales/']],
    ['sales/2026-*', [undefined, 'sales', 'sales/2026-*', 'sales/2026-']],
    ['sales/**', [undefined, 'sales', 'sales/**', 'sales/']],
    ['sales/**/x-*.csv', [undefined, 'sales', 'sales/**/x-*.csv', 'sales/']],
    ['**/*.csv', [undefined, '', '**/*.csv', '']],
    ['a/{b/c,d}/*.csv', [undefined, 'a', 'a/{b/c,d}/*.csv', 'a/']],
    ['a (1)/b+c@d!', ['a (1)/b+c@d!', 'a (1)/b+c@d!', 'a \\(1\\)/b+c@d!/**', 'a (1)/b+c@d!/']],
  ])('%s is understood', (text, parts) => {
    expect(parse(text)).toEqual(parts)
  })

  it.each(['{1..100}/*', '*(a|b)*(a|b)/**', `${'*a'.repeat(400)}b`, `${'**/'.repeat(300)}*`])(
    'keeps to a bound whatever name it is compared with: %.30s',
    text => {
      const parsed = parseDatasetPath(text)
      if ('problem' in parsed) throw new Error(parsed.problem)
      const pattern = compilePattern(parsed.pattern)
      if ('problem' in pattern) throw new Error(pattern.problem)
      expect(pattern.rows.length).toBeLessThanOrEqual(100)
      expect(pattern.maxSteps).toBeLessThanOrEqual(MAX_STEPS)
    },
  )

  it.each([
    ['', 'is empty; / is the whole filesystem'],
    ['//sales', 'it holds an empty segment'],
    ['sales//eu', 'it holds an empty segment'],
    ['../sales', 'it holds the segment ".."'],
    ['sales/./eu', 'it holds the segment "."'],
    ['sales\\eu', expect.stringContaining('backslash')],
    ['sales/\u0000', 'it holds a control character'],
    ['sales/\ud800', 'it holds half of a surrogate pair'],
    ['x'.repeat(1025), 'is longer than 1024 characters'],
    ['https://contosolake.dfs.core.windows.net/silver/x?sig=abc', expect.stringContaining('is an address')],
    ['abfss://silver@contosolake.dfs.core.windows.net/x', expect.stringContaining('is an address')],
    ['sales/{region}/*.csv', expect.stringContaining('{region} captures nothing here')],
    ['sales/{a b}/*.csv', expect.stringContaining('is not a capture')],
    // What would take for ever with some name, or fill the memory: refused by what it may cost, not by trying.
    ['sales/!(a*!(a*!(a*)b)b)b', expect.stringMatching(/^may take [\d,]+ million steps with a long path/)],
    [`${'{a,b}'.repeat(6)}${'*a'.repeat(400)}b`, expect.stringMatching(/^may take [\d,]+ million steps/)],
    [`${'{a,b}'.repeat(7)}/*`, expect.stringContaining('more than 100 alternatives')],
    ['{1..1000000000}/*', expect.stringContaining('more than 100 alternatives')],
    [`${'{a,'.repeat(65)}b${'}'.repeat(65)}*`, expect.stringContaining('more than 64 braces')],
    [`${'*('.repeat(65)}a${')'.repeat(65)}`, expect.stringContaining('more than 64 parentheses')],
  ])('%j is refused with what would be right', (text, problem) => {
    expect(parse(text)).toEqual(problem)
  })
})
