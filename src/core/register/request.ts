/** What `POST /api/register` is asked, and what becomes of it before anything is done. */
import { hash } from 'node:crypto'
import { isAssetName } from '../naming.ts'
import type { AssetType, Datastore } from '../rules/rule-set.ts'

/** As the ancestor's callers write it. */
export interface RegisterRequest {
  workspace_definition: { workspace_name: string; subscription_id: string; resource_group: string }[]
  datastore_definition: { adlsgen2_datastore_name: string; account_name: string; filesystem: string }[]
  dataset_definition: { dataset_name: string; dataset_path: string }[]
}

/** A request that the rules allow, fit to be kept: with {@link targetsOf} it is known what is to be done. */
export interface Registration {
  /** Aliases, sorted. */
  workspaces: string[]
  /** In the order of the request. */
  datastores: Datastore[]
  datasets: { name: string; path: string }[]
  /** The targets, by index, whose path is one file. */
  files: number[]
}

/** One dataset from one datastore: one asset. */
export interface Target {
  index: number
  /** Its places in the request. */
  at: { dataset: number; datastore: number }
  dataset: string
  datastore: Datastore
  asset: string
  type: AssetType
  /** As the request has it. */
  path: string
  /** What a version points to. */
  dataPath: string
  /** The files that belong to it. */
  pattern: string
  /** What their paths begin with. */
  prefix: string
  workspaces: string[]
}

/** What is wrong with a request, and where: `dataset_definition[1].dataset_path`. */
export interface RequestProblem {
  path: string
  problem: string
}

/** Whose versions these are, where rules have theirs: no rule of a file can be called so. */
const ORIGIN = 'register:'

export function originOf(dataset: string): string {
  return `${ORIGIN}${dataset}`
}

/** Whether the text may be what stands instead of a rule's name. */
export function isOriginName(text: string): boolean {
  return isFromRequest(text) && isAssetName(text.slice(ORIGIN.length))
}

/** Whether a version was made by a request, and not by a rule of the files. */
export function isFromRequest(rule: string): boolean {
  return rule.startsWith(ORIGIN)
}

/** The same for every request that asks for the same, whatever the lake holds. */
export function groundOfRegistration(
  { workspaces, datastores, datasets }: Registration,
  dryRun: boolean,
): string {
  const places = datastores.map(({ name, kind, account, container }) => [name, kind, account, container])
  const paths = datasets.map(({ name, path }) => [name, path])
  const text = JSON.stringify([workspaces, places, paths, dryRun])
  return `r${hash('sha256', text, 'base64url').slice(0, 21)}`
}
