import { createHash } from 'node:crypto'
import { ArmError } from './arm-errors.ts'
import { PROVIDER } from './names.ts'

/** Where a workspace is found in ARM. All three names are case-insensitive. */
export interface WorkspaceAddress {
  subscription: string
  resourceGroup: string
  name: string
}

/** A workspace that exists, in the letter case in which it was named. */
export interface KnownWorkspace extends WorkspaceAddress {
  /** The same for all spellings of the address: the key of the workspace's state. */
  key: string
  armId: string
}

export interface WorkspaceDirectory {
  replace(workspaces: readonly WorkspaceAddress[]): void
  /** The subscription's one spelling. Throws ArmError 404 SubscriptionNotFound. */
  subscription(name: string): string
  /** Throws ArmError 404 SubscriptionNotFound, ResourceGroupNotFound or ResourceNotFound. */
  find(address: WorkspaceAddress): KnownWorkspace
}

/** The subscriptions, resource groups and workspaces that exist: those of the list and no others. */
export function createWorkspaceDirectory(workspaces: readonly WorkspaceAddress[]): WorkspaceDirectory {
  let known = indexed(workspaces)

  function subscription(name: string): string {
    const found = Array.from(known.values()).find(workspace => isSame(workspace.subscription, name))
    if (found !== undefined) return found.subscription
    throw new ArmError(404, 'SubscriptionNotFound', `The subscription '${name}' could not be found.`)
  }

  function find(address: WorkspaceAddress): KnownWorkspace {
    const found = known.get(keyOf(address))
    if (found !== undefined) return found
    const { resourceGroup, name } = address
    const home = subscription(address.subscription)
    const isGroupKnown = Array.from(known.values()).some(
      workspace => isSame(workspace.subscription, home) && isSame(workspace.resourceGroup, resourceGroup),
    )
    if (!isGroupKnown) {
      throw new ArmError(
        404,
        'ResourceGroupNotFound',
        `Resource group '${resourceGroup}' could not be found.`,
      )
    }
    throw new ArmError(
      404,
      'ResourceNotFound',
      `The Resource '${PROVIDER}/workspaces/${name}' under resource group '${resourceGroup}' was not found. ` +
        'For more details please go to https://aka.ms/ARMResourceNotFoundFix',
    )
  }

  return {
    replace: next => {
      known = indexed(next)
    },
    subscription,
    find,
  }
}

/**
 * The immutable id of a workspace, a UUID. The service draws it at creation; here it follows from the
 * address, so that it needs no state.
 */
export function workspaceGuid(address: WorkspaceAddress): string {
  const hex = createHash('sha256').update(keyOf(address)).digest('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

/** The body of GET workspace. */
export function toWorkspaceResource(workspace: KnownWorkspace): unknown {
  return {
    id: workspace.armId,
    name: workspace.name,
    type: `${PROVIDER}/workspaces`,
    location: 'local',
    tags: {},
    properties: {
      friendlyName: workspace.name,
      workspaceId: workspaceGuid(workspace),
      provisioningState: 'Succeeded',
    },
  }
}

export function isSameWorkspace(a: WorkspaceAddress, b: WorkspaceAddress): boolean {
  return keyOf(a) === keyOf(b)
}

function indexed(workspaces: readonly WorkspaceAddress[]): Map<string, KnownWorkspace> {
  return new Map(workspaces.map(workspace => [keyOf(workspace), toKnown(workspace)]))
}

function toKnown({ subscription, resourceGroup, name }: WorkspaceAddress): KnownWorkspace {
  const group = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}`
  const armId = `${group}/providers/${PROVIDER}/workspaces/${name}`
  return { subscription, resourceGroup, name, key: keyOf({ subscription, resourceGroup, name }), armId }
}

function keyOf({ subscription, resourceGroup, name }: WorkspaceAddress): string {
  return `${subscription}/${resourceGroup}/${name}`.toLowerCase()
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
