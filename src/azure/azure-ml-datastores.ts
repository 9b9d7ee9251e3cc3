import type {
  AzureMachineLearningWorkspaces as Client,
  DatastorePropertiesUnion,
} from '@azure/arm-machinelearning'
import type { AzureMl, Clock } from '../app/ports.ts'
import { PermanentError, TransientError } from '../core/errors.ts'
import { CALL_MS } from '../core/limits.ts'
import type { Datastore, Workspace } from '../core/rules/rule-set.ts'
import { HOUR } from '../core/time.ts'
import { fromArm, UnusableAnswer } from './azure-ml-errors.ts'
import { isConflict, isNotFound } from './errors.ts'
import { withinTime } from './within-time.ts'

interface Options {
  abortSignal: AbortSignal
}

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
    const options = withinTime(CALL_MS)
    const existing =
      (await get(workspace, datastore.name, options)) ?? (await create(workspace, datastore, options))
    const [there, ours] = [placeOf(existing), placeOf(toProperties(datastore))]
    if (there !== ours) {
      throw new PermanentError(
        `datastore ${datastore.name} of workspace ${workspace.alias} is ${there}, the rules need ${ours}: ` +
          'give the container another datastore name in the rules, or remove the datastore',
      )
    }
  }

  /** What is there afterwards: ours, or what somebody else created at the same moment. */
  async function create(
    workspace: Workspace,
    datastore: Datastore,
    options: Options,
  ): Promise<DatastorePropertiesUnion> {
    const { resourceGroup, name } = workspace
    const { datastores } = clientOf(workspace)
    const properties = toProperties(datastore)
    try {
      mustBeDatastore(
        await datastores.createOrUpdate(resourceGroup, name, datastore.name, { properties }, options),
      )
      return properties
    } catch (error) {
      const rival = isConflict(error) ? await get(workspace, datastore.name, options) : undefined
      if (rival !== undefined) return rival
      throw isConflict(error)
        ? new TransientError(`workspace ${workspace.alias} is busy with datastore ${datastore.name}`, {
            cause: error,
          })
        : fromArm(error, workspace)
    }
  }

  async function get(
    workspace: Workspace,
    datastore: string,
    options: Options,
  ): Promise<DatastorePropertiesUnion | undefined> {
    try {
      const { resourceGroup, name } = workspace
      return mustBeDatastore(
        await clientOf(workspace).datastores.get(resourceGroup, name, datastore, options),
      )
    } catch (error) {
      // A missing workspace is a 404 as well: creating the datastore then says so.
      if (isNotFound(error)) return undefined
      throw fromArm(error, workspace)
    }
  }
}

/** A proxy's page, or an empty answer, is not a datastore: nothing may be concluded from it. */
function mustBeDatastore(answer: { properties?: unknown }): DatastorePropertiesUnion {
  const properties = answer.properties as DatastorePropertiesUnion | null | undefined
  if (typeof properties?.datastoreType !== 'string') throw new UnusableAnswer('it is no datastore')
  return properties
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
