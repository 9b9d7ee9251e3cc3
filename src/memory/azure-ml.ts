import type { AzureMl, RegisteredVersion } from '../app/ports.ts'
import { canonicalDataUri } from '../core/asset/data-uri.ts'
import { FINGERPRINT } from '../core/asset/data-version.ts'
import { copyOf } from '../core/copy.ts'
import { PermanentError } from '../core/errors.ts'
import type { Datastore, Workspace } from '../core/rules/rule-set.ts'
import { pageOf } from './paging.ts'

/**
 * Azure ML in this process's memory: immutable data URIs, one type an asset, no deletion. `readSecret` answers the version
 * of a secret, or rejects as reading it would.
 */
export function createMemoryAzureMl(
  readSecret: (reference: string) => Promise<string> = async () => '1',
): AzureMl {
  const versions = new Map<string, Map<number, RegisteredVersion>>()
  const datastores = new Map<string, Datastore & { version: string | undefined }>()

  function versionsOf(workspace: Workspace, asset: string): Map<number, RegisteredVersion> {
    const key = `${workspace.subscription}/${workspace.resourceGroup}/${workspace.name}/${asset}`
    const found = versions.get(key) ?? new Map()
    versions.set(key, found)
    return found
  }

  return {
    async ensureDatastore(workspace, datastore) {
      const key = `${workspace.subscription}/${workspace.resourceGroup}/${workspace.name}/${datastore.name}`
      const { credential } = datastore
      const version = credential && (await readSecret(credential.secret))
      const wanted = { ...datastore, version }
      const existing = datastores.get(key) ?? wanted
      if (
        existing.account !== datastore.account ||
        existing.container !== datastore.container ||
        existing.kind !== datastore.kind
      ) {
        throw new PermanentError(
          `datastore ${datastore.name} points elsewhere: ${existing.account}/${existing.container}`,
        )
      }
      const isKept = JSON.stringify(datastores.get(key)) === JSON.stringify(wanted)
      datastores.set(key, wanted)
      return isKept ? 'kept' : 'written'
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
