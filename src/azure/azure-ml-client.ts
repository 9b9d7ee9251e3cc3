import {
  AzureMachineLearningWorkspaces,
  type AzureMachineLearningWorkspacesOptionalParams,
} from '@azure/arm-machinelearning'
import type { TokenCredential } from '@azure/identity'
import { budgetOf } from '../core/arm-budget.ts'
import { type Cloud, PUBLIC_CLOUD } from '../core/clouds.ts'
import type { ServicePrincipal, Workspace } from '../core/rules/rule-set.ts'
import { boundAnswers, MAX_ANSWER_BYTES, MAX_PAGE_BYTES } from './answer-size.ts'
import type { MeteringArm } from './arm-meter.ts'
import { UnusableAnswer } from './azure-ml-errors.ts'

const BEARER_POLICY = 'bearerTokenAuthenticationPolicy'
/** One datastore, one data asset, one version of it. All else may be a page, wherever the page before it leads. */
const ONE_THING = /\/workspaces\/[^/]+\/(?:datastores\/[^/]+|data\/[^/]+(?:\/versions\/[^/]+)?)$/i

export interface ArmClientsOptions {
  /** Of the app itself. */
  credential: TokenCredential
  /** Of a workspace's own service principal; left out for the emulator, which is shown no real token. */
  credentialOf?: (principal: ServicePrincipal) => TokenCredential
  cloud?: Cloud
  /** Instead of the cloud's own ARM: the emulator. */
  url: string | undefined
  meter: MeteringArm
  /** For tests: how requests are sent. */
  httpClient?: AzureMachineLearningWorkspacesOptionalParams['httpClient']
}

/**
 * ARM clients, one for each subscription and principal. Over plain http, where the SDK refuses to send a token, it is
 * sent by a policy of ours (the emulator is on this machine). The SDK does not repeat anything: retries are the
 * ledger's business, and a 429 has to be seen. No answer is taken in that is larger than any of ARM's.
 */
export function createArmClients(options: ArmClientsOptions) {
  const clients = new Map<string, AzureMachineLearningWorkspaces>()
  return (workspace: Workspace): AzureMachineLearningWorkspaces => {
    const budget = budgetOf(workspace)
    const { subscription, credential: principal } = workspace
    const key = JSON.stringify([budget, principal])
    const known = clients.get(key)
    if (known !== undefined) return known
    const credential = (principal && options.credentialOf?.(principal)) ?? options.credential
    const client = createClient(credential, subscription, options)
    // Within what makes errors of answers: those tell how much is left, too.
    client.pipeline.addPolicy(options.meter.policy(budget), { afterPhase: 'Deserialize' })
    clients.set(key, client)
    return client
  }
}

function createClient(
  credential: TokenCredential,
  subscription: string,
  { cloud = PUBLIC_CLOUD, url = cloud.arm, httpClient }: ArmClientsOptions,
): AzureMachineLearningWorkspaces {
  const insecure = url.startsWith('http://')
  const client = new AzureMachineLearningWorkspaces(credential, subscription, {
    retryOptions: { maxRetries: 0 },
    httpClient: boundAnswers({
      httpClient,
      maxBytesOf: ({ url }) => (ONE_THING.test(new URL(url).pathname) ? MAX_ANSWER_BYTES : MAX_PAGE_BYTES),
    }),
    // Tokens are asked for under the same address.
    endpoint: url,
    ...(insecure ? { allowInsecureConnection: true } : {}),
  })
  client.pipeline.addPolicy(
    {
      name: 'lakemarkSameOrigin',
      // An answer may link to its next page: our token is for this host alone.
      async sendRequest(request, next) {
        if (!isAt(request.url, url)) throw new UnusableAnswer('it leads to another host')
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
      const token = await credential.getToken(`${cloud.arm}/.default`)
      if (token !== null) request.headers.set('Authorization', `Bearer ${token.token}`)
      return next(request)
    },
  })
  return client
}

function isAt(address: string, base: string): boolean {
  return URL.canParse(address) && new URL(address).origin === new URL(base).origin
}
