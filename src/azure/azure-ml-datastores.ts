import type {
  AzureMachineLearningWorkspaces as Client,
  DatastorePropertiesUnion,
} from '@azure/arm-machinelearning'
import type { AzureMl, Clock } from '../app/ports.ts'
import { PermanentError } from '../core/errors.ts'
import type { Datastore, Workspace } from '../core/rules/rule-set.ts'
import { HOUR } from '../core/time.ts'
import { fromArm } from './azure-ml-errors.ts'
import { isNotFound } from './errors.ts'

/** How long a datastore that was seen is believed to be there still. */
const BELIEVED_MS = HOUR

/** Sees to the datastores, once per workspace and container and process. */
export function createDatastores({
  clientOf,
  clock,
}: {
  clientOf: (workspace: Workspace) => Client
  clock: Clock
}): Pick<AzureMl, 'ensureDatastore'> {
  const seen = new Map<string, { until: number; done: Promise<void> }>()

  return {
    ensureDatastore(workspace, datastore) {
      const key = JSON.stringify([workspace.subscription, workspace.resourceGroup, workspace.name, datastore])
      const known = seen.get(key)
      if (known !== undefined && known.until > clock.now()) return known.done
      const done = ensure(workspace, datastore)
      seen.set(key, { until: clock.now() + BELIEVED_MS, done })
      // What has failed is tried anew by the next delivery.
      done.catch(() => seen.delete(key))
      return done
    },
  }

  async function ensure(workspace: Workspace, datastore: Datastore): Promise<void> {
    const { datastores } = clientOf(workspace)
    const { resourceGroup, name } = workspace
    const existing = await get(workspace, datastore.name)
    if (existing === undefined) {
      try {
        await datastores.createOrUpdate(resourceGroup, name, datastore.name, {
          properties: toProperties(datastore),
        })
      } catch (error) {
        throw fromArm(error, workspace)
      }
      return
    }
    const [there, ours] = [placeOf(existing), placeOf(toProperties(datastore))]
    if (there !== ours) {
      throw new PermanentError(
        `datastore ${datastore.name} of workspace ${workspace.alias} is ${there}, the rules need ${ours}: ` +
          'give the container another datastore name in the rules, or remove the datastore',
      )
    }
  }

  async function get(workspace: Workspace, datastore: string): Promise<DatastorePropertiesUnion | undefined> {
    try {
      const { resourceGroup, name } = workspace
      return (await clientOf(workspace).datastores.get(resourceGroup, name, datastore)).properties
    } catch (error) {
      // A missing workspace is a 404 as well: creating the datastore then says so.
      if (isNotFound(error)) return undefined
      throw fromArm(error, workspace)
    }
  }
}

/** Without a credential: access by the identity of whoever reads. */
function toProperties({ kind, account, container }: Datastore): DatastorePropertiesUnion {
  const common = {
    credentials: { credentialsType: 'None' as const },
    accountName: account,
    endpoint: 'core.windows.net',
    protocol: 'https',
  }
  return kind === 'azure_blob'
    ? { datastoreType: 'AzureBlob', containerName: container, ...common }
    : { datastoreType: 'AzureDataLakeGen2', filesystem: container, ...common }
}

/** Type, account and container in one line: what must agree, and what people are shown where it does not. */
function placeOf(properties: DatastorePropertiesUnion): string {
  const { datastoreType, accountName, containerName, filesystem } = properties as {
    datastoreType: string
    accountName?: string
    containerName?: string
    filesystem?: string
  }
  const place = [accountName, containerName ?? filesystem].filter(part => part !== undefined).join('/')
  return place === '' ? datastoreType : `${datastoreType} ${place}`
}
