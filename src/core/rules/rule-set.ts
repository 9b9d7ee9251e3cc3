/**
 * A validated rule set: what the rule files become once every problem has been ruled out.
 * Inner code reads these and never checks again.
 */
import type { Cloud } from '../clouds.ts'
import type { Pattern } from '../patterns/pattern.ts'
import type { Template } from './template.ts'

/** An Azure Machine Learning workspace, known in the rules by its alias. */
export interface Workspace {
  alias: string
  subscription: string
  resourceGroup: string
  name: string
  /** Who speaks to it; undefined: the identity of the app. */
  credential?: ServicePrincipal | undefined
}

/** Known in the rules by a reference to its secret, as `keyvault:https://…/secrets/name`. */
export interface ServicePrincipal {
  kind: 'servicePrincipal'
  /** Ids in Entra ID, in lower case. */
  tenant: string
  client: string
  secret: string
}

/** How the readers of a datastore reach its container; `secret` is a reference into Key Vault. */
export type DatastoreCredential = ServicePrincipal | { kind: 'sas' | 'accountKey'; secret: string }

export type DatastoreKind = 'azure_blob' | 'azure_data_lake_gen2'

/** How a container of the lake appears in every workspace that gets data from it. */
export interface Datastore {
  account: string
  container: string
  name: string
  kind: DatastoreKind
  /** Undefined: by the identity of whoever reads. */
  credential?: DatastoreCredential | undefined
}

export type BackfillMode = 'newest' | 'all' | 'none'

export type AssetType = 'uri_file' | 'uri_folder'

/** The file whose arrival closes what has gathered. */
export interface Marker {
  name: string
  /** Where it may lie; each pattern captures what the asset's name needs. */
  patterns: Pattern[]
}

export interface Rule {
  name: string
  account: string
  container: string
  match: Pattern
  ignore: Pattern[]
  /** For each capture named, the globs of which it must match one. */
  where: Record<string, Pattern[]>
  asset: Template
  type: AssetType
  /** What a uri_folder version points to; undefined: the file's own folder. Never set for uri_file. */
  folder: Template | undefined
  settleMs: number
  maxWaitMs: number
  marker: Marker | undefined
  /** Aliases, sorted, without duplicates, groups resolved. */
  workspaces: string[]
  /** What a workspace gets of assets that exist already when the rule first names it. */
  backfill: BackfillMode
  description: Template | undefined
  tags: Record<string, Template>
  /** Ids in Entra ID, in lower case, of those who alone may operate the rule; none: whoever has the role may. */
  operators: string[]
  /** Where the rule stands, for people. */
  origin: { file: string; line: number }
}

export interface RuleSet {
  /** That everything the rules name is in: accounts, workspaces, vaults. */
  cloud: Cloud
  rules: Rule[]
  /** By alias. */
  workspaces: Map<string, Workspace>
  /** By `account/container`; see {@link datastoreOf} for those without an entry. */
  datastores: Map<string, Datastore>
}
