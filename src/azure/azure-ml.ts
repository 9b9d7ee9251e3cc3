import { type DataVersionBaseProperties, getContinuationToken } from '@azure/arm-machinelearning'
import type { AzureMl, ListedVersion, RegisteredVersion } from '../app/ports.ts'
import { canonicalDataUri } from '../core/asset/data-uri.ts'
import { type DataVersionBody, FINGERPRINT } from '../core/asset/data-version.ts'
import { PermanentError, TransientError } from '../core/errors.ts'
import { CALL_MS } from '../core/limits.ts'
import type { AssetType, Workspace } from '../core/rules/rule-set.ts'
import { createDatastores, type DatastoreDependencies } from './azure-ml-datastores.ts'
import { fromArm, isAbsent, isFilled, UnusableAnswer } from './azure-ml-errors.ts'
import { statusOf } from './errors.ts'
import { withinTime } from './within-time.ts'

/** Versions read when an asset is seen for the first time: no one keeps more by hand. */
const MAX_VERSIONS_LISTED = 20_000
const MAX_PAGES_LISTED = 1000
/** The SDK takes whatever holds no list, a proxy's page for one, for an empty one. */
const ALL_AND_LISTED = {
  listViewType: 'All',
  onResponse({ parsedBody }: { parsedBody?: unknown }, _flat: unknown, error?: unknown) {
    const isList = Array.isArray((parsedBody as { value?: unknown } | null | undefined)?.value)
    if (error === undefined && !isList) throw new UnusableAnswer('it is no list')
  },
}

/** Azure Machine Learning through ARM. `clientOf` gives the client of a workspace. */
export function createAzureMl(dependencies: DatastoreDependencies): AzureMl {
  const { clientOf } = dependencies
  const { ensureDatastore } = createDatastores(dependencies)

  return {
    ensureDatastore,

    async putVersion(workspace, asset, number, version) {
      const { dataVersions } = clientOf(workspace)
      const { resourceGroup, name } = workspace
      const options = withinTime(CALL_MS)
      try {
        const answer = await dataVersions.createOrUpdate(
          resourceGroup,
          name,
          asset,
          String(number),
          toBody(version, false),
          options,
        )
        toRegistered(answer)
        return 'registered'
      } catch (error) {
        // Which status a taken number is refused with is not documented: look at what is there.
        const status = statusOf(error)
        if (status !== 400 && status !== 409) throw fromArm(error, workspace)
        const there = await getVersion(workspace, asset, number, options)
        if (there !== undefined) return isOurs(there, version) ? 'registered' : 'taken'
        if (status === 400) throw fromArm(error, workspace)
        throw new TransientError(`workspace ${workspace.alias} is busy with ${asset}`, { cause: error })
      }
    },

    getVersion: (workspace, asset, number) => getVersion(workspace, asset, number, withinTime(CALL_MS)),

    async listVersions(workspace, asset, { continuation, limit }) {
      const { resourceGroup, name } = workspace
      try {
        const pages = clientOf(workspace)
          .dataVersions.list(resourceGroup, name, asset, {
            ...withinTime(CALL_MS),
            ...ALL_AND_LISTED,
            top: limit,
          })
          .byPage(continuation === undefined ? {} : { continuationToken: continuation })
        const { value: page } = await pages.next()
        if (!Array.isArray(page)) throw new UnusableAnswer('it is no list')
        const link = getContinuationToken(page)
        if (link !== undefined && typeof link !== 'string')
          throw new UnusableAnswer('its next page has no address')
        return { items: page.flatMap((item: unknown) => toListed(item) ?? []), continuation: link }
      } catch (error) {
        if (isAssetNotFound(error)) return { items: [], continuation: undefined }
        throw fromArm(error, workspace)
      }
    },

    async archiveVersion(workspace, asset, number) {
      const { dataVersions } = clientOf(workspace)
      const { resourceGroup, name, alias } = workspace
      const options = withinTime(CALL_MS)
      const there = await getVersion(workspace, asset, number, options)
      if (there === undefined)
        throw new PermanentError(`workspace ${alias} has no ${asset} version ${number}`)
      try {
        await dataVersions.createOrUpdate(
          resourceGroup,
          name,
          asset,
          String(number),
          toBody(there, true),
          options,
        )
      } catch (error) {
        throw fromArm(error, workspace)
      }
    },

    async highestVersion(workspace, asset) {
      const { dataContainers, dataVersions } = clientOf(workspace)
      const { resourceGroup, name, alias } = workspace
      const options = withinTime(CALL_MS)
      try {
        await dataContainers.get(resourceGroup, name, asset, options)
        let [highest, seen, pages] = [0, 0, 0]
        const links = new Set<string>()
        const versions = dataVersions.list(resourceGroup, name, asset, { ...options, ...ALL_AND_LISTED })
        for await (const page of versions.byPage()) {
          pages += 1
          seen += page.length
          if (pages > MAX_PAGES_LISTED || seen > MAX_VERSIONS_LISTED)
            throw new PermanentError(`workspace ${alias} has too many versions of ${asset}`)
          for (const item of page) {
            const version = nameOf(item)
            if (/^[0-9]{1,15}$/.test(version)) highest = Math.max(highest, Number(version))
          }
          const link = getContinuationToken(page)
          if (link === undefined) continue
          if (typeof link !== 'string') throw new UnusableAnswer('its next page has no address')
          if (links.has(link)) throw new UnusableAnswer('its pages lead in circles')
          links.add(link)
        }
        return highest
      } catch (error) {
        if (isAssetNotFound(error)) return 0
        throw fromArm(error, workspace)
      }
    },
  }

  async function getVersion(
    workspace: Workspace,
    asset: string,
    number: number,
    options: { abortSignal: AbortSignal },
  ): Promise<RegisteredVersion | undefined> {
    try {
      const { resourceGroup, name } = workspace
      const { dataVersions } = clientOf(workspace)
      return toRegistered(await dataVersions.get(resourceGroup, name, asset, String(number), options))
    } catch (error) {
      if (isAssetNotFound(error)) return undefined
      throw fromArm(error, workspace)
    }
  }
}

