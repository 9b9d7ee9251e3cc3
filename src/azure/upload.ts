import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'

/** Uploads a file of this machine as a block blob, creating the container where it is missing. */
export async function uploadFile({
  serviceUrl,
  account,
  key,
  container,
  path,
  file,
}: {
  serviceUrl: string
  account: string
  key: string
  container: string
  path: string
  file: string
}): Promise<void> {
  const service = new BlobServiceClient(serviceUrl, new StorageSharedKeyCredential(account, key))
  const client = service.getContainerClient(container)
  await client.createIfNotExists()
  await client.getBlockBlobClient(path).uploadFile(file)
}
