import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'

/** Uploads a file of this machine as a block blob, creating the container where it is missing. */
export async function uploadFile({
  serviceUrl,
  account,
  key,
  container,
  path,
  file,
  onProgress,
}: {
  serviceUrl: string
  account: string
  key: string
  container: string
  path: string
  file: string
  /** Told how much of the file has been sent. */
  onProgress?: (bytes: number) => void
}): Promise<void> {
  const service = new BlobServiceClient(serviceUrl, new StorageSharedKeyCredential(account, key))
  const client = service.getContainerClient(container)
  await client.createIfNotExists()
  await client.getBlockBlobClient(path).uploadFile(file, {
    ...(onProgress !== undefined && { onProgress: ({ loadedBytes }) => onProgress(loadedBytes) }),
  })
}
