/** An Azurite and a proxy in front of it, whose events are kept in a list. */
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { type Azurite, DEV_ACCOUNT, DEV_KEY } from '../../../src/emulators/lake/azurite.ts'
import { type LakeProxy, startLakeProxy } from '../../../src/emulators/lake/proxy.ts'
import type { StorageEvent } from '../../../src/emulators/lake/storage-event.ts'

export interface TestLake {
  proxy: LakeProxy
  events: StorageEvent[]
  /** Set it to make events fail. */
  onEvent: (event: StorageEvent) => Promise<void>
  /** Through the proxy. */
  service: BlobServiceClient
  /** Past it. */
  behind: BlobServiceClient
}

export const credential = new StorageSharedKeyCredential(DEV_ACCOUNT, DEV_KEY)

export async function startTestLake(azurite: Azurite): Promise<TestLake> {
  const events: StorageEvent[] = []
  const proxy = await startLakeProxy({
    port: 0,
    azuriteBlobUrl: azurite.blobUrl,
    account: DEV_ACCOUNT,
    key: DEV_KEY,
    onEvent: event => lake.onEvent(event),
  })
  // What fails is to be seen at once.
  const retryOptions = { maxTries: 1 }
  const lake: TestLake = {
    proxy,
    events,
    onEvent: async event => {
      events.push(event)
    },
    service: new BlobServiceClient(proxy.url, credential, { retryOptions }),
    behind: new BlobServiceClient(azurite.blobUrl, credential, { retryOptions }),
  }
  return lake
}
