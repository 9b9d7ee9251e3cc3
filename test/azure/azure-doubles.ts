import type { SecretsOptions } from '../../src/azure/secrets.ts'

type HttpClient = NonNullable<SecretsOptions['httpClient']>
type Request = Parameters<HttpClient['sendRequest']>[0]
type Response = Awaited<ReturnType<HttpClient['sendRequest']>>

export interface Exchange {
  method: string
  url: string
  authorization: string | undefined
  body: string
}

/** An answer of a double: JSON with a status, and headers in lower case. */
export interface Answer {
  status: number
  body: unknown
  headers?: Record<string, string>
}

/**
 * What the SDKs would send to Azure's own hosts, answered in this process: they insist on https, whatever their options
 * say. By host: a function, or the address of a double on loopback that the request goes on to. `sent` keeps all of it.
 */
export function createDoubles(hosts: Record<string, string | ((request: Exchange) => Answer)>) {
  const sent: Exchange[] = []
  const httpClient: HttpClient = {
    async sendRequest(request) {
      const { host, pathname, search } = new URL(request.url)
      const exchange = {
        method: request.method,
        url: request.url,
        authorization: request.headers.get('authorization'),
        body: typeof request.body === 'string' ? request.body : '',
      }
      sent.push(exchange)
      const double = hosts[host]
      if (double === undefined) throw new Error(`nothing may be sent to ${host}`)
      return typeof double === 'function'
        ? toResponse(request, double(exchange))
        : forward(request, `${double}${pathname}${search}`, host)
    },
  }
  return { sent, httpClient }
}

/** The sign-in service, as far as client secrets go: discovery, and a token for whoever knows the secret. */
export function createEntra(authority: string) {
  /** By client id: its tenant and its secret. */
  const clients = new Map<string, { tenant: string; secret: string }>()
  const { host } = new URL(authority)
  let tokens = 0

  function answer({ url, body }: Exchange): Answer {
    const { pathname, searchParams } = new URL(url)
    const [, tenant = ''] = pathname.split('/')
    if (pathname.endsWith('/discovery/instance')) {
      const metadata = [{ preferred_network: host, preferred_cache: host, aliases: [host] }]
      const endpoint = `${searchParams.get('authorization_endpoint')}`
      return { status: 200, body: { tenant_discovery_endpoint: endpoint, metadata } }
    }
    if (pathname.endsWith('/.well-known/openid-configuration')) {
      const base = `${authority}/${tenant}/oauth2/v2.0`
      const issuer = `${authority}/${tenant}/v2.0`
      const endpoints = { authorization_endpoint: `${base}/authorize`, token_endpoint: `${base}/token` }
      return {
        status: 200,
        body: { issuer, jwks_uri: `${authority}/${tenant}/discovery/v2.0/keys`, ...endpoints },
      }
    }
    const form = new URLSearchParams(body)
    const known = clients.get(String(form.get('client_id')))
    if (known?.tenant !== tenant) return refusal('AADSTS700016', `Application ${body} was not found`)
    if (known.secret !== form.get('client_secret'))
      return refusal('AADSTS7000215', `Invalid client secret ${body}`)
    tokens += 1
    const access_token = `token-${form.get('client_id')}-${tokens}-for-${form.get('scope')?.split(' ')[0]}`
    return { status: 200, body: { token_type: 'Bearer', expires_in: 3600, access_token } }
  }

  return { clients, host, answer }
}

/** Worse than the real one: it repeats what it was sent. */
function refusal(code: string, message: string): Answer {
  const body = { error: 'invalid_client', error_description: `${code}: ${message}`, error_codes: [7000215] }
  return { status: 401, body }
}

async function forward(request: Request, url: string, host: string): Promise<Response> {
  const response = await fetch(url, {
    method: request.method,
    headers: { ...request.headers.toJSON(), 'x-meant-for': host },
    ...(typeof request.body === 'string' && { body: request.body }),
    ...(request.abortSignal !== undefined && { signal: request.abortSignal as AbortSignal }),
  })
  return toReceived(request, response.status, await response.text(), response.headers)
}

function toResponse(request: Request, { status, body, headers = {} }: Answer): Response {
  const all = new Headers({ 'content-type': 'application/json', ...headers })
  return toReceived(request, status, JSON.stringify(body), all)
}

function toReceived(request: Request, status: number, bodyAsText: string, headers: Headers): Response {
  return {
    request,
    status,
    bodyAsText,
    headers: {
      get: name => headers.get(name) ?? undefined,
      has: name => headers.has(name),
      set: (name, value) => headers.set(name, String(value)),
      delete: name => headers.delete(name),
      toJSON: () => Object.fromEntries(headers),
      [Symbol.iterator]: () => headers.entries(),
    },
  }
}
