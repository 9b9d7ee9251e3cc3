import { createRateLimits } from '../access/rate-limits.ts'
import { createAuthentication } from './http/authentication.ts'
import { createHandler } from './http/handler.ts'
import type { RouteHandlers } from './http/register-routes.ts'
import type { Registration } from './registration.ts'
import { ROUTES } from './routes/routes.ts'

/** The whole HTTP API, in this process. */
export function createApi(registration: Registration): RouteHandlers {
  const { lakemark, rulesWebhookSecret: webhookSecret, isBehindAzure = false } = registration
  const { auth, audit, now = Date.now } = registration
  const options = {
    routes: ROUTES,
    lakemark,
    audit,
    authenticate: createAuthentication({ auth, webhookSecret, now }),
    // Where nobody else is answered, nobody need be kept from calling too often.
    limits: auth.kind === 'none' ? undefined : createRateLimits(now),
    isBehindAzure,
    now,
  }
  return new Map(ROUTES.map(route => [route.name, createHandler(route, options)]))
}
