import { serviceNotFound, userError } from './arm-errors.ts'
import { containerBody, type DataType, versionBody } from './bodies.ts'
import type { Answer, Call } from './calls.ts'
import { canonicalDataUri, DATA_URI_FORMS, listedDataUri } from './data-uris.ts'
import {
  isInView,
  MAX_PAGE,
  pageOf,
  parseListView,
  parseNewestFirst,
  parsePageSize,
  parseTagFilter,
} from './listing.ts'
import { PROVIDER, VERSION_NAME } from './names.ts'
import { parseBody } from './requests.ts'
import { requireName, stamped, toList, toSystemData } from './resources.ts'
import type { ContainerState, StoredVersion } from './store.ts'

interface VersionPath {
  name: string
  version: string
}

/** The words of the service, seen in public reports of the error; its status was not. */
const IMMUTABLE =
  'A data version with this name and version already exists. ' +
  'If you are trying to create a new data version, use a different name or version. ' +
  "If you are trying to update an existing data version, the existing asset's data uri cannot be changed. " +
  'Only tags, description, and isArchived can be updated.'

export function getContainer(call: Call, name: string): Answer {
  return { status: 200, body: toContainer(call, requireContainer(call, name)) }
}

export function listContainers(call: Call): Answer {
  const view = parseListView(call.query)
  const page = pageOf({
    all: call.store.containers(call.workspace.key).toReversed(),
    nameOf: state => state.container.name,
    isWanted: state => isInView(view, state.container.isArchived),
    pageSize: MAX_PAGE,
    skip: call.query.one('$skip'),
  })
  return toList(call, page, state => toContainer(call, state))
}

export async function putContainer(call: Call, name: string): Promise<Answer> {
  requireName(name)
  const { properties } = parseBody(containerBody, call.body)
  const { store, workspace } = call
  const existing = store.container(workspace.key, name)?.container
  if (existing !== undefined) requireSameType(name, existing.dataType, properties.dataType)
  await store.putContainer(workspace.key, { name, ...properties, ...stamped(existing, call.nowMs) })
  return { status: existing === undefined ? 201 : 200, body: toContainer(call, requireContainer(call, name)) }
}

export function getVersion(call: Call, { name, version }: VersionPath): Answer {
  const stored = call.store.container(call.workspace.key, name)?.versions.get(version)
  if (stored === undefined) throw serviceNotFound('DataVersion', `${name}:${version}`)
  return { status: 200, body: toVersion(call, name, stored, stored.dataUri) }
}

/**
 * That an unknown asset is a 404 rather than an empty list is our reading, as is that pages follow each other
 * by nextLink also where `$top` is given.
 */
export function listVersions(call: Call, name: string): Answer {
  const { query, workspace } = call
  const view = parseListView(query)
  const isTagged = parseTagFilter(query)
  const oldestFirst = Array.from(requireContainer(call, name).versions.values())
  const page = pageOf({
    all: parseNewestFirst(query) ? oldestFirst.toReversed() : oldestFirst,
    nameOf: stored => stored.version,
    isWanted: stored => isInView(view, stored.isArchived) && isTagged(stored.tags),
    pageSize: parsePageSize(query, '$top'),
    skip: query.one('$skip'),
  })
  return toList(call, page, stored => toVersion(call, name, stored, listedDataUri(stored.dataUri, workspace)))
}

export async function putVersion(call: Call, { name, version }: VersionPath): Promise<Answer> {
  requireName(name)
  requireName(version, VERSION_NAME, 'version')
  const { properties } = parseBody(versionBody, call.body)
  const { store, workspace } = call
  const dataUri = requireDataUri(call, properties.dataUri)
  const asset = store.container(workspace.key, name)
  if (asset !== undefined) requireSameType(name, asset.container.dataType, properties.dataType)
  const existing = asset?.versions.get(version)
  if (existing !== undefined && existing.dataUri !== dataUri) {
    throw userError(call.immutableStatus, IMMUTABLE, [{ code: 'ImmutableDataUri', message: IMMUTABLE }])
  }
  const { description, tags, isArchived } = properties
  const stamps = stamped(existing, call.nowMs)
  // An existing version keeps everything but what the service's own words above call changeable.
  const stored: StoredVersion =
    existing === undefined
      ? { version, ...newVersion(properties), dataUri, ...stamps }
      : { ...existing, description, tags, isArchived, ...stamps }
  await store.putVersion(workspace.key, name, stored)
  return { status: existing === undefined ? 201 : 200, body: toVersion(call, name, stored, dataUri) }
}

function newVersion(properties: ReturnType<typeof versionBody.parse>['properties']) {
  const { referencedUris, ...others } = properties
  return others.dataType === 'mltable' && referencedUris ? { ...others, referencedUris } : others
}

function requireContainer(call: Call, name: string): ContainerState {
  const state = call.store.container(call.workspace.key, name)
  if (state === undefined) throw serviceNotFound('DataContainer', name)
  return state
}

/** All versions of an asset have the type of its first; the words are ours. */
function requireSameType(name: string, existing: DataType, given: DataType): void {
  if (given === existing) return
  const message =
    `The data type '${given}' does not match the type '${existing}' of the existing data asset '${name}'. ` +
    'All versions of a data asset have the same type; use another name.'
  throw userError(400, message, [{ code: 'DataTypeMismatch', target: 'properties.dataType', message }])
}

function requireDataUri(call: Call, given: string): string {
  const canonical = canonicalDataUri(given, call.workspace)
  if (canonical !== undefined) return canonical
  const message = `The data uri '${given}' is invalid. Accepted forms: ${DATA_URI_FORMS.join(', ')}.`
  throw userError(400, message, [{ code: 'BadArgument', target: 'properties.dataUri', message }])
}

function toContainer({ workspace }: Call, { container, latest, next }: ContainerState): unknown {
  const { name, createdMs, modifiedMs, ...shown } = container
  return {
    id: `${workspace.armId}/data/${name}`,
    name,
    type: `${PROVIDER}/workspaces/data`,
    properties: { ...shown, latestVersion: latest ?? null, nextVersion: next },
    systemData: toSystemData({ createdMs, modifiedMs }),
  }
}

function toVersion({ workspace }: Call, name: string, stored: StoredVersion, dataUri: string): unknown {
  const { version, createdMs, modifiedMs, ...shown } = stored
  return {
    id: `${workspace.armId}/data/${name}/versions/${version}`,
    name: version,
    type: `${PROVIDER}/workspaces/data/versions`,
    properties: { ...shown, dataUri },
    systemData: toSystemData({ createdMs, modifiedMs }),
  }
}
