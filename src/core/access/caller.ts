/** Who calls, and which roles they have. Ids are GUIDs in lower case. */

/** The app roles of the API's registration in Entra ID. Each includes those before it. */
export const ROLES = ['Lakemark.Read', 'Lakemark.Operate', 'Lakemark.Admin'] as const
export type Role = (typeof ROLES)[number]

export interface Caller {
  /**
   * `local`: nobody is asked who they are, because only this machine is answered; `webhook`: knows the secret of
   * the push webhook and nothing else is known of them; `anonymous`: need not be known.
   */
  kind: 'user' | 'app' | 'webhook' | 'local' | 'anonymous'
  /** The object id of the user or of the app's service principal. */
  id: string | undefined
  /** The client id of the app that calls, for itself or for a user. */
  app: string | undefined
  /** For people. */
  name: string | undefined
  roles: readonly Role[]
  /** `overage`: there are more than a token holds, so that none of them is known. */
  groups: readonly string[] | 'overage'
}

const NOBODY = { id: undefined, app: undefined, name: undefined, groups: [] } as const

export const LOCAL_CALLER: Caller = { ...NOBODY, kind: 'local', roles: ['Lakemark.Admin'] }
export const WEBHOOK_CALLER: Caller = { ...NOBODY, kind: 'webhook', roles: [] }
export const ANONYMOUS_CALLER: Caller = { ...NOBODY, kind: 'anonymous', roles: [] }

export function hasRole({ roles }: Caller, wanted: Role): boolean {
  return roles.some(role => ROLES.indexOf(role) >= ROLES.indexOf(wanted))
}

export function isRole(value: unknown): value is Role {
  return ROLES.some(role => role === value)
}
