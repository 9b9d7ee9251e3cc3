import { createHmac, timingSafeEqual } from 'node:crypto'
import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions'
import type { LakemarkOpener, OpenLakemark } from '../open-lakemark.ts'
import { answering, json, problem } from './answers.ts'

export interface RulesRegistration {
  lakemark: LakemarkOpener
  /** Six fields, seconds first. */
  schedule: string
  /** What a push webhook must prove to know; undefined: none is set up. */
  webhookSecret: string | undefined
}

/** As large as GitHub's may be; nothing of it is needed but its signature. */
const MAX_WEBHOOK_BYTES = 25 * 1024 * 1024

/** The rules: kept up to date by a timer and by a push webhook, and shown. */
export function registerRules({ lakemark, schedule, webhookSecret }: RulesRegistration): void {
  app.timer('onRulesRefresh', {
    schedule,
    handler: async () => {
      const { keeper } = await lakemark()
      await keeper.refresh()
    },
  })
  app.get('rules', { route: 'rules', authLevel: 'function', handler: answering(lakemark, showRules) })
  app.post('refreshRules', {
    route: 'rules/refresh',
    // The caller proves itself by the secret, as webhooks of git servers do.
    authLevel: 'anonymous',
    handler: async request => {
      const refused = await refuse(request, webhookSecret)
      if (refused !== undefined) return refused
      return answering(lakemark, async opened => {
        await opened.keeper.refresh()
        return showRules(opened, request)
      })(request)
    },
  })
}

async function showRules({ keeper, rules }: OpenLakemark, { query }: HttpRequest): Promise<HttpResponseInit> {
  const { active, candidate } = keeper.state()
  const trouble = keeper.trouble()
  return json(200, {
    count: rules().rules.rules.length,
    active: active && {
      commit: rules().commit ?? null,
      address: active.address,
      since: timeOf(active.since),
    },
    candidate: candidate === undefined ? null : { ...candidate, seenAt: timeOf(candidate.seenAt) },
    trouble: trouble === undefined ? null : { ...trouble, at: timeOf(trouble.at) },
    ...(query.get('include') === 'files' ? { files: active?.files ?? [] } : {}),
  })
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}

/** Undefined: the caller knows the secret. GitHub signs the body; Azure DevOps sends it as a password. */
async function refuse(
  request: HttpRequest,
  secret: string | undefined,
): Promise<HttpResponseInit | undefined> {
  if (secret === undefined) {
    return problem(403, 'no-webhook', 'set LAKEMARK_RULES_WEBHOOK_SECRET to let a git server announce pushes')
  }
  const password = passwordIn(request.headers.get('authorization'))
  if (password !== undefined && isSame(password, secret)) return undefined
  const signature = request.headers.get('x-hub-signature-256')
  if (signature !== null && (await isSignedBy(request, signature, secret))) return undefined
  return problem(
    401,
    'unauthenticated',
    'expected X-Hub-Signature-256, or basic authentication with the secret as password',
  )
}

/** The body is read only where there is a signature to be held against. */
async function isSignedBy(request: HttpRequest, signature: string, secret: string): Promise<boolean> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_WEBHOOK_BYTES) return false
  const body = Buffer.from(await request.arrayBuffer())
  return isSame(signature, `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
}

function passwordIn(authorization: string | null): string | undefined {
  const encoded = /^Basic ([\w+/=]+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const decoded = Buffer.from(encoded, 'base64').toString('utf8')
  return decoded.slice(decoded.indexOf(':') + 1)
}

/** In a time that tells nothing of where they differ, lengths included. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
