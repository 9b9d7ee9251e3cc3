import { describe, expect, it } from 'vitest'
import { joined, problemsOf, ruleFile } from '../../support/rule-files.ts'

const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001'

describe('what the rules name is refused', () => {
  it.each([
    ['workspaces: []', '1:13  workspaces: expected a map from aliases to workspaces, found a list'],
    [
      'workspaces: { "a b": { subscription: SUB, resourceGroup: r } }',
      '1:15  a b is not a legal name; use 1 to 63 letters, digits, _ and -, beginning with a letter or digit',
    ],
    [
      'workspaces: { ab: { subscription: SUB, resourceGroup: r } }',
      "1:15  ab is not a workspace name; use 3 to 33 letters, digits, _ and -, beginning with a letter or digit; or give the workspace's own under name",
    ],
    [
      'workspaces: { abc: { subscription: SUB, resourceGroup: r, name: a } }',
      '1:98  workspaces.abc.name: a is not a workspace name; use 3 to 33 letters, digits, _ and -, beginning with a letter or digit',
    ],
    [
      'workspaces: { abc: { subscription: x, resourceGroup: r } }',
      '1:36  workspaces.abc.subscription: x is not a subscription id',
    ],
    [
      'workspaces: { abc: { resourceGroup: r } }',
      '1:20  workspaces.abc.subscription: missing; expected a subscription id such as 00000000-0000-0000-0000-000000000001',
    ],
    [
      'workspaces: { abc: { subscription: SUB } }',
      '1:20  workspaces.abc.resourceGroup: missing; expected the name of a resource group',
    ],
    [
      'workspaces: { abc: { subscription: SUB, resourceGroup: "r." } }',
      '1:89  workspaces.abc.resourceGroup: r. is not a resource group; use 1 to 90 letters, digits, _ - . ( ), no dot at the end',
    ],
    [
      'workspaces: { abc: { subscription: SUB, resourceGroup: r, nam: x } }',
      '1:92  unknown key nam; did you mean name? allowed: subscription, resourceGroup, name, credential',
    ],
    [
      'workspaces: { abc: x }',
      '1:20  workspaces.abc: expected a map with the keys subscription, resourceGroup, name, credential, found text',
    ],
    [
      'workspaces: { ml-a: { subscription: SUB, resourceGroup: r } }',
      'w.yaml:3:3  ml-a stands also at r.yaml:1; keep one of them',
    ],
    [
      'workspaces: { abc: { subscription: SUB, resourceGroup: RG, name: ML-A } }',
      'w.yaml:3:3  ml-a is the same workspace as abc; keep one of them',
    ],
    [
      'workspaces: { __proto__: { subscription: SUB, resourceGroup: r } }',
      '1:15  the key __proto__ is not allowed; choose another name',
    ],
    ['groups: { g: [] }', '1:14  groups.g: is empty; expected a list of workspaces'],
    ['groups: { g: { a: b } }', '1:14  groups.g: expected a list of workspaces, found a map'],
    ['groups: { g: [ml-c] }', '1:15  groups.g: unknown workspace ml-c; did you mean ml-a?'],
    ['groups: { g: [nowhere] }', '1:15  groups.g: unknown workspace nowhere; add it under workspaces'],
    [
      'groups: { g: [both] }',
      '1:15  groups.g: both is a group; a group holds workspaces only, so name those',
    ],
    [
      'groups: { "g!": [ml-a] }',
      '1:11  g! is not a legal name; use 1 to 63 letters, digits, _ and -, beginning with a letter or digit',
    ],
    ['groups: { ml-a: [ml-b] }', '1:11  ml-a is also a workspace (w.yaml:3); give the group another name'],
    [
      'datastores: { silver: { name: x } }',
      '1:15  silver is not account/container, as in contosolake/silver',
    ],
    [
      'datastores: { contosolake/gold: { name: My-Store } }',
      '1:41  datastores.contosolake/gold.name: My-Store is not a datastore name; use lower-case letters, digits and _',
    ],
    [
      'datastores: { contosolake/gold: { kind: azure_file } }',
      '1:41  datastores.contosolake/gold.kind: azure_file is not known; allowed: azure_blob, azure_data_lake_gen2',
    ],
    [
      'datastores: { contosolake/gold: { name: contosolake_silver } }',
      '4:11  from: the datastore contosolake_silver stands for contosolake/gold already; give one of them another name',
    ],
    [
      'datastores: { contosolake/gold: { name: x }, contosolake/bronze: { name: x } }',
      '1:74  datastores.contosolake/bronze.name: the datastore x stands for contosolake/gold already; give one of them another name',
    ],
    ['rule: []', '1:1  unknown key rule; did you mean rules? allowed: workspaces, groups, datastores, rules'],
    [
      'Rules: []',
      '1:1  unknown key Rules; did you mean rules? allowed: workspaces, groups, datastores, rules',
    ],
  ])('%s', (line, problem) => {
    const section = line.replaceAll('SUB', SUBSCRIPTION)
    const rule = ruleFile().replace('rules:\n', '')
    expect(problemsOf(`${section}\nrules:\n${rule}`)).toEqual([problem.replace(/^(?=\d)/, 'r.yaml:')])
  })

  it('when a name stands twice in a map', () => {
    expect(problemsOf(`${ruleFile()}    to: both\n`)).toEqual([
      'r.yaml:7:5  the key to stands twice in this map; keep one of them',
    ])
  })
})

describe('rules are refused together', () => {
  it('when two have one name', () => {
    expect(problemsOf(joined(ruleFile(), ruleFile()))).toEqual([
      'r.yaml:7:11  name: sales is also the rule at r.yaml:2; name it otherwise',
    ])
  })

  it.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['the same text', {}, { to: 'ml-a' }, 'uri_file for ml-a, ml-b, this one as uri_file for ml-a'],
    [
      'captures of other names',
      {},
      { match: 'x/{country}/*', asset: 'sales-{country}', type: 'uri_folder' },
      'uri_file for ml-a, ml-b, this one as uri_folder for ml-a, ml-b',
    ],
    [
      'one literal name',
      { asset: 'my sales' },
      { asset: 'my-sales', to: 'ml-a' },
      'uri_file for ml-a, ml-b, this one as uri_file for ml-a',
    ],
    [
      'values that may meet',
      { where: '{ region: [eu, us] }' },
      { where: '{ region: [us] }', to: 'ml-a' },
      'uri_file for ml-a, ml-b, this one as uri_file for ml-a',
    ],
    [
      'globs that may meet',
      { where: '{ region: [e*] }' },
      { where: '{ region: [us] }', to: 'ml-a' },
      'uri_file for ml-a, ml-b, this one as uri_file for ml-a',
    ],
  ])('when they disagree about %s', (_, one, two, disagreement) => {
    const text = joined(ruleFile(one), ruleFile({ name: 'other', ...two }))
    const line = text.split('\n').findLastIndex(it => it.includes('asset:')) + 1
    expect(problemsOf(text)).toEqual([
      `r.yaml:${line}:12  asset: rule sales (r.yaml:2) makes the same asset as ${disagreement}; ` +
        'make them agree, or name the assets apart',
    ])
  })
})