/** Undefined: a version that somebody has given another name than a number. */
function toListed(item: unknown): ListedVersion | undefined {
  const name = nameOf(item)
  if (!/^[0-9]{1,15}$/.test(name)) return undefined
  const { dataUri, isArchived, properties: own } = toRegistered(item as { properties?: unknown })
  return { number: Number(name), dataUri, isArchived, fingerprint: own[FINGERPRINT] }
}

/** The SDK makes a list of one of whatever stands in the place of a list. */
function nameOf(item: unknown): string {
  const name = (item as { name?: unknown } | null)?.name
  if (!isFilled(name)) throw new UnusableAnswer('it lists what has no name')
  return name
}

/** Whatever the status: a proxy's page, or an empty answer, is not a version, and nothing may be concluded from it. */
function toRegistered(answer: { properties?: unknown }): RegisteredVersion {
  const properties = answer.properties as DataVersionBaseProperties | null | undefined
  // Of an empty text the SDK makes one in which all is empty.
  if (!isFilled(properties?.dataUri) || !isFilled(properties.dataType))
    throw new UnusableAnswer('it is no data version')
  const { dataType, dataUri, description, tags, isArchived } = properties
  return {
    type: dataType as AssetType,
    dataUri,
    description: typeof description === 'string' ? description : undefined,
    tags: textsOf(tags),
    properties: textsOf(properties.properties),
    isArchived: isArchived === true,
  }
}

/** ARM answers 404 for a missing workspace too, with codes of its own: that is not an absent asset. */
function isAssetNotFound(error: unknown): boolean {
  if (!isAbsent(error)) return false
  const code = (error as { code?: string }).code
  return ![
    'ResourceNotFound',
    'ResourceGroupNotFound',
    'SubscriptionNotFound',
    'ParentResourceNotFound',
  ].includes(code ?? '')
}

/**
 * The same data, or our version with another URI: an earlier attempt whose answer was lost, by a process with
 * other rules. What carries our fingerprint is never sent a second time.
 */
function isOurs(there: RegisteredVersion, version: DataVersionBody): boolean {
  const sameData = canonicalDataUri(there.dataUri) === canonicalDataUri(version.dataUri)
  const fingerprint = version.properties[FINGERPRINT]
  return (
    there.type === version.type &&
    (sameData || (fingerprint !== undefined && there.properties[FINGERPRINT] === fingerprint))
  )
}

function toBody(version: DataVersionBody, isArchived: boolean) {
  const { type, dataUri, description, tags, properties } = version
  return {
    properties: {
      dataType: type,
      dataUri,
      ...(description === undefined ? {} : { description }),
      tags,
      properties,
      isArchived,
      isAnonymous: false,
    },
  }
}

function textsOf(values: unknown): Record<string, string> {
  if (typeof values !== 'object' || values === null) return {}
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, typeof value === 'string' ? value : '']),
  )
}
