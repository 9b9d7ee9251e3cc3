import { type Graph, GraphError } from './api-application.ts'

const CALL_MS = 30_000

/** Of Microsoft Graph, by the names of `az cloud list`: learn.microsoft.com/graph/deployments */
export const GRAPH_URLS: Readonly<Record<string, string>> = {
  AzureCloud: 'https://graph.microsoft.com',
  AzureUSGovernment: 'https://graph.microsoft.us',
  AzureChinaCloud: 'https://microsoftgraph.chinacloudapi.cn',
}

/** Microsoft Graph with somebody's token. */
export function createGraph(url: string, token: string): Graph {
  return async (method, path, body) => {
    const response = await fetch(`${url}/v1.0/${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        // What there is by this name is updated, what there is not is made.
        ...(method === 'PATCH' && { Prefer: 'create-if-missing' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(CALL_MS),
    })
    const text = await response.text()
    if (response.ok) return text === '' ? undefined : JSON.parse(text)
    throw new GraphError(`Microsoft Graph answered ${response.status}: ${messageOf(text)}`, response.status)
  }
}

function messageOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: string; message?: string } }
    return [error?.code, error?.message].filter(Boolean).join(': ')
  } catch (error) {
    if (error instanceof SyntaxError) return 'the answer is not JSON'
    throw error
  }
}
