import type { HttpRequest } from '@azure/functions'
import { createEntraTokens } from '../../access/entra-tokens.ts'
import { knowsSecret } from '../../access/webhook-proof.ts'
import type { AuthSettings } from '../../config.ts'
import { ANONYMOUS_CALLER, type Caller, LOCAL_CALLER, WEBHOOK_CALLER } from '../../core/access/caller.ts'
import { type Answer, problem } from './answers.ts'
import type { Route } from './route.ts'

export interface AuthenticationOptions {
  auth: AuthSettings
  /** What a push webhook must prove to know; undefined: none is set up. */
  webhookSecret: string | undefined
  now: () => number
}

/** What a setting still says while the platform cannot read the secret that it names: everybody may know that text. */
const UNRESOLVED = /^@Microsoft\.(KeyVault|AppConfiguration)\(/i

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost']

/**
 * Finds out who calls: the token in Authorization, or on a route that takes it the webhook's proof, and nothing else.
 * Headers that a host may add, as Easy Auth does, are not looked at: where it is off, anybody can send them.
 */
export function createAuthentication({ auth, webhookSecret, now }: AuthenticationOptions) {
  const verify = auth.kind === 'entra' ? createEntraTokens(auth, { now }) : undefined

  return async function authenticate(
    route: Route,
    request: HttpRequest,
    body: Buffer,
  ): Promise<{ caller: Caller } | { refused: Answer }> {
    if (route.access === 'public') return { caller: ANONYMOUS_CALLER }
    const authorization = request.headers.get('authorization')
    const token = /^Bearer +([^\s]+)$/i.exec(authorization ?? '')?.[1]
    if (verify === undefined || token === undefined) {
      const isPush = verify === undefined || isProof(request, authorization)
      if (route.proof === 'webhook' && isPush) return proveWebhook(request, authorization, body)
      if (verify === undefined) return localCaller(request)
      return { refused: unauthenticated('expected an access token: Authorization: Bearer …') }
    }
    const verified = await verify(token)
    return 'caller' in verified ? verified : { refused: unauthenticated(verified.refusal, 'invalid_token') }
  }

  function proveWebhook(
    { headers }: HttpRequest,
    authorization: string | null,
    body: Buffer,
  ): { caller: Caller } | { refused: Answer } {
    if (webhookSecret === undefined) {
      const detail = 'set LAKEMARK_RULES_WEBHOOK_SECRET to let a git server announce pushes'
      return { refused: problem(403, 'no-webhook', detail) }
    }
    if (UNRESOLVED.test(webhookSecret)) {
      const detail = 'the function app cannot read the secret that LAKEMARK_RULES_WEBHOOK_SECRET names'
      return { refused: problem(503, 'unavailable', detail) }
    }
    const signature = headers.get('x-hub-signature-256')
    if (knowsSecret({ authorization, signature, body }, webhookSecret)) return { caller: WEBHOOK_CALLER }
    const detail = 'expected X-Hub-Signature-256, or basic authentication with the secret as password'
    return {
      refused: problem(401, 'unauthenticated', detail, { headers: challenge('Basic realm="lakemark"') }),
    }
  }

  function unauthenticated(reason: string, error?: string): Answer {
    const { authority, tenant, audiences } =
      auth.kind === 'entra' ? auth : { authority: '', tenant: '', audiences: [] }
    // What people are told to ask for a token for: the App ID URI, which says more to them than the client id.
    const audience = audiences.find(it => it.includes('://')) ?? audiences[0] ?? ''
    const told = error === undefined ? '' : `, error="${error}", error_description="${reason}"`
    const where = `authorization_uri="${authority}/${tenant}/oauth2/v2.0/authorize", resource_id="${audience}"`
    const headers = challenge(`Bearer realm="lakemark", ${where}${told}`)
    return problem(401, 'unauthenticated', reason, { headers })
  }
}

export type Authenticate = ReturnType<typeof createAuthentication>

/** Whether it comes with what webhooks prove themselves by. */
function isProof({ headers }: HttpRequest, authorization: string | null): boolean {
  return headers.has('x-hub-signature-256') || /^Basic /i.test(authorization ?? '')
}

function challenge(value: string): Record<string, string> {
  return { 'WWW-Authenticate': value }
}

/** The settings allow this on a host that answers this machine alone; should another have got it, it allows nothing. */
function localCaller({ url }: HttpRequest): { caller: Caller } | { refused: Answer } {
  if (LOOPBACK.includes(new URL(url).hostname)) return { caller: LOCAL_CALLER }
  const detail = 'nobody is asked who they are here (LAKEMARK_AUTH=none): only this machine is answered'
  return { refused: problem(403, 'not-local', detail) }
}
