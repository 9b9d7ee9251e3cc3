import { AzureMachineLearningWorkspaces } from '@azure/arm-machinelearning'
import type { TokenCredential } from '@azure/identity'
import type { Workspace } from '../core/rules/rule-set.ts'
import type { MeteringArm } from './arm-meter.ts'
import { UnusableAnswer } from './azure-ml-errors.ts'

const AZURE = 'https://management.azure.com'
const BEARER_POLICY = 'bearerTokenAuthenticationPolicy'

/**
 * ARM clients, one a subscription. `url` replaces Azure's own address, for the emulator; over plain http, where
 * the SDK refuses to send a token, it is sent by a policy of ours (the emulator is on this machine).
 * The SDK does not repeat anything: retries are the ledger's business, and a 429 has to be seen.
 */
export function createArmClients({
  credential,
  url,
  meter,
}: {
  credential: TokenCredential
  url: string | undefined
  meter: MeteringArm
}) {
  const clients = new Map<string, AzureMachineLearningWorkspaces>()
  return ({ subscription }: Workspace): AzureMachineLearningWorkspaces => {
    const known = clients.get(subscription)
    if (known !== undefined) return known
    const client = createClient(credential, subscription, url)
    client.pipeline.addPolicy(meter.policy(subscription))
    clients.set(subscription, client)
    return client
  }
}

function createClient(
  credential: TokenCredential,
  subscription: string,
  url: string | undefined,
): AzureMachineLearningWorkspaces {
  const insecure = url?.startsWith('http://') ?? false
  const client = new AzureMachineLearningWorkspaces(credential, subscription, {
    retryOptions: { maxRetries: 0 },
    ...(url === undefined ? {} : { endpoint: url }),
    ...(insecure ? { allowInsecureConnection: true } : {}),
  })
  client.pipeline.addPolicy(
    {
      name: 'lakemarkSameOrigin',
      // An answer may link to its next page: our token is for this host alone.
      async sendRequest(request, next) {
        if (!isAt(request.url, url ?? AZURE)) throw new UnusableAnswer('it leads to another host')
        return next(request)
      },
    },
    { beforePolicies: [BEARER_POLICY] },
  )
  if (!insecure) return client
  client.pipeline.removePolicy({ name: BEARER_POLICY })
  client.pipeline.addPolicy({
    name: 'lakemarkBearerToken',
    async sendRequest(request, next) {
      const token = await credential.getToken('https://management.azure.com/.default')
      if (token !== null) request.headers.set('Authorization', `Bearer ${token.token}`)
      return next(request)
    },
  })
  return client
}

function isAt(address: string, base: string): boolean {
  return URL.canParse(address) && new URL(address).origin === new URL(base).origin
}
