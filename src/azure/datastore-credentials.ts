/**
 * Datastores as ARM has them. It takes secrets and never gives them back: which one a datastore has is told by a tag that
 * names the version of the secret in Key Vault, never the secret or anything made of it.
 */
import type { DatastoreCredentialsUnion, DatastorePropertiesUnion } from '@azure/arm-machinelearning'
import type { Cloud } from '../core/clouds.ts'
import type { Datastore, DatastoreCredential } from '../core/rules/rule-set.ts'
import type { Secret } from './secrets.ts'

const SECRET_TAG = 'lakemark.secret'

const TYPES = { servicePrincipal: 'ServicePrincipal', sas: 'Sas', accountKey: 'AccountKey' } as const

/** What the rules want, with the secret read. */
export interface WantedCredential {
  credential: DatastoreCredential
  secret: Secret
}

/** Whether an existing datastore has this credential, in this version. */
export function hasCredential(
  existing: DatastorePropertiesUnion,
  { credential, secret }: WantedCredential,
): boolean {
  const { credentialsType, tenantId, clientId } = (existing.credentials ?? {}) as {
    credentialsType?: string
    tenantId?: string
    clientId?: string
  }
  if (credentialsType !== TYPES[credential.kind] || secretTagOf(existing) !== secret.id) return false
  if (credential.kind !== 'servicePrincipal') return true
  return isSame(tenantId, credential.tenant) && isSame(clientId, credential.client)
}

/** The version of the secret that we gave it; undefined: we gave it none. */
export function secretTagOf({ tags }: DatastorePropertiesUnion): string | undefined {
  return tags?.[SECRET_TAG] ?? undefined
}

/** The body that makes the datastore what it should be. What people have written beside it stays. */
export function toProperties(
  { kind, account, container }: Datastore,
  cloud: Cloud,
  wanted: WantedCredential | undefined,
  existing: DatastorePropertiesUnion | undefined,
): DatastorePropertiesUnion {
  const { [SECRET_TAG]: _, ...others } = existing?.tags ?? {}
  const tags = { ...others, ...(wanted !== undefined && { [SECRET_TAG]: wanted.secret.id }) }
  const { description, properties } = existing ?? {}
  const { serviceDataAccessAuthIdentity } = (existing ?? {}) as { serviceDataAccessAuthIdentity?: string }
  const common = {
    credentials: toCredentials(wanted, cloud),
    accountName: account,
    endpoint: cloud.storageSuffix,
    protocol: 'https',
    ...(Object.keys(tags).length > 0 && { tags }),
    ...(typeof description === 'string' && { description }),
    ...(properties !== undefined && properties !== null && { properties }),
    ...(serviceDataAccessAuthIdentity !== undefined && { serviceDataAccessAuthIdentity }),
  }
  return kind === 'azure_blob'
    ? { datastoreType: 'AzureBlob', containerName: container, ...common }
    : { datastoreType: 'AzureDataLakeGen2', filesystem: container, ...common }
}

/** Without a credential: access by the identity of whoever reads. */
function toCredentials(wanted: WantedCredential | undefined, cloud: Cloud): DatastoreCredentialsUnion {
  if (wanted === undefined) return { credentialsType: 'None' }
  const { credential, secret } = wanted
  // A file that was put into the vault as it is ends with a new line; none of these do.
  const value = secret.value.trim()
  const type = TYPES[credential.kind]
  switch (credential.kind) {
    case 'sas':
      return { credentialsType: type, secrets: { secretsType: type, sasToken: value } }
    case 'accountKey':
      return { credentialsType: type, secrets: { secretsType: type, key: value } }
    case 'servicePrincipal':
      return {
        credentialsType: type,
        tenantId: credential.tenant,
        clientId: credential.client,
        authorityUrl: cloud.authority,
        secrets: { secretsType: type, clientSecret: value },
      }
  }
}

function isSame(a: string | undefined, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase()
}
