import { ArmError } from './arm-errors.ts'
import { PROVIDER } from './names.ts'
import type { WorkspaceAddress } from './workspaces.ts'

/** What a path is about. */
export type Resource =
  | { type: 'workspace' }
  | { type: 'dataContainers' }
  | { type: 'dataContainer'; name: string }
  | { type: 'dataVersions'; name: string }
  | { type: 'dataVersion'; name: string; version: string }
  | { type: 'datastores' }
  | { type: 'datastore'; name: string }

export interface Route {
  method: string
  /** Verb and resource type: `PUT dataVersion`, `LIST dataVersions`; `GET other` for all the rest. */
  operation: string
  /** Undefined where the path does not lead into a workspace of this provider. */
  address: WorkspaceAddress | undefined
  /** Undefined where the path is none of the emulated ones. */
  resource: Resource | undefined
}

/** The query of a request; names are case-insensitive, as in ARM. */
export interface Query {
  one(name: string): string | undefined
  /** All values of the name, also those in one comma-separated list. */
  all(name: string): string[]
  /** The same query with one parameter set, for links. */
  with(name: string, value: string): string
}

/** How many segments of a path name the workspace: subscriptions/…/workspaces/name. */
const WORKSPACE_SEGMENTS = 8

/** The verbs that each resource type knows. */
const METHODS: Readonly<Record<Resource['type'], readonly string[]>> = {
  workspace: ['GET'],
  dataContainers: ['GET'],
  dataContainer: ['GET', 'PUT'],
  dataVersions: ['GET'],
  dataVersion: ['GET', 'PUT'],
  datastores: ['GET'],
  datastore: ['GET', 'PUT'],
}

/** Reads a request's path. Throws ArmError 400 where it is not validly percent-encoded. */
export function parseRoute(method: string, path: string): Route {
  const segments = path.replace(/^\//, '').replace(/\/$/, '').split('/').map(decoded)
  const address = addressOf(segments)
  const resource = address === undefined ? undefined : resourceOf(segments.slice(WORKSPACE_SEGMENTS))
  const isList = method === 'GET' && resource !== undefined && resource.type.endsWith('s')
  return { method, address, resource, operation: `${isList ? 'LIST' : method} ${resource?.type ?? 'other'}` }
}

/** Throws ArmError 405 where the resource does not know the verb. */
export function requireMethod(method: string, resource: Resource): void {
  const allowed = METHODS[resource.type]
  if (allowed.includes(method)) return
  const message = `The requested resource does not support http method '${method}'.`
  throw new ArmError(405, 'MethodNotAllowed', message, { headers: { allow: allowed.join(', ') } })
}

/** The answer for a path that leads into no workspace of this provider. */
export function pathNotFound(path: string): ArmError {
  const message = `The path '${path}' leads to no Azure Machine Learning workspace; nothing else is emulated.`
  return new ArmError(404, 'NotFound', message)
}

/** ARM's answer for a path below a workspace that is none of the emulated resource types. */
export function unknownResourceType(path: string, apiVersion: string): ArmError {
  // After the workspace's name, types and names take turns.
  const types = path
    .split('/')
    .slice(1 + WORKSPACE_SEGMENTS)
    .filter((_, index) => index % 2 === 0)
  const type = ['workspaces', ...types].join('/')
  return new ArmError(
    404,
    'InvalidResourceType',
    `The resource type '${type}' could not be found in the namespace '${PROVIDER}' ` +
      `for api version '${apiVersion}'.`,
  )
}

export function parseQuery(text: string): Query {
  const pairs = new URLSearchParams(text)
  const all = (name: string) =>
    Array.from(pairs).flatMap(([key, value]) => (key.toLowerCase() === name.toLowerCase() ? [value] : []))
  return {
    one: name => all(name)[0],
    all: name => all(name).flatMap(value => value.split(',')),
    with: (name, value) => {
      const others = Array.from(pairs).filter(([key]) => key.toLowerCase() !== name.toLowerCase())
      return new URLSearchParams([...others, [name, value]]).toString().replaceAll('+', '%20')
    },
  }
}

function addressOf(segments: string[]): WorkspaceAddress | undefined {
  const [subscriptions, subscription, groups, resourceGroup, providers, namespace, workspaces, name] =
    segments
  const isPath =
    isWord(subscriptions, 'subscriptions') &&
    isWord(groups, 'resourceGroups') &&
    isWord(providers, 'providers') &&
    isWord(namespace, PROVIDER) &&
    isWord(workspaces, 'workspaces')
  if (!isPath || !subscription || !resourceGroup || !name) return undefined
  return { subscription, resourceGroup, name }
}

function resourceOf(rest: string[]): Resource | undefined {
  const [type, name, subtype, version, ...more] = rest
  if (type === undefined) return { type: 'workspace' }
  if (more.length > 0 || rest.includes('')) return undefined
  if (isWord(type, 'datastores')) {
    if (name === undefined) return { type: 'datastores' }
    return subtype === undefined ? { type: 'datastore', name } : undefined
  }
  if (!isWord(type, 'data')) return undefined
  if (name === undefined) return { type: 'dataContainers' }
  if (subtype === undefined) return { type: 'dataContainer', name }
  if (!isWord(subtype, 'versions')) return undefined
  return version === undefined ? { type: 'dataVersions', name } : { type: 'dataVersion', name, version }
}

function isWord(segment: string | undefined, word: string): boolean {
  return segment?.toLowerCase() === word.toLowerCase()
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new ArmError(
      400,
      'InvalidRequestUri',
      `The path segment '${segment}' is not validly percent-encoded.`,
    )
  }
}
