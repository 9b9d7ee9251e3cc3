import type { TokenCredential } from '@azure/identity'
import { SecretClient, type SecretClientOptions } from '@azure/keyvault-secrets'
import { type Cloud, PUBLIC_CLOUD } from '../core/clouds.ts'
import { PermanentError, TransientError } from '../core/errors.ts'
import { isSameSecret, parseSecretReference, type SecretReference } from '../core/secret-reference.ts'
import { MINUTE } from '../core/time.ts'
import { boundAnswers } from './answer-size.ts'
import { isPassing, retryAfterOf, statusOf } from './errors.ts'
import { withinTime } from './within-time.ts'

/** A secret that was changed in the vault is used after this time at the latest. */
export const SECRET_CACHED_MS = 5 * MINUTE
const MAX_CACHED = 100
/** The caller tries again anyway. */
const RETRIES = { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1000 }
const VERSION = /^[a-f0-9]{32}$/i
/** The SDK's own code for a body that it cannot read. */
const UNREADABLE = 'PARSE_ERROR'

/** A value, and the address of the very version that it is: that one may be shown, and tells a new value from an old. */
export interface Secret {
  value: string
  /** `https://team.vault.azure.net/secrets/name/0123…` */
  id: string
}

export interface Secrets {
  /**
   * The secret behind `keyvault:https://team.vault.azure.net/secrets/name[/version]`, without a version the newest.
   * `since`: what was read before then does not count; otherwise it may be some minutes old.
   * TransientError: the vault cannot be reached. PermanentError: the reference is none, or names a vault of another
   * cloud, or the secret is `own`, missing, empty, disabled, or not for this identity. The value stands in no error.
   */
  read(reference: string, options?: { since?: number }): Promise<Secret>
}

export interface SecretsOptions {
  credential: TokenCredential
  /** Vaults of no other cloud are spoken to. */
  cloud?: Cloud
  /** A reference to a secret of Lakemark's own, which is given to nobody here; anything else is taken for none. */
  own?: string | undefined
  now?: () => number
  /** For tests: how requests are sent. The SDK speaks to vaults over https only, whatever its options say. */
  httpClient?: SecretClientOptions['httpClient']
}

/** Secrets of Azure Key Vault. Values are kept for some minutes; failures are not. */
export function createSecrets(options: SecretsOptions): Secrets {
  const { credential, cloud = PUBLIC_CLOUD, own, now = Date.now, httpClient } = options
  const cache = new Map<string, { secret: Promise<Secret>; readAt: number }>()
  const clients = new Map<string, SecretClient>()

  return {
    async read(reference, { since = Number.NEGATIVE_INFINITY } = {}) {
      const cached = cache.get(reference)
      const oldest = Math.max(since, now() - SECRET_CACHED_MS + 1)
      if (cached !== undefined && cached.readAt >= oldest) return cached.secret
      const entry = { secret: fetchSecret(parse(reference)), readAt: now() }
      remember(cache, reference, entry)
      try {
        return await entry.secret
      } catch (error) {
        if (cache.get(reference) === entry) cache.delete(reference)
        throw error
      }
    },
  }

  function parse(reference: string): SecretReference {
    const parsed = parseSecretReference(reference, cloud)
    if ('problem' in parsed) throw new PermanentError(`what should name a secret ${parsed.problem}`)
    const withheld = parseSecretReference(own, cloud)
    if ('problem' in withheld || !isSameSecret(parsed, withheld)) return parsed
    const which = `secret ${parsed.name} of ${new URL(parsed.vault).host}`
    throw new PermanentError(`${which} is the token for the rules, which goes nowhere else; name another`)
  }

  async function fetchSecret({ vault, name, version }: SecretReference): Promise<Secret> {
    const which = `secret ${name} of ${new URL(vault).host}`
    const { value, properties } = await clientOf(vault)
      .getSecret(name, { ...(version !== undefined && { version }), ...withinTime() })
      .catch(error => {
        throw fromVault(error, which)
      })
    if (value === undefined || value.trim() === '')
      throw new PermanentError(`${which} is empty; give it a value`)
    const found = version ?? properties.version
    if (found === undefined || !VERSION.test(found)) {
      throw new TransientError(`${which} came without its version: the answer is none of Key Vault's`)
    }
    return { value, id: `${vault}/secrets/${name}/${found.toLowerCase()}` }
  }

  function clientOf(vault: string): SecretClient {
    const known = clients.get(vault)
    if (known !== undefined) return known
    const settings = { retryOptions: RETRIES, httpClient: boundAnswers({ httpClient }) }
    const client = new SecretClient(vault, credential, settings)
    remember(clients, vault, client)
    return client
  }
}

/** For the emulated Azure ML: where it is used nothing secret is to be had, and nothing secret is given away. */
export function createEmulatorSecrets(): Secrets {
  const value = 'a secret of the emulator'
  return {
    async read(reference) {
      const parsed = parseSecretReference(reference)
      if ('problem' in parsed) throw new PermanentError(`what should name a secret ${parsed.problem}`)
      return { value, id: `${parsed.vault}/secrets/${parsed.name}/${parsed.version ?? '0'.repeat(32)}` }
    },
  }
}

/**
 * Status and code alone: the SDK's message and the error itself may hold the body of an answer, and with it the value.
 */
function fromVault(error: unknown, which: string): Error {
  const status = statusOf(error)
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const what = [status, code].filter(part => part !== undefined).join(' ')
  // The SDK trips over an empty body. Without a code of Key Vault's own something in between has answered.
  const isEmpty = error instanceof TypeError
  const isOthers = isEmpty || (Number(status) >= 400 && (code === undefined || code === UNREADABLE))
  if (status === 404 && !isOthers)
    return new PermanentError(`${which} does not exist (${what}); create it, or correct the name`)
  if (status === 403 && !isOthers) {
    const role =
      'give the identity the role Key Vault Secrets User, let it through the firewall, enable the secret'
    return new PermanentError(`${which} may not be read (${what}): ${role}, whichever is missing`)
  }
  const kind = isEmpty ? 'an empty answer' : error instanceof Error ? error.name : ''
  const known = what === '' ? kind : what
  const text = `${which} could not be read${known === '' ? '' : ` (${known})`}`
  return isPassing(error) || isOthers
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
