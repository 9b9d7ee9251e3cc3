import type { ClientSecretCredential, GetTokenOptions, TokenCredential } from '@azure/identity'
import type { Cloud } from '../core/clouds.ts'
import { PermanentError, TransientError } from '../core/errors.ts'
import type { ServicePrincipal } from '../core/rules/rule-set.ts'
import { boundAnswers } from './answer-size.ts'
import { isPassing } from './errors.ts'
import type { Secrets, SecretsOptions } from './secrets.ts'
import { untilAborted } from './within-time.ts'

/** The caller tries again anyway. */
const RETRIES = { maxRetries: 1, retryDelayInMs: 200, maxRetryDelayInMs: 1000 }

interface Options {
  secrets: Secrets
  cloud: Cloud
  /** For tests: how requests are sent. */
  httpClient?: SecretsOptions['httpClient']
}

/** By tenant, client and secret: the credential of each service principal that the rules name. */
export function createServicePrincipals(options: Options): (principal: ServicePrincipal) => TokenCredential {
  const known = new Map<string, TokenCredential>()
  return principal => {
    const key = JSON.stringify([principal.tenant, principal.client, principal.secret])
    const credential = known.get(key) ?? createServicePrincipal(principal, options)
    known.set(key, credential)
    return credential
  }
}

/**
 * Tokens of a service principal by its secret in Key Vault: with a new version of that, a new credential. What cannot be
 * had now is a TransientError, also where Entra ID refuses the secret: it may be put right any minute, in the vault. Only
 * a secret that is missing or may not be read is a PermanentError. No error holds the secret, or what Entra ID was sent.
 */
function createServicePrincipal(
  principal: ServicePrincipal,
  { secrets, cloud, httpClient }: Options,
): TokenCredential {
  const { tenant, client, secret: reference } = principal
  let current: { id: string; credential: Promise<ClientSecretCredential> } | undefined
  /** What was read before then was refused: it is read anew. */
  let since = Number.NEGATIVE_INFINITY

  return {
    getToken: (scopes, options) =>
      untilAborted(getToken(scopes, options), options?.abortSignal, 'sign in a service principal'),
  }

  async function getToken(scopes: string | string[], options: GetTokenOptions | undefined) {
    const { value, id } = await secrets.read(reference, { since })
    if (current?.id !== id) current = { id, credential: open(value.trim()) }
    const credential = await current.credential
    try {
      return await credential.getToken(scopes, options)
    } catch (error) {
      since = Date.now()
      throw refusalOf(error)
    }
  }

  async function open(secret: string): Promise<ClientSecretCredential> {
    const { ClientSecretCredential } = await import('@azure/identity')
    return new ClientSecretCredential(tenant, client, secret, {
      authorityHost: cloud.authority,
      retryOptions: RETRIES,
      httpClient: boundAnswers({ httpClient }),
    })
  }

  function refusalOf(error: unknown): unknown {
    if (error instanceof TransientError || error instanceof PermanentError) return error
    // Its message may tell what was sent.
    const code = error instanceof Error ? /AADSTS\d{1,9}/.exec(error.message)?.[0] : undefined
    const who = `service principal ${client} of tenant ${tenant}`
    if (code !== undefined) {
      return new TransientError(
        `${who} was refused by Entra ID (${code}); put a valid secret into ${reference}, or correct tenant and client`,
      )
    }
    const known = error instanceof Error ? error.name : typeof error
    return isPassing(error) ? new TransientError(`${who} got no token (${known})`) : error
  }
}
