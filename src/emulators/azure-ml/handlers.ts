import type { Answer, Call } from './calls.ts'
import { getContainer, getVersion, listContainers, listVersions, putContainer, putVersion } from './data.ts'
import { getDatastore, listDatastores, putDatastore } from './datastores.ts'
import type { Resource } from './routes.ts'
import { toWorkspaceResource } from './workspaces.ts'

/** Does what the request asks for. Rejects with ArmError where the service refuses. */
export async function handle(call: Call, resource: Resource): Promise<Answer> {
  const isPut = call.method === 'PUT'
  switch (resource.type) {
    case 'workspace':
      return { status: 200, body: toWorkspaceResource(call.workspace) }
    case 'dataContainers':
      return listContainers(call)
    case 'dataContainer':
      return isPut ? putContainer(call, resource.name) : getContainer(call, resource.name)
    case 'dataVersions':
      return listVersions(call, resource.name)
    case 'dataVersion':
      return isPut ? putVersion(call, resource) : getVersion(call, resource)
    case 'datastores':
      return listDatastores(call)
    case 'datastore':
      return isPut ? putDatastore(call, resource.name) : getDatastore(call, resource.name)
  }
}
