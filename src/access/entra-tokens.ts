/**
 * Access tokens of Entra ID. What they hold, and which issuer and audience versions 1 and 2 have:
 * https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import { type Caller, isRole } from '../core/access/caller.ts'
import { reasonOf, TransientError } from '../core/errors.ts'
import { MINUTE, SECOND } from '../core/time.ts'

export interface EntraSettings {
  /** The only tenant whose tokens are taken: a GUID in lower case. */
  tenant: string
  /** Client id and App ID URI of the API's registration; a token is for one of them. */
  audiences: readonly string[]
  /** Of the sign-in service, without a slash at the end. */
  authority: string
}

export interface EntraOptions {
  now?: () => number
  /** After keys were fetched, for so long an unknown key does not make them be fetched again. */
  cooldownMs?: number
}

export type Verified = { caller: Caller } | { refusal: string }

/** The only algorithm that Entra ID signs access tokens with. */
const ALGORITHMS = ['RS256']
const LEEWAY_SECONDS = 60
const MAX_TOKEN_LENGTH = 16 * 1024
const MAX_NAME_LENGTH = 200
const KEYS_TIMEOUT_MS = 5 * SECOND
/** A key that is withdrawn is not believed for longer. */
const KEYS_MAX_AGE_MS = 10 * MINUTE
const KEYS_COOLDOWN_MS = 30 * SECOND
const RETRY_AFTER_MS = 5 * SECOND
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Of version 1 tokens: one service name for all clouds but China's. */
function firstIssuer(authority: string, tenant: string): string {
  const isChina = /\.(chinacloudapi|partner\.microsoftonline)\.cn$/.test(new URL(authority).hostname)
  return `https://${isChina ? 'sts.chinacloudapi.cn' : 'sts.windows.net'}/${tenant}/`
}

/**
 * Verifies tokens: a refusal says what is wrong and repeats nothing of the token. Rejects with TransientError while the
 * keys cannot be had.
 */
export function createEntraTokens(
  { tenant, audiences, authority }: EntraSettings,
  { now = Date.now, cooldownMs = KEYS_COOLDOWN_MS }: EntraOptions = {},
) {
  const keys = createRemoteJWKSet(new URL(`${authority}/${tenant}/discovery/v2.0/keys`), {
    timeoutDuration: KEYS_TIMEOUT_MS,
    cooldownDuration: cooldownMs,
    cacheMaxAge: KEYS_MAX_AGE_MS,
  })
  const options = {
    algorithms: ALGORITHMS,
    issuer: [`${authority}/${tenant}/v2.0`, firstIssuer(authority, tenant)],
    audience: [...audiences],
    clockTolerance: LEEWAY_SECONDS,
    requiredClaims: ['exp', 'nbf', 'tid', 'oid'],
  }

  return async function verify(token: string): Promise<Verified> {
    if (token.length > MAX_TOKEN_LENGTH) return { refusal: 'the token is too long' }
    try {
      const { payload } = await jwtVerify(token, keys, { ...options, currentDate: new Date(now()) })
      return toCaller(payload, tenant)
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal !== undefined) return { refusal }
      throw new TransientError(`the keys of ${authority} could not be fetched: ${reasonOf(error)}`, {
        cause: error,
        retryAfterMs: RETRY_AFTER_MS,
      })
    }
  }
}

export type VerifyToken = ReturnType<typeof createEntraTokens>

/** Undefined: nothing is known to be wrong with the token. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'the token has expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    return CLAIMS[error.claim] ?? `the claim ${error.claim} is missing or wrong`
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return `the token is not signed with ${ALGORITHMS}`
  if (error instanceof errors.JWKSNoMatchingKey) return 'the token is signed with a key that is not known'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature is wrong'
  const isMalformed =
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSMultipleMatchingKeys
  return isMalformed ? 'this is no access token' : undefined
}

const CLAIMS: Readonly<Record<string, string>> = {
  iss: 'the token comes from another issuer',
  aud: 'the token is for another audience',
  nbf: 'the token is not valid yet',
}

/** `claims` have the signature, issuer, audience and times that they should have. */
function toCaller(claims: JWTPayload, tenant: string): Verified {
  const { tid, oid, roles, name, preferred_username: username } = claims
  if (guidIn(tid) !== tenant) return { refusal: 'the token is of another tenant' }
  const id = guidIn(oid)
  // Version 1 and 2. An ID token, which says who signed in and allows nothing, has neither.
  const app = guidIn(claims.appid) ?? guidIn(claims.azp)
  if (id === undefined || app === undefined) return { refusal: 'this is no access token' }
  const title = [name, username].find(it => typeof it === 'string')
  return {
    caller: {
      // Only a token on behalf of a user has a scope.
      kind: claims.scp === undefined && claims.idtyp !== 'user' ? 'app' : 'user',
      id,
      app,
      name: typeof title === 'string' ? title.slice(0, MAX_NAME_LENGTH) : undefined,
      roles: Array.isArray(roles) ? roles.filter(isRole) : [],
      groups: groupsOf(claims),
    },
  }
}

/** A user may be in more groups than a token holds (200): then it says only that there are groups. */
function groupsOf({ groups, hasgroups, _claim_names: elsewhere }: JWTPayload): Caller['groups'] {
  if (Array.isArray(groups)) return groups.map(guidIn).filter(it => it !== undefined)
  const isElsewhere = typeof elsewhere === 'object' && elsewhere !== null && 'groups' in elsewhere
  return isElsewhere || hasgroups === true || hasgroups === 'true' ? 'overage' : []
}

function guidIn(value: unknown): string | undefined {
  return typeof value === 'string' && GUID.test(value) ? value.toLowerCase() : undefined
}
