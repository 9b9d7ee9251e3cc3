import type { AzureMl, Clock } from './app/ports.ts'
import type { MeteringArm } from './azure/arm-meter.ts'
import { createAzureMl } from './azure/azure-ml.ts'
import { type ArmClientsOptions, createArmClients } from './azure/azure-ml-client.ts'
import { createCredential, createEmulatorCredential } from './azure/credential.ts'
import { createEmulatorSecrets, createSecrets } from './azure/secrets.ts'
import { createServicePrincipals } from './azure/service-principals.ts'
import type { Config } from './config.ts'

export type AzureMlOptions = Pick<Config, 'azureMlUrl' | 'clientId' | 'cloud' | 'rulesToken'> & {
  clock: Clock
  meter: MeteringArm
  httpClient: ArmClientsOptions['httpClient'] | undefined
}

/** Azure ML with everything that it takes to get in. The emulator sees no token and no secret that is real. */
export function openAzureMl(options: AzureMlOptions): AzureMl {
  const { azureMlUrl: url, clientId, cloud, rulesToken, clock, meter, httpClient } = options
  if (url !== undefined) {
    const clientOf = createArmClients({ credential: createEmulatorCredential(), cloud, url, meter })
    return createAzureMl({ clientOf, clock, cloud, secrets: createEmulatorSecrets() })
  }
  const credential = createCredential(clientId, cloud)
  const doubles = httpClient === undefined ? {} : { httpClient }
  // Who writes rules may have a secret put into a workspace of his choice: not the one that reads the rules.
  const secrets = createSecrets({ credential, cloud, own: rulesToken, ...doubles })
  const credentialOf = createServicePrincipals({ secrets, cloud, ...doubles })
  const clientOf = createArmClients({ credential, credentialOf, cloud, url, meter, ...doubles })
  return createAzureMl({ clientOf, clock, cloud, secrets })
}
