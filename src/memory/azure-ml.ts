import type { AzureMl, BeforeRequest, RegisteredVersion } from '../app/ports.ts'
import { canonicalDataUri } from '../core/asset/data-uri.ts'
import { FINGERPRINT } from '../core/asset/data-version.ts'
import { copyOf } from '../core/copy.ts'
import { PermanentError } from '../core/errors.ts'
import type { Datastore, Workspace } from '../core/rules/rule-set.ts'
import { pageOf } from './paging.ts'

/** What the service has, whoever speaks to it. */
export interface MemoryAzureMlService {
  versions: Map<string, Map<number, RegisteredVersion>>
  datastores: Map<string, Datastore & { version: string | undefined }>
}

export function createMemoryAzureMlService(): MemoryAzureMlService {
  return { versions: new Map(), datastores: new Map() }
}

type Ensured = ReturnType<AzureMl['ensureDatastore']>

/**
 * Azure ML in memory: immutable data URIs, one type an asset, no deletion. `readSecret` answers the version of a secret, or
 * rejects as reading it would. Several processes have one service, and each what it has seen of the datastores.
 */
export function createMemoryAzureMl(
  readSecret: (reference: string) => Promise<string> = async () => '1',
  { versions, datastores } = createMemoryAzureMlService(),
): AzureMl {
  const seen = new Map<string, { wanted: string; done: Ensured }>()

  function versionsOf(workspace: Workspace, asset: string): Map<number, RegisteredVersion> {
    const key = `${workspace.subscription}/${workspace.resourceGroup}/${workspace.name}/${asset}`
    const found = versions.get(key) ?? new Map()
    versions.set(key, found)
    return found
  }

  async function ensure(key: string, datastore: Datastore, beforeRequest: BeforeRequest): Ensured {
    const { credential } = datastore
    const version = credential && (await readSecret(credential.secret))
    const wanted = { ...datastore, version }
    await beforeRequest('reads')
    requirePlace(datastore, datastores.get(key))
    if (JSON.stringify(datastores.get(key)) === JSON.stringify(wanted)) return 'kept'
    await beforeRequest('writes')
    requirePlace(datastore, datastores.get(key))
    datastores.set(key, wanted)
    return 'written'
  }

  return {
    ensureDatastore(workspace, datastore, { since, beforeRequest = async () => undefined } = {}) {
      const key = `${workspace.subscription}/${workspace.resourceGroup}/${workspace.name}/${datastore.name}`
      const wanted = JSON.stringify(datastore)
      const known = seen.get(key)
      if (since === undefined && known?.wanted === wanted) return known.done
      const entry = { wanted, done: ensure(key, datastore, beforeRequest) }
      seen.set(key, entry)
      entry.done.catch(() => {
        if (seen.get(key) === entry) seen.delete(key)
      })
      return entry.done
    },
    async putVersion(workspace, asset, number, version) {
      const all = versionsOf(workspace, asset)
      const existing = all.get(number)
      if (
        existing !== undefined &&
        canonicalDataUri(existing.dataUri) !== canonicalDataUri(version.dataUri)
      ) {
        const isOurs = existing.properties[FINGERPRINT] === (version.properties[FINGERPRINT] ?? '')
        return isOurs ? 'registered' : 'taken'
      }
      const [first] = all.values()
      if (first !== undefined && first.type !== version.type) {
        throw new PermanentError(`asset ${asset} exists with type ${first.type}`)
      }
      all.set(number, copyOf({ ...version, isArchived: false }))
      return 'registered'
    },
    async getVersion(workspace, asset, number) {
      return copyOf(versionsOf(workspace, asset).get(number))
    },
    async listVersions(workspace, asset, page) {
      const all = [...versionsOf(workspace, asset)].map(([number, { dataUri, isArchived, properties }]) => ({
        number,
        dataUri,
        isArchived,
        fingerprint: properties[FINGERPRINT],
      }))
      return pageOf(all, page)
    },
    async archiveVersion(workspace, asset, number) {
      const version = versionsOf(workspace, asset).get(number)
      if (version === undefined) throw new PermanentError(`asset ${asset} has no version ${number}`)
      version.isArchived = true
    },
    async highestVersion(workspace, asset) {
      return Math.max(0, ...versionsOf(workspace, asset).keys())
    },
  }
}

function requirePlace({ name, account, container, kind }: Datastore, existing: Datastore | undefined): void {
  if (existing === undefined) return
  if (existing.account === account && existing.container === container && existing.kind === kind) return
  throw new PermanentError(`datastore ${name} points elsewhere: ${existing.account}/${existing.container}`)
}
