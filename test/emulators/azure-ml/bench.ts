import { AzureMachineLearningWorkspaces } from '@azure/arm-machinelearning'
import { onTestFinished } from 'vitest'
import type { AzureMlEmulator, AzureMlEmulatorOptions } from '../../../src/emulators/azure-ml/server.ts'
import { startAzureMlEmulator } from '../../../src/emulators/azure-ml/server.ts'

export const RETAIL = {
  subscription: '00000000-0000-0000-0000-000000000001',
  resourceGroup: 'rg-retail',
  name: 'ml-retail',
}

export const FORECAST = {
  subscription: '00000000-0000-0000-0000-000000000002',
  resourceGroup: 'rg-forecast',
  name: 'forecast-prod',
}

export const API_VERSION = 'api-version=2022-10-01'

export type Json = Record<string, unknown>

/** An emulator that ends with the test. */
export async function startEmulator(options: Partial<AzureMlEmulatorOptions> = {}): Promise<AzureMlEmulator> {
  const emulator = await startAzureMlEmulator({ port: 0, workspaces: [RETAIL, FORECAST], ...options })
  onTestFinished(() => emulator.close())
  return emulator
}

export function pathOf(workspace: typeof RETAIL): string {
  const { subscription, resourceGroup, name } = workspace
  const group = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}`
  return `${group}/providers/Microsoft.MachineLearningServices/workspaces/${name}`
}

export interface Reply {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test reads into whatever came back
  body: any
}

/** One request to a workspace, below its path. */
export type Send = (method: string, path: string, body?: unknown, query?: string) => Promise<Reply>

/** `body` undefined sends none, a string goes as it stands, anything else as JSON. */
export function senderFor(emulator: AzureMlEmulator, workspace = RETAIL): Send {
  return async (method, path, body, query = '') => {
    const response = await fetch(`${emulator.url}${pathOf(workspace)}${path}?${API_VERSION}${query}`, {
      method,
      headers: { authorization: 'Bearer token', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return toReply(response)
  }
}

export async function toReply(response: Response): Promise<Reply> {
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

/** The body of a version's PUT. */
export function version(path: string, properties: Json = {}): Json {
  const dataUri = `azureml://datastores/silver/paths/${path}`
  return { properties: { dataType: 'uri_file', dataUri, ...properties } }
}

/** The body of a datastore's PUT. */
export function blobDatastore(properties: Json = {}): Json {
  const given = {
    accountName: 'contosolake',
    containerName: 'silver',
    credentials: { credentialsType: 'None' },
  }
  return { properties: { datastoreType: 'AzureBlob', ...given, ...properties } }
}

/** The official client on plain http: its bearer policy, which insists on TLS, gives way to a simple one. */
export function clientFor(emulator: AzureMlEmulator, workspace = RETAIL, apiVersion?: string) {
  const credential = {
    getToken: async () => ({ token: 'token', expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
  }
  const client = new AzureMachineLearningWorkspaces(credential, workspace.subscription, {
    endpoint: emulator.url,
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
    ...(apiVersion === undefined ? {} : { apiVersion }),
  })
  client.pipeline.removePolicy({ name: 'bearerTokenAuthenticationPolicy' })
  client.pipeline.addPolicy({
    name: 'staticToken',
    sendRequest: (request, next) => {
      request.headers.set('authorization', 'Bearer token')
      return next(request)
    },
  })
  return client
}
