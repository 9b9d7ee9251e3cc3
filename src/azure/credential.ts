import type { TokenCredential } from '@azure/identity'
import type { Cloud } from '../core/clouds.ts'
import { HOUR } from '../core/time.ts'

/**
 * The identity of this process: the user-assigned managed identity with this client id where one is named,
 * otherwise what DefaultAzureCredential finds (managed identity, environment, a developer's own login).
 */
export function createCredential(clientId: string | undefined, cloud: Cloud): TokenCredential {
  let opened: Promise<TokenCredential> | undefined
  return {
    async getToken(scopes, options) {
      opened ??= openCredential(clientId, cloud)
      const credential = await opened
      return credential.getToken(scopes, options)
    },
  }
}

/** Loaded with the first token: functions are registered, and a connection string is used, without it. */
async function openCredential(clientId: string | undefined, cloud: Cloud): Promise<TokenCredential> {
  const [{ DefaultAzureCredential, ManagedIdentityCredential }, { boundAnswers }] = await Promise.all([
    import('@azure/identity'),
    import('./answer-size.ts'),
  ])
  const httpClient = boundAnswers()
  return clientId === undefined
    ? new DefaultAzureCredential({ authorityHost: cloud.authority, httpClient })
    : new ManagedIdentityCredential({ clientId, httpClient })
}

/** For the emulator, which takes any token: nothing secret leaves this machine. */
export function createEmulatorCredential(): TokenCredential {
  return { getToken: async () => ({ token: 'emulator', expiresOnTimestamp: Date.now() + HOUR }) }
}
