import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TokenCredential } from '@azure/identity'
import type { SecretsOptions } from '../../src/azure/secrets.ts'

type HttpClient = NonNullable<SecretsOptions['httpClient']>

/** Instead of the vault's own answer. */
export interface Answer {
  status: number
  body: string
}

export interface KeyVault {
  /** By `host/name` or `host/name/version`. */
  values: Map<string, string>
  /** What was asked: `host/name` or `host/name/version`, and whether with a token. */
  requests: { secret: string; hasToken: boolean }[]
  answer(answer: Answer | undefined): void
  /** Sends what is meant for any vault here. */
  httpClient: HttpClient
  /** Its tokens are taken here; what it is asked for is kept. */
  credential: TokenCredential & { scopes: string[] }
  close(): Promise<void>
}

const TOKEN = 'token-of-the-identity'

/** Azure Key Vault on loopback, as far as reading secrets goes: challenge, secrets by version, 404. */
export async function startKeyVault(): Promise<KeyVault> {
  const values: KeyVault['values'] = new Map()
  const requests: KeyVault['requests'] = []
  const scopes: string[] = []
  let instead: Answer | undefined

  const server = createServer((request, response) => {
    reply(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  function reply(request: IncomingMessage, response: ServerResponse) {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const host = String(request.headers['x-meant-for'])
    const secret = `${host}${pathname.replace(/^\/secrets/, '').replace(/\/$/, '')}`
    const hasToken = request.headers.authorization === `Bearer ${TOKEN}`
    requests.push({ secret, hasToken })
    const send = (status: number, body: unknown, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    if (!hasToken) {
      const challenge = `Bearer authorization="https://login.microsoftonline.com/tenant", resource="https://vault.azure.net"`
      send(401, { error: { code: 'Unauthorized', message: 'no token' } }, { 'www-authenticate': challenge })
    } else if (instead !== undefined) {
      response.writeHead(instead.status, { 'content-type': 'application/json' })
      response.end(instead.body)
    } else if (!searchParams.has('api-version') || !pathname.startsWith('/secrets/')) {
      send(400, { error: { code: 'BadParameter', message: 'not as the vault wants it' } })
    } else if (!values.has(secret)) {
      send(404, { error: { code: 'SecretNotFound', message: `${secret} was not found` } })
    } else {
      const attributes = { enabled: true, created: 1_700_000_000, updated: 1_700_000_000 }
      send(200, { value: values.get(secret), id: `https://${host}${pathname}`, attributes })
    }
  }

  return {
    values,
    requests,
    answer: answer => {
      instead = answer
    },
    httpClient: createHttpClient(port),
    credential: {
      scopes,
      getToken: async scope => {
        scopes.push(...[scope].flat())
        return { token: TOKEN, expiresOnTimestamp: Date.now() + 3_600_000 }
      },
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** The SDK insists on https towards a vault: what it would send there goes to loopback, with the host in a header. */
function createHttpClient(port: number): HttpClient {
  return {
    async sendRequest(request) {
      const { host, pathname, search } = new URL(request.url)
      const response = await fetch(`http://127.0.0.1:${port}${pathname}${search}`, {
        method: request.method,
        headers: { ...request.headers.toJSON(), 'x-meant-for': host },
        ...(request.abortSignal !== undefined && { signal: request.abortSignal as AbortSignal }),
      })
      const { headers } = response
      return {
        request,
        status: response.status,
        bodyAsText: await response.text(),
        headers: {
          get: name => headers.get(name) ?? undefined,
          has: name => headers.has(name),
          set: (name, value) => headers.set(name, String(value)),
          delete: name => headers.delete(name),
          toJSON: () => Object.fromEntries(headers),
          [Symbol.iterator]: () => headers.entries(),
        },
      }
    },
  }
}
