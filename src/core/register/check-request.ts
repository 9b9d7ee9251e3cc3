import { isAssetName } from '../naming.ts'
import { datastoreOf } from '../rules/datastore.ts'
import type { Datastore, Rule, RuleSet, Workspace } from '../rules/rule-set.ts'
import { didYouMean } from '../rules/suggestion.ts'
import type { RegisterRequest, Registration, RequestProblem, Target } from './request.ts'
import { targetsOf } from './targets.ts'

/** Datasets times datastores: each is an asset of its own. */
export const MAX_TARGETS = 200
const MAX_SHOWN = 5

/**
 * Compares a request, whose parts are each well-formed, with the rules and with itself. Registered is what the rules
 * watch, in workspaces that they know; everything else is a problem, and all of them are told at once. `files` of the
 * registration is still empty: only the lake knows.
 */
export function checkRequest(
  request: RegisterRequest,
  rules: RuleSet,
): { registration: Registration; problems: RequestProblem[] } {
  const problems: RequestProblem[] = []
  const report = (path: string, problem: string) => problems.push({ path, problem })
  const workspaces = request.workspace_definition.flatMap((definition, at) => {
    const found = findWorkspace(definition, rules)
    if ('alias' in found) return found.alias
    report(`workspace_definition[${at}].${found.key}`, found.problem)
    return []
  })
  checkTwins(request, report)
  const areToldApart = problems.every(({ path }) => path.startsWith('workspace_definition'))
  const datastores = request.datastore_definition.map((definition, at) => {
    const path = `datastore_definition[${at}]`
    const found = checkDatastore(definition, rules)
    for (const { key, problem } of found.problems) report(`${path}.${key}`, problem)
    return found.datastore
  })
  const datasets = request.dataset_definition.map(({ dataset_name: name, dataset_path: path }) => ({
    name,
    path,
  }))
  const registration = { workspaces: [...new Set(workspaces)].sort(), datastores, datasets, files: [] }
  const count = datasets.length * datastores.length
  if (count > MAX_TARGETS) {
    const told = `${datasets.length} datasets from ${datastores.length} datastores are ${count} assets`
    report('dataset_definition', `${told}; the most is ${MAX_TARGETS}: send them in several requests`)
  } else if (areToldApart) checkAssetNames(targetsOf(registration), report)
  return { registration, problems }
}

/** What the rules make under a target's name must be of its kind, and go where it goes. */
export function disagreementOf(target: Target, rule: Rule): string | undefined {
  const { asset, type, workspaces } = target
  if (rule.type !== type) {
    return `rule ${rule.name} makes assets of this name as ${rule.type}, and ${asset} would be a ${type}; give the dataset another name`
  }
  if (rule.workspaces.join() === workspaces.join()) return undefined
  return `rule ${rule.name} makes assets of this name for ${rule.workspaces.join(', ')}; ask for the same workspaces, or give the dataset another name`
}

function findWorkspace(
  wanted: RegisterRequest['workspace_definition'][number],
  { workspaces }: RuleSet,
): { alias: string } | { key: keyof typeof wanted; problem: string } {
  const all = [...workspaces.values()]
  const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
  const named = all.filter(({ name }) => isSame(name, wanted.workspace_name))
  const found = named.find(
    ({ subscription, resourceGroup }) =>
      isSame(subscription, wanted.subscription_id) && isSame(resourceGroup, wanted.resource_group),
  )
  if (found !== undefined) return { alias: found.alias }
  if (named.length === 0) {
    const names = all.map(({ name }) => name)
    const { hint } = didYouMean(wanted.workspace_name, names)
    const known = hint === '' ? `; they know ${listed(names)}` : `; ${hint.trim()}`
    return {
      key: 'workspace_name',
      problem: `the rules know no workspace ${wanted.workspace_name}${known}`,
    }
  }
  const key = named.some(({ subscription }) => isSame(subscription, wanted.subscription_id))
    ? 'resource_group'
    : 'subscription_id'
  const places = named.map(
    ({ subscription, resourceGroup }: Workspace) => `${resourceGroup} of subscription ${subscription}`,
  )
  return { key, problem: `the rules know ${wanted.workspace_name} in ${listed(places)}` }
}

