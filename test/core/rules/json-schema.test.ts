import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { exampleFileJsonSchema, ruleFileJsonSchema } from '../../../src/core/rules/json-schema.ts'
import { parseRules } from '../../../src/core/rules/parse-rules.ts'
import { ruleFile, WORKSPACES } from '../../support/rule-files.ts'
import { ROOT } from '../../tidy/sources.ts'

const ajv = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true })
const isRuleFile = ajv.compile(ruleFileJsonSchema())
const isExampleFile = ajv.compile(exampleFileJsonSchema())

const SUBSCRIPTION = '00000000-0000-0000-0000-00000000000A'

describe('the JSON Schema of rule files', () => {
  it.each<[string, string]>([
    ['an empty section', 'workspaces:\ngroups:\ndatastores:\nrules:\n'],
    ['workspaces and groups', WORKSPACES],
    ['a group of one', 'groups: { one: ml-a }'],
    [
      'all of a workspace',
      `workspaces: { a_b: { subscription: ${SUBSCRIPTION}, resourceGroup: "r(g).x", name: ml-x } }`,
    ],
    [
      'datastores',
      'datastores: { contosolake/silver: { name: silver, kind: azure_data_lake_gen2 }, a12/b-c: {} }',
    ],
    ['a rule', ruleFile()],
    [
      'all of a rule',
      ruleFile({
        ignore: '["**/_temporary/**", x]',
        where: '{ region: [eu, us], date: "2026*" }',
        type: 'uri_folder',
        folder: 'sales/{region}',
        settle: '500ms',
        maxWait: '1h',
        marker: '_SUCCESS',
        to: 'both',
        description: 'Sales of {region}',
        tags: '{ team: retail, region: "{region}" }',
      }),
    ],
    ['anchors', 'rules:\n  - &a { name: a, from: contosolake/silver, match: "*", asset: a, to: ml-a }'],
  ])('takes %s', (_, text) => {
    expect(errorsOf(isRuleFile, text)).toEqual([])
  })

  it.each<[string, string, string]>([
    ['an unknown section', 'rule: []', "must NOT have additional properties: ''"],
    ['an unknown key', ruleFile({ ignor: 'x' }), "must NOT have additional properties: '/rules/0'"],
    ['what is missing', 'rules: [{ name: a }]', "must have required property 'from': '/rules/0'"],
    ['a number', ruleFile({ match: '1' }), "must be string: '/rules/0/match'"],
    [
      'a number among texts',
      ruleFile({ where: '{ date: [2024] }' }),
      "must be string: '/rules/0/where/date/0'",
    ],
    [
      'another type',
      ruleFile({ type: 'mltable' }),
      "must be equal to one of the allowed values: '/rules/0/type'",
    ],
    ['a time without a unit', ruleFile({ settle: '5' }), "must be string: '/rules/0/settle'"],
    [
      'another unit',
      ruleFile({ settle: '5w' }),
      `must match pattern "^(\\d{1,9})(ms|s|m|h|d)$": '/rules/0/settle'`,
    ],
    ['an empty list', ruleFile({ to: '[]' }), "must NOT have fewer than 1 items: '/rules/0/to'"],
    ['a map of rules', 'rules: { a: b }', "must be array,null: '/rules'"],
    ['a list of workspaces', 'workspaces: []', "must be object,null: '/workspaces'"],
    [
      'a key of a workspace',
      'workspaces: { abc: { sub: x } }',
      "must NOT have additional properties: '/workspaces/abc'",
    ],
    ['an alias with a space', 'groups: { "a b": [ml-a] }', "property name must be valid: '/groups'"],
  ])('refuses %s', (_, text, error) => {
    expect(errorsOf(isRuleFile, text)).toContain(error)
    expect(
      parseRules([
        { path: 'r.yaml', text },
        { path: 'w.yaml', text: WORKSPACES },
      ]),
    ).toMatchObject({ ok: false })
  })

  it('takes the sample rules and those of the README', () => {
    const samples = readdirSync(join(ROOT, 'rules')).filter(name => name.endsWith('.yaml'))
    expect(samples.length).toBeGreaterThan(1)
    for (const name of samples) {
      expect([name, errorsOf(isRuleFile, readFileSync(join(ROOT, 'rules', name), 'utf8'))]).toEqual([
        name,
        [],
      ])
    }
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
    for (const [, text = ''] of readme.matchAll(/```ya?ml\n([\s\S]*?)```/g)) {
      expect(errorsOf(/^tests:/m.test(text) ? isExampleFile : isRuleFile, text)).toEqual([])
    }
  })

  it('explains every key to editors, and names all of them', () => {
    const undescribed: string[] = []
    walk(ruleFileJsonSchema(), '', (schema, path) => {
      const isKey = /\/properties\/\w+$/.test(path)
      if (isKey && typeof schema.description !== 'string') undescribed.push(path)
    })
    expect(undescribed).toEqual([])
    const text = JSON.stringify(ruleFileJsonSchema())
    for (const key of ['subscription', 'kind', 'match', 'where', 'maxWait', 'tags'])
      expect(text).toContain(`"${key}":{`)
    expect(text).not.toMatch(/"(doc|samples|isOneOrMany)":/)
  })
})

