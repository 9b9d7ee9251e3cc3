import { PUBLIC_CLOUD } from '../../core/clouds.ts'
import { serviceNotFound } from './arm-errors.ts'
import { datastoreBody } from './bodies.ts'
import type { Answer, Call } from './calls.ts'
import { badParameter, pageOf, parsePageSize } from './listing.ts'
import { PROVIDER } from './names.ts'
import { parseBody } from './requests.ts'
import { requireName, stamped, toList, toSystemData } from './resources.ts'
import type { StoredDatastore } from './store.ts'

export function getDatastore(call: Call, name: string): Answer {
  const stored = call.store.datastore(call.workspace.key, name)
  if (stored === undefined) throw serviceNotFound('Datastore', name)
  return { status: 200, body: toDatastore(call, stored) }
}

/** Newest first, or oldest with `orderByAsc=true`; the orders by name and change are not emulated. */
export function listDatastores(call: Call): Answer {
  const { query } = call
  const orderBy = query.one('orderBy') ?? 'createdtime'
  if (orderBy.toLowerCase() !== 'createdtime') throw badParameter('orderBy', orderBy, 'createdtime')
  const oldestFirst = call.store.datastores(call.workspace.key)
  const names = query.all('names')
  const search = query.one('searchText') ?? ''
  const page = pageOf({
    all: query.one('orderByAsc') === 'true' ? oldestFirst : oldestFirst.toReversed(),
    nameOf: stored => stored.name,
    // No datastore of the emulator is a workspace's default.
    isWanted: stored =>
      (names.length === 0 || names.includes(stored.name)) &&
      stored.name.includes(search) &&
      query.one('isDefault') !== 'true',
    pageSize: parsePageSize(query, 'count'),
    skip: query.one('$skip'),
  })
  return toList(call, page, stored => toDatastore(call, stored))
}

/** Creates or replaces; whether the storage exists and lets the workspace in is not checked. */
export async function putDatastore(call: Call, name: string): Promise<Answer> {
  requireName(name)
  const { properties } = parseBody(datastoreBody, call.body)
  const { store, workspace } = call
  const existing = store.datastore(workspace.key, name)
  const stored = { name, properties, ...stamped(existing, call.nowMs) }
  await store.putDatastore(workspace.key, stored)
  return { status: existing === undefined ? 201 : 200, body: toDatastore(call, stored) }
}

function toDatastore({ workspace }: Call, stored: StoredDatastore): unknown {
  const { endpoint, protocol, serviceDataAccessAuthIdentity, ...others } = stored.properties
  return {
    id: `${workspace.armId}/datastores/${stored.name}`,
    name: stored.name,
    type: `${PROVIDER}/workspaces/datastores`,
    properties: {
      ...others,
      isDefault: false,
      endpoint: endpoint ?? PUBLIC_CLOUD.storageSuffix,
      protocol: protocol ?? 'https',
      serviceDataAccessAuthIdentity: serviceDataAccessAuthIdentity ?? 'None',
    },
    systemData: toSystemData(stored),
  }
}
