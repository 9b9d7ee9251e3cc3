import type { TokenCredential } from '@azure/identity'

/** A storage account, as `AzureWebJobsStorage` names it: by connection string, or by addresses and identity. */
export type StorageConnection =
  | { kind: 'connection string'; connectionString: string }
  | { kind: 'identity'; blobUrl: string; queueUrl: string; tableUrl: string; credential: TokenCredential }

/** The name of the account that a connection leads to. */
export function accountOf(connection: StorageConnection): string | undefined {
  if (connection.kind === 'identity') return /^https:\/\/([a-z0-9]{3,24})\./.exec(connection.blobUrl)?.[1]
  const { connectionString } = connection
  if (/^UseDevelopmentStorage=true/i.test(connectionString)) return 'devstoreaccount1'
  return /(?:^|;)AccountName=([^;]+)/i.exec(connectionString)?.[1]
}
