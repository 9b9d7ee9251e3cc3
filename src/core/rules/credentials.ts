/**
 * How a workspace or a datastore is reached where the identity of the app is not enough. Only references to secrets may
 * stand there; whatever else does may be a secret, so no problem repeats anything of it.
 */
import * as z from 'zod'
import { parseSecretReference, REFERENCE_EXAMPLE, REFERENCE_PATTERN } from '../secret-reference.ts'
import type { DatastoreCredential, ServicePrincipal } from './rule-set.ts'

const GUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/
const PRINCIPAL_KEYS = ['tenant', 'client', 'secret'] as const
const GUID_RULE = 'is not an id in Entra ID such as 00000000-0000-0000-0000-000000000001'

type Refuse = (path: (string | number)[], problem: string) => undefined

/** Of a workspace: `servicePrincipal` alone. */
export const workspaceCredential = credential(['servicePrincipal'])
  .transform(it => it as ServicePrincipal)
  .meta({
    doc: 'Who speaks to the workspace instead of the identity of the app: a service principal of its tenant.',
    ...oneOf({ servicePrincipal: principalSchema() }),
  })

/** Of a datastore: one of three. */
export const datastoreCredential = credential(['servicePrincipal', 'sas', 'accountKey']).meta({
  doc: 'How the workspaces reach the container (default: by the identity of whoever reads).',
  ...oneOf({
    servicePrincipal: principalSchema(),
    sas: secretSchema('A shared access signature of the container.'),
    accountKey: secretSchema('A key of the storage account. Prefer the others: it opens everything in it.'),
  }),
})

function credential(kinds: readonly DatastoreCredential['kind'][]) {
  return z.unknown().transform((raw, context): DatastoreCredential => {
    const refuse: Refuse = (path, problem) => {
      context.addIssue({ code: 'custom', path, message: problem })
      return undefined
    }
    return parseCredential(raw, kinds, refuse) ?? z.NEVER
  })
}

function parseCredential(
  raw: unknown,
  kinds: readonly DatastoreCredential['kind'][],
  refuse: Refuse,
): DatastoreCredential | undefined {
  const keys = isMap(raw) ? Object.keys(raw) : []
  const kind = kinds.find(it => it === keys[0])
  if (!isMap(raw) || kind === undefined || keys.length !== 1) {
    return refuse([], `expected a map with one of the keys ${kinds.join(', ')}`)
  }
  if (kind === 'servicePrincipal') return parsePrincipal(raw[kind], refuse)
  const secret = parseSecret(raw[kind], [kind], refuse)
  return secret === undefined ? undefined : { kind, secret }
}

function parsePrincipal(raw: unknown, refuse: Refuse): ServicePrincipal | undefined {
  const at = 'servicePrincipal'
  const isWhole = isMap(raw) && PRINCIPAL_KEYS.every(key => Object.hasOwn(raw, key))
  if (!isWhole || Object.keys(raw).length !== PRINCIPAL_KEYS.length) {
    return refuse([at], `expected a map with the keys ${PRINCIPAL_KEYS.join(', ')} and no others`)
  }
  const tenant = parseGuid(raw.tenant, [at, 'tenant'], refuse)
  const client = parseGuid(raw.client, [at, 'client'], refuse)
  const secret = parseSecret(raw.secret, [at, 'secret'], refuse)
  if (tenant === undefined || client === undefined || secret === undefined) return undefined
  return { kind: at, tenant, client, secret }
}

function parseGuid(raw: unknown, path: string[], refuse: Refuse): string | undefined {
  return typeof raw === 'string' && GUID.test(raw) ? raw.toLowerCase() : refuse(path, GUID_RULE)
}

/** The reference in its one form. */
function parseSecret(raw: unknown, path: string[], refuse: Refuse): string | undefined {
  const parsed = parseSecretReference(raw)
  if ('problem' in parsed) return refuse(path, parsed.problem)
  const { vault, name, version } = parsed
  return `keyvault:${vault}/secrets/${name}${version === undefined ? '' : `/${version}`}`
}

function isMap(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
}

function oneOf(properties: Record<string, unknown>) {
  return { type: 'object', properties, additionalProperties: false, minProperties: 1, maxProperties: 1 }
}

function principalSchema() {
  const id = (description: string) => ({ type: 'string', pattern: GUID.source, description })
  return {
    type: 'object',
    description: 'A service principal, by its secret in Key Vault.',
    properties: {
      tenant: id('The id of its tenant.'),
      client: id('Its application id.'),
      secret: secretSchema('Its client secret.'),
    },
    required: [...PRINCIPAL_KEYS],
    additionalProperties: false,
  }
}

function secretSchema(what: string) {
  const description = `${what} By its address in Key Vault, never as it is.`
  return { type: 'string', pattern: REFERENCE_PATTERN, description, examples: [REFERENCE_EXAMPLE] }
}
