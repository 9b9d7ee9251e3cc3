import { describe, expect, it } from 'vitest'
import { parseRules } from '../../../src/core/rules/parse-rules.ts'
import { didYouMean } from '../../../src/core/rules/suggestion.ts'
import { ruleFile, WORKSPACES } from '../../support/rule-files.ts'

describe('a suggestion', () => {
  it.each([
    ['regoin', ['region', 'date'], 'region'],
    ['Region', ['region', 'date'], 'region'],
    ['retial', ['ml-retail', 'retail'], 'retail'],
    ['data_lake', ['azure_blob', 'azure_data_lake_gen2'], 'azure_data_lake_gen2'],
    ['desc', ['description', 'tags'], 'description'],
  ])('for %s among %j is %s', (name, candidates, suggestion) => {
    expect(didYouMean(name, candidates)).toEqual({ hint: `did you mean ${suggestion}? `, suggestion })
  })

  it.each([
    ['azure', ['azure_blob', 'azure_data_lake_gen2']],
    ['xy', ['proxy']],
    ['', ['ab']],
    ['something', ['region']],
    ['x'.repeat(10_000), ['x'.repeat(10_001)]],
  ])('is none for the name (%#)', (name, candidates) => {
    expect(didYouMean(name, candidates)).toEqual({ hint: '' })
  })
})

describe('a problem', () => {
  it.each<[string, string, Record<string, unknown>]>([
    ['an unknown key', ruleFile({ ignor: 'x' }), { column: 5, endColumn: 10, suggestion: 'ignore' }],
    ['an unknown section', `${ruleFile()}group: {}\n`, { column: 1, endColumn: 6, suggestion: 'groups' }],
    ['a capture', ruleFile({ asset: 'x-{regoin}' }), { column: 12, endColumn: 22, suggestion: '{region}' }],
    [
      'a capture of where',
      ruleFile({ where: '{ regoin: x }' }),
      { column: 14, endColumn: 20, suggestion: 'region' },
    ],
    ['a workspace', ruleFile({ to: '[ml-b, ml-c]' }), { column: 16, endColumn: 20, suggestion: 'ml-a' }],
    ['a group', ruleFile({ to: '"boht"' }), { column: 9, endColumn: 15, suggestion: 'both' }],
    [
      'a member of a group',
      `groups: { g: ml-bb }\n${ruleFile()}`,
      { column: 14, endColumn: 19, suggestion: 'ml-b' },
    ],
    [
      'one of some words',
      ruleFile({ type: 'folder' }),
      { column: 11, endColumn: 17, suggestion: 'uri_folder' },
    ],
  ])('with %s says where it ends and what was meant', (_, text, problem) => {
    const parsed = parseRules([
      { path: 'r.yaml', text },
      { path: 'w.yaml', text: WORKSPACES },
    ])
    expect(!parsed.ok && parsed.problems).toMatchObject([problem])
  })

  it('that something is missing points at where it should be, without an end', () => {
    const parsed = parseRules([{ path: 'r.yaml', text: 'rules: [{ name: x }]' }])
    expect(!parsed.ok && parsed.problems[0]).toMatchObject({ line: 1, column: 9 })
    expect(!parsed.ok && parsed.problems.every(it => it.endColumn === undefined)).toBe(true)
  })
})
