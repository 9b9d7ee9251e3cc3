import type {
  AzureMachineLearningWorkspaces as Client,
  DatastorePropertiesUnion,
} from '@azure/arm-machinelearning'
import type { AzureMl, BeforeRequest, Clock } from '../app/ports.ts'
import { type Cloud, PUBLIC_CLOUD } from '../core/clouds.ts'
import { PermanentError, TransientError } from '../core/errors.ts'
import { CALL_MS } from '../core/limits.ts'
import type { Datastore, Workspace } from '../core/rules/rule-set.ts'
import { HOUR } from '../core/time.ts'
import { fromArm, fromArmWithout, isAbsent, isFilled, UnusableAnswer } from './azure-ml-errors.ts'
import { hasCredential, secretTagOf, toProperties, type WantedCredential } from './datastore-credentials.ts'
import { isConflict } from './errors.ts'
import type { Secrets } from './secrets.ts'
import { untilAborted, withinTime } from './within-time.ts'

export interface DatastoreDependencies {
  clientOf: (workspace: Workspace) => Client
  clock: Clock
  /** Left out where no datastore has a credential. */
  secrets?: Secrets
  cloud?: Cloud
}

interface Options {
  abortSignal: AbortSignal
}

type Outcome = Awaited<ReturnType<AzureMl['ensureDatastore']>>

/** How long a datastore that was seen is believed to be there still. */
const BELIEVED_MS = HOUR
/** Somebody else may create the datastore, or change its secret, while we write it. */
const MAX_ROUNDS = 3

/** Sees to the datastores, once per workspace and container and process. */
export function createDatastores(dependencies: DatastoreDependencies): Pick<AzureMl, 'ensureDatastore'> {
  const { clientOf, clock, secrets, cloud = PUBLIC_CLOUD } = dependencies
  const seen = new Map<string, { wanted: string; at: number; done: Promise<Outcome> }>()

  return {
    ensureDatastore(workspace, datastore, options = {}) {
      const { since = Number.NEGATIVE_INFINITY, beforeRequest = async () => undefined } = options
      const { subscription, resourceGroup, name } = workspace
      const key = JSON.stringify([subscription, resourceGroup, name, datastore.name])
      const wanted = JSON.stringify(datastore)
      const known = seen.get(key)
      const oldest = Math.max(since, clock.now() - BELIEVED_MS + 1)
      if (known?.wanted === wanted && known.at >= oldest) return known.done
      const entry = { wanted, at: clock.now(), done: ensure(workspace, datastore, since, beforeRequest) }
      seen.set(key, entry)
      // What has failed is tried anew by the next delivery.
      entry.done.catch(() => {
        if (seen.get(key) === entry) seen.delete(key)
      })
      return entry.done
    },
  }

  async function ensure(
    workspace: Workspace,
    datastore: Datastore,
    since: number,
    beforeRequest: BeforeRequest,
  ): Promise<Outcome> {
    const options = withinTime(CALL_MS)
    let existing = await look()
    if (existing !== undefined && isAsItShouldBe(existing, await wantedCredential(since))) return 'kept'
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      // What was remembered may be the older version: nothing is written that has not just been read.
      const wanted = await wantedCredential(clock.now())
      if (existing !== undefined && isAsItShouldBe(existing, wanted)) return round === 0 ? 'kept' : 'written'
      await beforeRequest('writes')
      const written = await put(workspace, datastore, wanted, existing, options)
      existing = written ?? (await look())
    }
    if (existing !== undefined && isAsItShouldBe(existing, await wantedCredential(since))) return 'written'
    throw new TransientError(`workspace ${workspace.alias} is busy with datastore ${datastore.name}`)

    async function look(): Promise<DatastorePropertiesUnion | undefined> {
      await beforeRequest('reads')
      return get(workspace, datastore.name, options)
    }

    /** With it, the secret in its newest version. */
    async function wantedCredential(since: number): Promise<WantedCredential | undefined> {
      const { credential } = datastore
      if (credential === undefined) return undefined
      if (secrets === undefined) throw new PermanentError('credentials of datastores are not provided for')
      const reading = secrets.read(credential.secret, { since })
      return { credential, secret: await untilAborted(reading, options.abortSignal, 'read a secret') }
    }

    function isAsItShouldBe(it: DatastorePropertiesUnion, wanted: WantedCredential | undefined): boolean {
      requirePlace(workspace, datastore, it)
      // Without one of ours, how others have made the datastore accessible is their business.
      return wanted === undefined ? secretTagOf(it) === undefined : hasCredential(it, wanted)
    }
  }

  function requirePlace(workspace: Workspace, datastore: Datastore, it: DatastorePropertiesUnion): void {
    const [there, ours] = [placeOf(it), placeOf(toProperties(datastore, cloud, undefined, undefined))]
    if (there === ours) return
    throw new PermanentError(
      `datastore ${datastore.name} of workspace ${workspace.alias} is ${there}, the rules need ${ours}: ` +
        'remove the datastore and try again, or give the container another datastore name in the rules, ' +
        'which later versions take',
    )
  }

  /** What was written; undefined where somebody else was at it at the same moment. */
  async function put(
    workspace: Workspace,
    datastore: Datastore,
    wanted: WantedCredential | undefined,
    existing: DatastorePropertiesUnion | undefined,
    options: Options,
  ): Promise<DatastorePropertiesUnion | undefined> {
    const { resourceGroup, name } = workspace
    const { datastores } = clientOf(workspace)
    const properties = toProperties(datastore, cloud, wanted, existing)
    try {
      mustBeDatastore(
        await datastores.createOrUpdate(resourceGroup, name, datastore.name, { properties }, options),
      )
      return properties
    } catch (error) {
      if (isConflict(error)) return undefined
      throw wanted === undefined
        ? fromArm(error, workspace)
        : fromArmWithout(wanted.secret.value, error, workspace)
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
      if (isAbsent(error)) return undefined
      throw fromArm(error, workspace)
    }
  }
}

/** A proxy's page, or an empty answer, is not a datastore: nothing may be concluded from it. */
function mustBeDatastore(answer: { properties?: unknown }): DatastorePropertiesUnion {
  const properties = answer.properties as DatastorePropertiesUnion | null | undefined
  if (!isFilled(properties?.datastoreType)) throw new UnusableAnswer('it is no datastore')
  return properties
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