function checkDatastore(
  {
    adlsgen2_datastore_name: name,
    account_name: account,
    filesystem: container,
  }: RegisterRequest['datastore_definition'][number],
  rules: RuleSet,
): { datastore: Datastore; problems: { key: string; problem: string }[] } {
  const problems: { key: string; problem: string }[] = []
  const ofRules = datastoreOf(rules, account, container)
  const kind = ofRules.name === name ? ofRules.kind : 'azure_data_lake_gen2'
  const watched = [...new Set(rules.rules.map(rule => `${rule.account}/${rule.container}`))]
  const place = `${account}/${container}`
  if (!watched.includes(place)) {
    const isKnown = rules.rules.some(rule => rule.account === account)
    const { hint } = didYouMean(place, watched)
    const known = hint === '' ? `; they watch ${listed(watched)}` : `; ${hint.trim()}`
    problems.push({
      key: isKnown ? 'filesystem' : 'account_name',
      problem: `no rule watches ${place}${known}`,
    })
  }
  const other = [
    ...watched.map(it => it.split('/')),
    ...[...rules.datastores.keys()].map(it => it.split('/')),
  ]
    .map(([account = '', container = '']) => datastoreOf(rules, account, container))
    .find(it => it.name === name && `${it.account}/${it.container}` !== place)
  if (other !== undefined) {
    problems.push({
      key: 'adlsgen2_datastore_name',
      problem: `${name} stands for ${other.account}/${other.container} in the rules; give the datastore another name, such as ${ofRules.name}`,
    })
  }
  return { datastore: { account, container, name, kind }, problems }
}

/** What is named twice is a slip of the pen, and which of the two counts is not for us to guess. */
function checkTwins(request: RegisterRequest, report: (path: string, problem: string) => void): void {
  const told = 'leave one of them out'
  findTwins(
    request.workspace_definition.map(it =>
      [it.subscription_id, it.resource_group, it.workspace_name].join('/').toLowerCase(),
    ),
    (at, first) =>
      report(`workspace_definition[${at}]`, `is the same as workspace_definition[${first}]; ${told}`),
  )
  findTwins(
    request.datastore_definition.map(it => `${it.account_name}/${it.filesystem}`),
    (at, first) =>
      report(
        `datastore_definition[${at}]`,
        `is the same filesystem as datastore_definition[${first}]; ${told}`,
      ),
  )
  findTwins(
    request.datastore_definition.map(it => it.adlsgen2_datastore_name.toLowerCase()),
    (at, first) =>
      report(
        `datastore_definition[${at}].adlsgen2_datastore_name`,
        `datastore_definition[${first}] has this name; give each filesystem one of its own`,
      ),
  )
  findTwins(
    request.dataset_definition.map(it => it.dataset_name),
    (at, first) =>
      report(
        `dataset_definition[${at}].dataset_name`,
        `dataset_definition[${first}] has this name; one dataset is one path, which may be a glob`,
      ),
  )
}

function checkAssetNames(targets: readonly Target[], report: (path: string, problem: string) => void): void {
  for (const { asset, at, datastore } of targets) {
    if (isAssetName(asset)) continue
    const problem = `with the datastore's name ${datastore.name} at its end it is no name of an asset; make it shorter`
    report(`dataset_definition[${at.dataset}].dataset_name`, problem)
  }
  findTwins(
    targets.map(({ asset }) => asset),
    (index, first) => {
      const [here, there] = [targets[index] as Target, targets[first] as Target]
      report(
        `dataset_definition[${here.at.dataset}].dataset_name`,
        `makes the asset ${here.asset} from the datastore ${here.datastore.name}, as dataset_definition[${there.at.dataset}] does from ${there.datastore.name}; name them apart`,
      )
    },
  )
}

function findTwins(keys: readonly string[], found: (at: number, first: number) => void): void {
  const seen = new Map<string, number>()
  for (const [at, key] of keys.entries()) {
    const first = seen.get(key)
    if (first === undefined) seen.set(key, at)
    else found(at, first)
  }
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  const more = names.length > MAX_SHOWN ? ` and ${names.length - MAX_SHOWN} more` : ''
  return names.slice(0, MAX_SHOWN).join(', ') + more
}
