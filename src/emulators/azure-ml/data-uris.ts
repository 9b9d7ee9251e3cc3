import { RESOURCE_NAME } from './names.ts'
import type { WorkspaceAddress } from './workspaces.ts'
import { isSameWorkspace, workspaceGuid } from './workspaces.ts'

/** The forms that a dataUri may have, for error messages. */
export const DATA_URI_FORMS = [
  'azureml://datastores/<datastore>/paths/<path>',
  'azureml://subscriptions/<id>/resourcegroups/<group>/workspaces/<name>/datastores/<datastore>/paths/<path>',
  'abfss://<filesystem>@<account>.dfs.core.windows.net/<path>',
  'wasbs://<container>@<account>.blob.core.windows.net/<path>',
  'https://<host>/<path>',
]

const SHORT = /^azureml:\/\/datastores\/([^/]+)\/paths\/(.*)$/i
const LONG =
  /^azureml:\/\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/workspaces\/([^/]+)\/datastores\/([^/]+)\/paths\/(.*)$/i
/** The endpoint suffix is left open, for the sovereign clouds. */
const STORAGE = [
  /^abfss:\/\/[^@/\s]+@[^@/\s]+\.dfs\.[^@/\s]+\/.*$/i,
  /^wasbs:\/\/[^@/\s]+@[^@/\s]+\.blob\.[^@/\s]+\/.*$/i,
  /^https:\/\/[^@/\s]+\/.+$/i,
]

interface DatastorePath {
  home: WorkspaceAddress
  datastore: string
  path: string
}

/**
 * The form in which PUT and GET answer a dataUri: references to a datastore become long, with
 * `resourcegroups` in lower case (recorded traffic); other forms stay. Two references are the same data when these are equal.
 * Undefined: the service does not accept the form.
 */
export function canonicalDataUri(uri: string, workspace: WorkspaceAddress): string | undefined {
  const reference = parseReference(uri, workspace)
  if (reference === undefined) return STORAGE.some(form => form.test(uri)) ? uri : undefined
  if (!RESOURCE_NAME.test(reference.datastore)) return undefined
  const { subscription, resourceGroup, name } = isSameWorkspace(reference.home, workspace)
    ? workspace
    : reference.home
  const home = `azureml://subscriptions/${subscription}/resourcegroups/${resourceGroup}/workspaces/${name}`
  return `${home}/datastores/${reference.datastore}/paths/${reference.path}`
}

/** The form in which LIST answers a canonical dataUri: the workspace by its GUID (recorded traffic). */
export function listedDataUri(canonical: string, workspace: WorkspaceAddress): string {
  const reference = parseReference(canonical, workspace)
  if (reference === undefined) return canonical
  const { home, datastore, path } = reference
  return `azureml://workspaces/${workspaceGuid(home)}/datastores/${datastore}/paths/${path}`
}

function parseReference(uri: string, workspace: WorkspaceAddress): DatastorePath | undefined {
  const long = LONG.exec(uri)
  if (long !== null) {
    const [, subscription = '', resourceGroup = '', name = '', datastore = '', path = ''] = long
    return { home: { subscription, resourceGroup, name }, datastore, path }
  }
  const short = SHORT.exec(uri)
  if (short === null) return undefined
  const [, datastore = '', path = ''] = short
  return { home: workspace, datastore, path }
}
