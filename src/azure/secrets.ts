import type { TokenCredential } from '@azure/identity'
import { SecretClient, type SecretClientOptions } from '@azure/keyvault-secrets'
import { PermanentError, TransientError } from '../core/errors.ts'
import { MINUTE } from '../core/time.ts'
import { isPassing, retryAfterOf, statusOf } from './errors.ts'
import { withinTime } from './within-time.ts'

/** A secret that was changed in the vault is used after this time at the latest. */
const CACHED_MS = 5 * MINUTE
const MAX_CACHED = 100
/** The caller tries again anyway. */
const RETRIES = { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1000 }

const EXAMPLE = 'keyvault:https://team.vault.azure.net/secrets/name'
/** The vaults of the public cloud and of the sovereign ones: an identity's token is shown to no other host. */
const REFERENCE =
  /^keyvault:(https:\/\/[a-z0-9-]{3,24}\.vault\.(?:azure\.net|azure\.cn|usgovcloudapi\.net))\/secrets\/([a-z0-9-]{1,127})(?:\/([a-f0-9]{32}))?\/?$/i

export interface Secrets {
  /**
   * The value behind `keyvault:https://vault.vault.azure.net/secrets/name[/version]`, without a version the newest.
   * TransientError: the vault cannot be reached, or the identity may not read it (yet). PermanentError: the reference
   * is none, or the secret is missing, or empty. The value stands in no error.
   */
  read(reference: string): Promise<string>
}

export interface SecretsOptions {
  credential: TokenCredential
  now?: () => number
  /** For tests: how requests are sent. The SDK speaks to vaults over https only, whatever its options say. */
  httpClient?: SecretClientOptions['httpClient']
}

/** Secrets of Azure Key Vault. Values are kept for some minutes; failures are not. */
export function createSecrets({ credential, now = Date.now, httpClient }: SecretsOptions): Secrets {
  const cache = new Map<string, { value: Promise<string>; until: number }>()
  const clients = new Map<string, SecretClient>()

  return {
    async read(reference) {
      const cached = cache.get(reference)
      if (cached !== undefined && now() < cached.until) return cached.value
      const entry = { value: fetchSecret(parseReference(reference)), until: now() + CACHED_MS }
      remember(cache, reference, entry)
      try {
        return await entry.value
      } catch (error) {
        if (cache.get(reference) === entry) cache.delete(reference)
        throw error
      }
    },
  }

  async function fetchSecret({ vault, name, version }: Reference): Promise<string> {
    const which = `secret ${name} of ${new URL(vault).host}`
    const { value } = await clientOf(vault)
      .getSecret(name, { ...(version !== undefined && { version }), ...withinTime() })
      .catch(error => {
        throw fromVault(error, which)
      })
    if (value === undefined || value === '') throw new PermanentError(`${which} is empty; give it a value`)
    return value
  }

  function clientOf(vault: string): SecretClient {
    const known = clients.get(vault)
    if (known !== undefined) return known
    const options = { retryOptions: RETRIES, ...(httpClient !== undefined && { httpClient }) }
    const client = new SecretClient(vault, credential, options)
    remember(clients, vault, client)
    return client
  }
}

interface Reference {
  vault: string
  name: string
  version: string | undefined
}

/** The reference is not repeated: somebody may have given the secret itself. */
function parseReference(reference: string): Reference {
  const [, vault, name, version] = REFERENCE.exec(reference) ?? []
  if (vault !== undefined && name !== undefined) return { vault: vault.toLowerCase(), name, version }
  throw new PermanentError(`the reference to a secret is not one of Key Vault's; write it as in ${EXAMPLE}`)
}

/**
 * Status and code alone: the SDK's message and the error itself may hold the body of an answer, and with it the value.
 */
function fromVault(error: unknown, which: string): Error {
  const status = statusOf(error)
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const what = [status, code].filter(part => part !== undefined).join(' ')
  if (status === 404)
    return new PermanentError(`${which} does not exist (${what}); create it, or correct the name`)
  if (status === 401 || status === 403) {
    const role = 'give the identity the role Key Vault Secrets User'
    return new TransientError(`${which} may not be read (${what}); ${role}`)
  }
  const known = what === '' && error instanceof Error ? error.name : what
  const text = `${which} could not be read${known === '' ? '' : ` (${known})`}`
  return isPassing(error)
    ? new TransientError(text, { retryAfterMs: retryAfterOf(error) })
    : new PermanentError(text)
}

/** The oldest goes when there are too many. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  const oldest = map.keys().next()
  if (map.size > MAX_CACHED && !oldest.done) map.delete(oldest.value)
}
