import { DefaultAzureCredential, ManagedIdentityCredential, type TokenCredential } from '@azure/identity'
import { HOUR } from '../core/time.ts'

/**
 * The identity of this process: the user-assigned managed identity with this client id where one is named,
 * otherwise what DefaultAzureCredential finds (managed identity, environment, a developer's own login).
 */
export function createCredential(clientId: string | undefined): TokenCredential {
  return clientId === undefined ? new DefaultAzureCredential() : new ManagedIdentityCredential({ clientId })
}

/** For the emulator, which takes any token: nothing secret leaves this machine. */
export function createEmulatorCredential(): TokenCredential {
  return { getToken: async () => ({ token: 'emulator', expiresOnTimestamp: Date.now() + HOUR }) }
}