describe('the JSON Schema of examples', () => {
  const file = 'contosolake/silver/a.csv'
  it.each<[string, unknown]>([
    ['nothing', { tests: null }],
    ['no match', { tests: [{ file, expect: 'no match' }] }],
    ['one asset', { tests: [{ name: 'x', file, expect: { asset: 'a' } }] }],
    [
      'assets',
      {
        tests: [
          { file, expect: [{ asset: 'a', rule: 'r', type: 'uri_file', workspaces: 'w', tags: { a: 'b' } }] },
          {
            file,
            expect: [{ asset: 'a', role: 'marker', folder: 'x', workspaces: ['w'], description: 'd' }],
          },
        ],
      },
    ],
  ])('takes %s', (_, value) => {
    expect(errorsOf(isExampleFile, JSON.stringify(value))).toEqual([])
  })

  it.each<[string, unknown]>([
    ['another word', { tests: [{ file, expect: 'nothing' }] }],
    ['an empty list', { tests: [{ file, expect: [] }] }],
    ['no expectation', { tests: [{ file }] }],
    ['an unknown key', { tests: [{ file, expect: { asset: 'a', workspace: 'w' } }] }],
    ['a file without its container', { tests: [{ file: 'a.csv', expect: 'no match' }] }],
    ['other sections', { rules: [] }],
  ])('refuses %s', (_, value) => {
    expect(errorsOf(isExampleFile, JSON.stringify(value))).not.toEqual([])
  })
})

describe('the JSON Schemas in the repository', () => {
  it.each([
    ['rules/schema.json', ruleFileJsonSchema()],
    ['rules/tests/schema.json', exampleFileJsonSchema()],
  ])('%s is current (npm run schema writes it)', (path, schema) => {
    expect(JSON.parse(readFileSync(join(ROOT, path), 'utf8'))).toEqual(schema)
  })

  it('are named in the first line of every sample', () => {
    for (const folder of ['rules', 'rules/tests']) {
      const samples = readdirSync(join(ROOT, folder)).filter(name => name.endsWith('.yaml'))
      expect(samples.length).toBeGreaterThan(0)
      for (const name of samples) {
        const [first] = readFileSync(join(ROOT, folder, name), 'utf8').split('\n')
        expect([name, first]).toEqual([name, '# yaml-language-server: $schema=./schema.json'])
      }
    }
  })
})

/** `what is wrong: 'where'`, none when it is valid. */
function errorsOf(validate: typeof isRuleFile, text: string): string[] {
  if (validate(parse(text))) return []
  return (validate.errors ?? []).map(it => `${it.message}: '${it.instancePath}'`)
}

function walk(
  schema: unknown,
  path: string,
  visit: (schema: Record<string, unknown>, path: string) => void,
): void {
  if (typeof schema !== 'object' || schema === null) return
  visit(schema as Record<string, unknown>, path)
  for (const [key, value] of Object.entries(schema)) walk(value, `${path}/${key}`, visit)
}
