import * as z from 'zod'

/** A PUT replaces the whole dictionary; entries without a value are dropped. */
const dictionary = z
  .record(z.string(), z.string().nullable())
  .nullish()
  .transform(entries =>
    Object.fromEntries(
      Object.entries(entries ?? {}).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
    ),
  )

const text = z
  .string()
  .nullish()
  .transform(value => value ?? null)

const flag = z
  .boolean()
  .nullish()
  .transform(value => value ?? false)

const required = z.string().min(1, 'Invalid input: expected a text that is not empty')

const asset = { description: text, tags: dictionary, properties: dictionary, isArchived: flag }

const dataType = z.enum(['uri_file', 'uri_folder', 'mltable'])

export type DataType = z.infer<typeof dataType>

/** The body of PUT data container. */
export const containerBody = z.object({ properties: z.object({ ...asset, dataType }) })

/** The body of PUT data version; the form of the dataUri is checked where the workspace is known. */
export const versionBody = z.object({
  properties: z.object({
    ...asset,
    dataType,
    dataUri: required,
    isAnonymous: flag,
    /** Of mltable only; computed by clients. */
    referencedUris: z.array(z.string()).nullish(),
  }),
})

/** Ids, as the REST definition has it. */
const principal = {
  clientId: z.guid('Invalid input: expected a GUID'),
  tenantId: z.guid('Invalid input: expected a GUID'),
  authorityUrl: z.string().nullish(),
  resourceUrl: z.string().nullish(),
}

/** Secrets are checked to be there and dropped at once: the emulator neither keeps nor shows them. */
const credentials = z.discriminatedUnion('credentialsType', [
  z.object({ credentialsType: z.literal('None') }),
  withSecrets('AccountKey', {}, { key: required }),
  withSecrets('Sas', {}, { sasToken: required }),
  withSecrets('ServicePrincipal', principal, { clientSecret: required }),
  withSecrets('Certificate', { ...principal, thumbprint: required }, { certificate: required }),
])

const datastore = {
  description: text,
  tags: dictionary,
  properties: dictionary,
  credentials: credentials.transform(withoutSecrets),
  accountName: required,
  endpoint: z.string().nullish(),
  protocol: z.string().nullish(),
  serviceDataAccessAuthIdentity: z
    .enum(['None', 'WorkspaceSystemAssignedIdentity', 'WorkspaceUserAssignedIdentity'])
    .nullish(),
}

/** The body of PUT datastore, of the two types that hold a lake. */
export const datastoreBody = z.object({
  properties: z.discriminatedUnion('datastoreType', [
    z.object({ ...datastore, datastoreType: z.literal('AzureBlob'), containerName: required }),
    z.object({ ...datastore, datastoreType: z.literal('AzureDataLakeGen2'), filesystem: required }),
  ]),
})

export type DatastoreProperties = z.infer<typeof datastoreBody>['properties']

function withSecrets<T extends string, P extends z.ZodRawShape, S extends z.ZodRawShape>(
  credentialsType: T,
  shown: P,
  secrets: S,
) {
  return z.object({
    credentialsType: z.literal(credentialsType),
    ...shown,
    secrets: z.object({ secretsType: z.literal(credentialsType), ...secrets }),
  })
}

function withoutSecrets<T extends object>(given: T): Omit<T, 'secrets'> {
  return Object.fromEntries(Object.entries(given).filter(([key]) => key !== 'secrets')) as Omit<T, 'secrets'>
}
