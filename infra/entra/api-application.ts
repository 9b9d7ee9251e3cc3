import { setTimeout as sleep } from 'node:timers/promises'
import { ROLES, type Role } from '../../src/core/access/caller.ts'

/** The ids of the roles are part of what is granted: the same for ever, in every tenant. */
export const ROLE_IDS: Readonly<Record<Role, string>> = {
  'Lakemark.Read': '2d1c2b38-6a3b-4d0e-9c55-0c6a8e5f7d01',
  'Lakemark.Operate': '2d1c2b38-6a3b-4d0e-9c55-0c6a8e5f7d02',
  'Lakemark.Admin': '2d1c2b38-6a3b-4d0e-9c55-0c6a8e5f7d03',
}
const DESCRIPTIONS: Readonly<Record<Role, string>> = {
  'Lakemark.Read': 'Reads everything but the audit trail.',
  'Lakemark.Operate': 'Also retries, registers and re-synchronises.',
  'Lakemark.Admin': 'Everything.',
}
const SCOPE_ID = '2d1c2b38-6a3b-4d0e-9c55-0c6a8e5f7d04'
/** Of the Azure CLI and azd, whose sign-in people on call have: the same in every tenant. */
const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'
/** What was just made is not known everywhere in Entra at once. */
const MAX_ATTEMPTS = 10

/** Sends a request to Microsoft Graph, below /v1.0/; undefined: an answer without a body. Rejects with GraphError. */
export type Graph = (method: string, path: string, body?: unknown) => Promise<unknown>

export class GraphError extends Error {
  override readonly name = 'GraphError'
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

export interface ApiApplication {
  clientId: string
  /** Of its service principal in this tenant: what roles are granted on. */
  servicePrincipal: string
  /** What LAKEMARK_AUTH_AUDIENCE says. */
  audience: string
}

/**
 * Sees to the app registration of the API: creates it where there is none of this name, and brings it into order where
 * there is. No secret is made. learn.microsoft.com/graph/api/application-upsert, serviceprincipal-upsert.
 */
export async function ensureApiApplication(
  graph: Graph,
  uniqueName: string,
  { retryMs = 3000 }: { retryMs?: number } = {},
): Promise<ApiApplication> {
  const key = `applications(uniqueName='${encodeURIComponent(uniqueName.replaceAll("'", "''"))}')`
  await graph('PATCH', key, toApplication(uniqueName))
  const { id, appId } = await settled(() => graph('GET', `${key}?$select=id,appId`) as Promise<Application>)
  const uri = `api://${appId}`
  // The scope must be there before anybody can be allowed it.
  const preAuthorizedApplications = [{ appId: AZURE_CLI, delegatedPermissionIds: [SCOPE_ID] }]
  await settled(() =>
    graph('PATCH', `applications/${id}`, { identifierUris: [uri], api: { preAuthorizedApplications } }),
  )
  const principal = `servicePrincipals(appId='${appId}')`
  await settled(() => graph('PATCH', principal, { accountEnabled: true }))
  const found = (await settled(() => graph('GET', `${principal}?$select=id`))) as { id: string }
  return { clientId: appId, servicePrincipal: found.id, audience: `${appId},${uri}` }

  async function settled<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await call()
      } catch (error) {
        if (!isEarly(error) || attempt >= MAX_ATTEMPTS) throw error
        await sleep(retryMs)
      }
    }
  }
}

/** What Graph says of a service principal whose application is not known everywhere yet, with 400 or 403. */
const EARLY =
  /does not reference a valid application object|NoBackingApplicationObject|the backing application/

function isEarly(error: unknown): boolean {
  return error instanceof GraphError && (error.status === 404 || EARLY.test(error.message))
}

/** The one that somebody has made, by its client id. */
export async function findApiApplication(
  graph: Graph,
  clientId: string,
): Promise<Pick<ApiApplication, 'servicePrincipal'>> {
  const { id } = (await graph('GET', `servicePrincipals(appId='${clientId}')?$select=id`)) as { id: string }
  return { servicePrincipal: id }
}

/** Gives a role to a user, a group or a service principal, by its object id; what is given already stays. */
export async function grantRole(
  graph: Graph,
  { servicePrincipal }: Pick<ApiApplication, 'servicePrincipal'>,
  principalId: string,
  role: Role,
): Promise<'granted' | 'kept'> {
  const appRoleId = ROLE_IDS[role]
  const path = `servicePrincipals/${servicePrincipal}/appRoleAssignedTo`
  try {
    await graph('POST', path, { principalId, resourceId: servicePrincipal, appRoleId })
    return 'granted'
  } catch (error) {
    // Graph's answer to a grant that is there already is a plain 400: look at what is there.
    if (!(error instanceof GraphError && error.status === 400)) throw error
    const filter = `$filter=principalId eq ${encodeURIComponent(principalId)}`
    const { value } = (await graph('GET', `${path}?${filter}`)) as { value: { appRoleId: string }[] }
    if (value.some(grant => grant.appRoleId === appRoleId)) return 'kept'
    throw error
  }
}

interface Application {
  id: string
  appId: string
}

function toApplication(displayName: string) {
  return {
    displayName,
    signInAudience: 'AzureADMyOrg',
    appRoles: ROLES.map(role => ({
      id: ROLE_IDS[role],
      value: role,
      displayName: role,
      description: DESCRIPTIONS[role],
      allowedMemberTypes: ['User', 'Application'],
      isEnabled: true,
    })),
    api: {
      requestedAccessTokenVersion: 2,
      oauth2PermissionScopes: [
        {
          id: SCOPE_ID,
          value: 'user_impersonation',
          type: 'User',
          isEnabled: true,
          adminConsentDisplayName: 'Use Lakemark',
          adminConsentDescription:
            'Lets somebody call Lakemark as who they are, with the roles that they have.',
          userConsentDisplayName: 'Use Lakemark',
          userConsentDescription: 'Lets you call Lakemark as who you are, with the roles that you have.',
        },
      ],
    },
  }
}
