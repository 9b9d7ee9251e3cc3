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
  /** A new version of `host/name`; answers which. */
  put(secret: string, value: string): string
  remove(secret: string): void
  /** What was asked: `host/name` or `host/name/version`, and whether with a token. */
  requests: { secret: string; hasToken: boolean }[]
  answer(answer: Answer | undefined): void
  /** Without a slash at the end; takes what is meant for any vault, with its host in the header x-meant-for. */
  address: string
  /** Sends what is meant for any vault here. */
  httpClient: HttpClient
  /** Its tokens are taken here; what it is asked for is kept. */
  credential: TokenCredential & { scopes: string[] }
  close(): Promise<void>
}

const TOKEN = 'token-of-the-identity'

/** Azure Key Vault on loopback, as far as reading secrets goes: challenge, secrets by version, 404. */
export async function startKeyVault(resource = 'https://vault.azure.net', token = TOKEN): Promise<KeyVault> {
  /** Each with its versions, the newest last. */
  const secrets = new Map<string, { version: string; value: string }[]>()
  let versions = 0
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
    const hasToken = request.headers.authorization === `Bearer ${token}`
    requests.push({ secret, hasToken })
    const send = (status: number, body: unknown, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    if (!hasToken) {
      const challenge = `Bearer authorization="https://login.microsoftonline.com/tenant", resource="${resource}"`
      send(401, { error: { code: 'Unauthorized', message: 'no token' } }, { 'www-authenticate': challenge })
    } else if (instead !== undefined) {
      response.writeHead(instead.status, { 'content-type': 'application/json' })
      response.end(instead.body)
    } else if (!searchParams.has('api-version') || !pathname.startsWith('/secrets/')) {
      send(400, { error: { code: 'BadParameter', message: 'not as the vault wants it' } })
    } else {
      const [, name = '', version] = secret.split('/')
      const known = secrets.get(`${host}/${name}`) ?? []
      const found = version === undefined ? known.at(-1) : known.find(it => it.version === version)
      const attributes = { enabled: true, created: 1_700_000_000, updated: 1_700_000_000 }
      if (found === undefined) {
        send(404, { error: { code: 'SecretNotFound', message: `${secret} was not found` } })
      } else {
        const id = `https://${host}/secrets/${name}/${found.version}`
        send(200, { value: found.value, id, attributes })
      }
    }
  }

  return {
    put(secret, value) {
      versions += 1
      const version = versions.toString(16).padStart(32, '0')
      secrets.set(secret, [...(secrets.get(secret) ?? []), { version, value }])
      return version
    },
    remove: secret => void secrets.delete(secret),
    requests,
    answer: answer => {
      instead = answer
    },
    address: `http://127.0.0.1:${port}`,
    httpClient: createHttpClient(port),
    credential: {
      scopes,
      getToken: async scope => {
        scopes.push(...[scope].flat())
        return { token, expiresOnTimestamp: Date.now() + 3_600_000 }
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
