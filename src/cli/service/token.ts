import { createCredential } from '../../azure/credential.ts'
import { readConfig } from '../../config.ts'
import { MINUTE } from '../../core/time.ts'
import { UsageError } from '../usage-error.ts'

const TIMEOUT_MS = MINUTE
const MAX_REASON_LENGTH = 300

/** Gives an access token each time, a kept one while it holds. */
export type TokenSource = () => Promise<string>

/**
 * Tokens for an API by its App ID URI or client id, of whoever is signed in here: DefaultAzureCredential tries the
 * environment (AZURE_CLIENT_ID and its secret), the managed identity, then the tools that people log in with. Rejects
 * with UsageError that says how to log in.
 */
export function createTokenSource(audience: string): TokenSource {
  const scope = audience.endsWith('/.default') ? audience : `${audience}/.default`
  // Not the managed identity of AZURE_CLIENT_ID alone, as the service's: that may be an app's that has a secret.
  const credential = createCredential(undefined, readConfig().cloud)
  return async () => {
    try {
      const token = await credential.getToken(scope, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) })
      if (token !== null) return token.token
    } catch (error) {
      throw new UsageError(`no access token for ${audience}: ${reasonOf(error)}\n${howToLogIn(scope)}`)
    }
    throw new UsageError(`no access token for ${audience}\n${howToLogIn(scope)}`)
  }
}

function howToLogIn(scope: string): string {
  return `Log in with: az login --scope ${scope}\nor set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of an app`
}

/** What Entra ID said, where it was asked; the whole chain's message tells of a dozen tools that nobody has. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const told = /AADSTS\d+:[^\n]*/.exec(text)?.[0]
  return (told ?? 'nobody is logged in here').slice(0, MAX_REASON_LENGTH)
}
