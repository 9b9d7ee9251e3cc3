/** What the files define for the rules to name: workspaces, groups of them, and datastores. */
import type { Cloud } from '../clouds.ts'
import { defaultDatastoreName } from '../naming.ts'
import { parseSecretReference } from '../secret-reference.ts'
import type { Targets } from './compile-rule.ts'
import { entriesOf, parseField, parseFields } from './fields.ts'
import { lineOf, type Place, type Reporter, within } from './report.ts'
import type { Datastore, DatastoreCredential, Workspace } from './rule-set.ts'
import {
  datastoreShape,
  groupShape,
  labelProblem,
  parseContainer,
  workspaceName,
  workspaceShape,
} from './schema.ts'
import { didYouMean } from './suggestion.ts'

/** One section of one file: its value and where it stands. */
export interface Section {
  raw: unknown
  place: Place
}

export interface Defined<T> {
  value: T
  place: Place
}

/** By alias. Two aliases for one workspace would send it every version twice. */
export function defineWorkspaces(
  sections: Section[],
  cloud: Cloud,
  report: Reporter,
): Map<string, Defined<Workspace>> {
  const defined = new Map<string, Defined<Workspace>>()
  const aliases = new Map<string, string>()
  const entries = uniqueEntries(sections, 'a map from aliases to workspaces', report)
  for (const { name: alias, raw, place } of entries) {
    const problem = labelProblem(alias)
    if (problem !== undefined) report.key(place, problem)
    const fields = parseFields(workspaceShape, raw, place, report)
    const subscription = fields?.subscription?.name ?? ''
    const resourceGroup = fields?.resourceGroup?.name ?? ''
    const name = fields?.name?.name ?? alias
    // Defined even where it is wrong, so that rules which name it are not wrong as well.
    const credential = fields?.credential
    defined.set(alias, { value: { alias, subscription, resourceGroup, name, credential }, place })
    checkVault(credential, cloud, place, report)
    if (subscription === '' || resourceGroup === '') continue

    const aliasAsName = name === alias ? workspaceName(alias) : { name }
    if ('problem' in aliasAsName && problem === undefined) {
      report.key(place, `${aliasAsName.problem}; or give the workspace's own under name`)
    }
    const id = [subscription, resourceGroup, name].join('/').toLowerCase()
    const twin = aliases.get(id)
    if (twin !== undefined) report.key(place, `${alias} is the same workspace as ${twin}; keep one of them`)
    aliases.set(id, alias)
  }
  return defined
}

/** What `to` may name: every workspace alone, and the groups. */
export function defineTargets(
  workspaces: Map<string, Defined<Workspace>>,
  groups: Section[],
  isComplete: boolean,
  report: Reporter,
): Targets {
  const byName = new Map<string, readonly string[]>()
  for (const alias of workspaces.keys()) byName.set(alias, [alias])
  const entries = uniqueEntries(groups, 'a map from groups to lists of workspaces', report)
  const names = new Set(entries.map(entry => entry.name))

  for (const { name, raw, place } of entries) {
    const problem = labelProblem(name)
    if (problem !== undefined) report.key(place, problem)
    const workspace = workspaces.get(name)
    if (workspace) {
      const other = lineOf(workspace.place)
      report.key(place, `${name} is also a workspace (${other}); give the group another name`)
    }
    const members = parseField(groupShape, raw, place, report) ?? []
    for (const [i, alias] of members.entries()) {
      if (!workspaces.has(alias) && isComplete) {
        const { message, suggestion } = notAWorkspace(alias, names, [...workspaces.keys()])
        report.value(within(place, i), message, suggestion)
      }
    }
    const known = members.filter(alias => workspaces.has(alias))
    if (!byName.has(name)) byName.set(name, known)
  }
  return { byName, isComplete }
}

/** By `account/container`. */
export function defineDatastores(
  sections: Section[],
  cloud: Cloud,
  report: Reporter,
): Map<string, Defined<Datastore>> {
  const defined = new Map<string, Defined<Datastore>>()
  for (const { name: key, raw, place } of uniqueEntries(
    sections,
    'a map from account/container to datastores',
    report,
  )) {
    const parsed = parseContainer(key)
    if ('problem' in parsed) report.key(place, parsed.problem)
    const fields = parseFields(datastoreShape, raw, place, report)
    if ('problem' in parsed || !fields?.kind) continue
    const name = fields.name?.name ?? defaultDatastoreName(parsed.account, parsed.container)
    const { kind, credential } = fields
    checkVault(credential, cloud, place, report)
    defined.set(key, { value: { ...parsed, name, kind, credential }, place })
  }
  return defined
}

/** No token is ever shown to a vault that is none of the cloud's. */
function checkVault(
  credential: DatastoreCredential | undefined,
  cloud: Cloud,
  place: Place,
  report: Reporter,
): void {
  if (credential === undefined) return
  const { kind, secret } = credential
  const parsed = parseSecretReference(secret, cloud)
  const steps = kind === 'servicePrincipal' ? [kind, 'secret'] : [kind]
  if ('problem' in parsed) report.value(within(place, 'credential', ...steps), parsed.problem)
}

/** The entries of all files; one that stands in several is reported, and the first one counts. */
function uniqueEntries(
  sections: Section[],
  expected: string,
  report: Reporter,
): { name: string; raw: unknown; place: Place }[] {
  const entries = new Map<string, { name: string; raw: unknown; place: Place }>()
  for (const section of sections) {
    for (const [name, raw] of entriesOf(section.raw, section.place, expected, report)) {
      const place = within(section.place, name)
      const first = entries.get(name)
      if (first) report.key(place, `${name} stands also at ${lineOf(first.place)}; keep one of them`)
      else entries.set(name, { name, raw, place })
    }
  }
  return [...entries.values()]
}

function notAWorkspace(
  alias: string,
  groups: Set<string>,
  workspaces: string[],
): { message: string; suggestion?: string | undefined } {
  if (groups.has(alias)) {
    return { message: `${alias} is a group; a group holds workspaces only, so name those` }
  }
  const { hint, suggestion } = didYouMean(alias, workspaces)
  return { message: `unknown workspace ${alias}; ${hint.trim() || 'add it under workspaces'}`, suggestion }
}
