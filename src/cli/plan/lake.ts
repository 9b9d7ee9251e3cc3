import type { Lake } from '../../app/ports.ts'
import { createBlobLake } from '../../azure/blob-lake.ts'
import { createCredential } from '../../azure/credential.ts'
import { createBlobService } from '../../azure/storage-clients.ts'
import { accountOf, type StorageConnection } from '../../azure/storage-connection.ts'
import type { Config } from '../../config.ts'
import { storageUrl } from '../../core/clouds.ts'
import { DEV_ACCOUNT, DEV_KEY } from '../../emulators/lake/azurite.ts'
import type { Running } from '../running.ts'
import { UsageError } from '../usage-error.ts'

/**
 * The lake as the command line sees it. The account that AzureWebJobsStorage names as it is connected, all others
 * by identity; without that setting, and while a local world runs here, that one's lake and nothing else.
 */
export function openLake(config: Config, running: Running | undefined): Lake {
  const { storage } = config
  const own = storage ?? (running === undefined ? undefined : localLake(running))
  const ownAccount = own === undefined ? undefined : accountOf(own)
  const lake = createBlobLake(account =>
    createBlobService(own !== undefined && account === ownAccount ? own : byIdentity(account, config)),
  )
  return {
    ...lake,
    async hasContainer(account, container) {
      if (account === DEV_ACCOUNT && ownAccount !== DEV_ACCOUNT) {
        throw new UsageError(
          `${account} is the lake of a local world, and none runs here; start it with: npm start`,
        )
      }
      const isElsewhere = storage === undefined && running !== undefined && account !== ownAccount
      return !isElsewhere && lake.hasContainer(account, container)
    },
  }
}

function localLake({ lake }: Running): StorageConnection {
  const parts = [
    'DefaultEndpointsProtocol=http',
    `AccountName=${DEV_ACCOUNT}`,
    `AccountKey=${DEV_KEY}`,
    `BlobEndpoint=${lake}`,
  ]
  return { kind: 'connection string', connectionString: parts.join(';') }
}

/** Of whoever is signed in here. */
function byIdentity(account: string, { cloud }: Config): StorageConnection {
  const credential = createCredential(undefined, cloud)
  return {
    kind: 'identity',
    blobUrl: storageUrl(cloud, account, 'blob'),
    queueUrl: storageUrl(cloud, account, 'queue'),
    tableUrl: storageUrl(cloud, account, 'table'),
    credential,
  }
}
