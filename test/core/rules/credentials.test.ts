import { describe, expect, it } from 'vitest'
import { formatFindings } from '../../../src/cli/problem-report.ts'
import { cloudOf } from '../../../src/core/clouds.ts'
import { parseRules } from '../../../src/core/rules/parse-rules.ts'
import { formatProblem, type Problem } from '../../../src/core/rules/problem.ts'
import type { RuleSet } from '../../../src/core/rules/rule-set.ts'
import { ruleFile, WORKSPACES } from '../../support/rule-files.ts'

const SECRET = 'hunter2-kZ8~Q'
const ID = '00000000-0000-0000-0000-00000000000A'
const AT = 'keyvault:https://Team.vault.azure.net/secrets/gold-read'
const PRINCIPAL = `{ tenant: ${ID}, client: ${ID}, secret: "${AT}" }`

const workspace = (credential: string) =>
  `workspaces:\n  partner: { subscription: ${ID}, resourceGroup: rg, name: ml-partner, credential: ${credential} }\n`
const datastore = (credential: string) => `datastores:\n  contosolake/gold: { credential: ${credential} }\n`

function parse(text: string, cloud = cloudOf('AzureCloud')) {
  const files = [
    { path: 'c.yaml', text },
    { path: 'r.yaml', text: ruleFile() },
    { path: 'w.yaml', text: WORKSPACES },
  ]
  return parseRules(files, { cloud })
}

function problemsOf(text: string): Problem[] {
  const parsed = parse(text)
  return parsed.ok ? [] : parsed.problems
}

function rulesOf(text: string): RuleSet {
  const parsed = parse(text)
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'))
  return parsed.rules
}

describe('credentials in the rules', () => {
  const reference = 'keyvault:https://team.vault.azure.net/secrets/gold-read'
  const id = ID.toLowerCase()

  it('name a service principal for a workspace, by a reference in its one form', () => {
    const { workspaces } = rulesOf(workspace(`{ servicePrincipal: ${PRINCIPAL} }`))
    const credential = { kind: 'servicePrincipal', tenant: id, client: id, secret: reference }
    expect(workspaces.get('partner')?.credential).toEqual(credential)
    expect(workspaces.get('ml-a')?.credential).toBeUndefined()
  })

  it.each([
    [`{ sas: "${AT}" }`, { kind: 'sas', secret: reference }],
    [`{ accountKey: "${AT}/" }`, { kind: 'accountKey', secret: reference }],
    [`{ sas: "${AT}/${'0f'.repeat(16)}" }`, { kind: 'sas', secret: `${reference}/${'0f'.repeat(16)}` }],
    [
      `{ servicePrincipal: ${PRINCIPAL} }`,
      { kind: 'servicePrincipal', tenant: id, client: id, secret: reference },
    ],
  ])('name how a datastore is reached: %s', (credential, expected) => {
    expect(rulesOf(datastore(credential)).datastores.get('contosolake/gold')?.credential).toEqual(expected)
  })

  it.each([
    [
      datastore(SECRET),
      'c.yaml:2:35',
      'datastores.contosolake/gold.credential: expected a map with one of the keys',
    ],
    [
      datastore(`{ sas: "${SECRET}" }`),
      'c.yaml:2:42',
      'credential.sas: is not a reference to a secret in Key Vault',
    ],
    [
      datastore(`{ sas: 12345678 }`),
      'c.yaml:2:42',
      'credential.sas: is not a reference to a secret in Key Vault',
    ],
    [datastore(`{ accountKey: ["${SECRET}"] }`), 'c.yaml:2:49', 'credential.accountKey: is not a reference'],
    [
      datastore(`{ "${SECRET}": x }`),
      'c.yaml:2:35',
      'expected a map with one of the keys servicePrincipal, sas, accountKey',
    ],
    [
      datastore(`{ sas: "${AT}", accountKey: "${SECRET}" }`),
      'c.yaml:2:35',
      'expected a map with one of the keys',
    ],
    [datastore('{}'), 'c.yaml:2:35', 'expected a map with one of the keys'],
    [
      datastore(`{ servicePrincipal: { tenant: ${ID}, client: "${SECRET}", secret: "${AT}" } }`),
      'c.yaml:2:111',
      'servicePrincipal.client: is not an id in Entra ID',
    ],
    [
      workspace(`{ servicePrincipal: { tenant: ${ID}, client: ${ID}, secret: "${SECRET}" } }`),
      'c.yaml:2:237',
      'servicePrincipal.secret: is not a reference to a secret in Key Vault, and is not repeated here; write keyvault:https://team.vault.azure.net/secrets/name',
    ],
    [
      workspace(`{ servicePrincipal: { tenant: ${ID}, client: ${ID}, "${SECRET}": x } }`),
      'c.yaml:2:135',
      'expected a map with the keys tenant, client, secret and no others',
    ],
    [workspace(`{ sas: "${AT}" }`), 'c.yaml:2:115', 'expected a map with one of the keys servicePrincipal'],
    [
      datastore('{ sas: "keyvault:https://team.vault.azure.net.example.org/secrets/x" }'),
      'c.yaml:2:42',
      'is not a reference',
    ],
    [
      datastore('{ sas: "keyvault:https://team.vault.azure.cn/secrets/x" }'),
      'c.yaml:2:42',
      'names a vault that is none of AzureCloud, whose vaults end in .vault.azure.net; correct the address, or LAKEMARK_CLOUD',
    ],
  ])('are refused with their place and without what stands there: %s', (text, place, message) => {
    const [problem, ...others] = problemsOf(text)
    if (problem === undefined) throw new Error('nothing was refused')
    expect(others).toEqual([])
    expect(`${problem.file}:${problem.line}:${problem.column}`).toBe(place)
    expect(problem.message).toContain(message)
    expect(JSON.stringify(problem)).not.toMatch(/hunter2|12345678/)
  })

  it('are taken where their vault is one of the cloud that is set', () => {
    const text = datastore('{ sas: "keyvault:https://team.vault.usgovcloudapi.net/secrets/x" }')
    expect(parse(text, cloudOf('AzureUSGovernment')).ok).toBe(true)
    expect(parse(text).ok).toBe(false)
  })

  it.each([
    ['on the line itself', datastore(`{ sas: "${SECRET}" }`)],
    [
      'on lines around another problem',
      `datastores:\n  contosolake/gold:\n    credential:\n      sas: |\n        a\n        ${SECRET}\n    nam: x\n`,
    ],
    ['where the key is wrong too', `datastores:\n  contosolake/gold: { nam: x, sas: ${SECRET} }\n`],
    [
      'where the file is not even YAML',
      `datastores:\n  a/b:\n    credential: { sas: "${SECRET}" }\n  - @x\n`,
    ],
  ])('are not shown by the frames around a problem: %s', (_, text) => {
    const problems = problemsOf(text)
    expect(problems.length).toBeGreaterThan(0)
    const shown = formatFindings({ problems, warnings: [] }, new Map([['c.yaml', text]]), (_style, it) => it)
    expect(shown).toContain('(not shown: it may hold a secret)')
    expect(shown).not.toContain('hunter2')
  })
})
