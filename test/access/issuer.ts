/**
 * Entra ID's part in who may call, played by oidc-provider, an OpenID-certified server: discovery, the document of
 * keys, client credentials, and tokens that it signs itself. Two things are bent to Entra's shape: addresses
 * (`/{tenant}/v2.0/…` and `/{tenant}/discovery/v2.0/keys`), and the claims of a token, which oidc-provider lets one
 * set. What no honest server would sign, a test signs itself with the server's own key.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import Provider from 'oidc-provider'

export const TENANT = '11111111-1111-4111-8111-111111111111'
export const OTHER_TENANT = '22222222-2222-4222-8222-222222222222'
export const CLIENT_ID = '33333333-3333-4333-8333-333333333333'
export const APP_ID_URI = 'api://lakemark'
export const CALLING_APP = '44444444-4444-4444-8444-444444444444'
/** An object id. */
export const SOMEBODY = '55555555-5555-4555-8555-555555555555'

const CALLER_SECRET = 'the secret of the app that calls'

export interface Issuer {
  /** Without a slash at the end. */
  authority: string
  /** A token of the server's own, by the client credentials grant, with these claims in place of the usual ones. */
  token(claims?: JWTPayload): Promise<string>
  /** Signs what the server would not: with its current key, or with another. */
  sign(claims?: JWTPayload, options?: { key?: SigningKey; alg?: string }): Promise<string>
  /** The current one, with its private part. */
  key(): SigningKey
  /** From now on tokens are signed with a new key; only the new one is shown. */
  rotate(): Promise<void>
  /** How often the keys were asked for. */
  fetches(): number
  /** While true, the server answers nothing but 503. */
  setDown(down: boolean): void
  discovery(): Promise<Record<string, unknown>>
  close(): Promise<void>
}

export type SigningKey = JWK & { kid: string }

export async function startIssuer(): Promise<Issuer> {
  let fetches = 0
  let down = false
  let key = await newKey()
  let provider: Provider
  let claims: JWTPayload = {}
  const server = createServer((request, response) => {
    void answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const authority = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer = `${authority}/${TENANT}/v2.0`
  provider = createProvider(issuer, key, () => claims)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    if (down) {
      response.writeHead(503).end()
      return
    }
    if (path === `/${TENANT}/discovery/v2.0/keys`) fetches += 1
    // Entra's keys do not lie below its issuer.
    request.url = path.replace(`/${TENANT}/discovery/v2.0/keys`, '/jwks').replace(`/${TENANT}/v2.0`, '')
    await provider.callback()(request, response)
  }

  return {
    authority,
    async token(changed = {}) {
      claims = { ...usualClaims(issuer), ...changed }
      const answered = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${btoa(`${CALLING_APP}:${encodeURIComponent(CALLER_SECRET)}`)}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: APP_ID_URI }),
      })
      const { access_token: token } = (await answered.json()) as { access_token?: string }
      if (token === undefined) throw new Error(`the issuer answered ${answered.status}`)
      return token
    },
    async sign(changed = {}, { key: other = key, alg = 'RS256' } = {}) {
      const payload = { ...usualClaims(issuer), ...changed }
      const header = { alg, kid: other.kid, typ: 'JWT' }
      return new SignJWT(payload).setProtectedHeader(header).sign(await importJWK(other, alg))
    },
    key: () => key,
    async rotate() {
      key = await newKey()
      provider = createProvider(issuer, key, () => claims)
    },
    fetches: () => fetches,
    setDown(next) {
      down = next
    },
    async discovery() {
      const answered = await fetch(`${issuer}/.well-known/openid-configuration`)
      return (await answered.json()) as Record<string, unknown>
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const HOUR_S = 3600

/** As Entra puts them into an app's own token of version 2. */
function usualClaims(issuer: string): JWTPayload {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: issuer,
    aud: CLIENT_ID,
    iat: now,
    nbf: now,
    exp: now + HOUR_S,
    azp: CALLING_APP,
    oid: SOMEBODY,
    sub: SOMEBODY,
    tid: TENANT,
    ver: '2.0',
    roles: ['Lakemark.Read'],
  }
}

export async function newKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), use: 'sig', alg: 'RS256' }
}

function createProvider(issuer: string, key: SigningKey, claims: () => JWTPayload): Provider {
  const provider = new Provider(issuer, {
    jwks: { keys: [key] },
    clients: [
      {
        client_id: CALLING_APP,
        client_secret: CALLER_SECRET,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: CLIENT_ID,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    formats: {
      customizers: {
        jwt(_context, _token, jwt) {
          jwt.header = { ...jwt.header, typ: 'JWT' }
          jwt.payload = claims()
        },
      },
    },
    ttl: { ClientCredentials: HOUR_S },
    cookies: { keys: ['for the test alone'] },
  })
  provider.proxy = true
  return provider
}
