import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions'
import type { RateClass, RateLimits } from '../../access/rate-limits.ts'
import type { AuditLog } from '../../app/audit/audit.ts'
import type { Caller } from '../../core/access/caller.ts'
import { type Decision, mayCall, mayOperateAll, mayOperateSome } from '../../core/access/decision.ts'
import { reasonOf } from '../../core/errors.ts'
import { redacted } from '../../core/redaction.ts'
import type { LakemarkOpener } from '../../open-lakemark.ts'
import { type Answer, fromError, ProblemError, problem, retryAfter, toResponse } from './answers.ts'
import { createAuditTrail, type Origin, originOf } from './audit-trail.ts'
import type { Authenticate } from './authentication.ts'
import { paramsOf, parseInput, readBody } from './input.ts'
import type { Call, Route } from './route.ts'

export interface HandlerOptions {
  lakemark: LakemarkOpener
  audit: () => Promise<AuditLog>
  authenticate: Authenticate
  /** Undefined: there are none, as where only this machine is answered. */
  limits: RateLimits | undefined
  routes: readonly Route[]
  isBehindAzure: boolean
  now: () => number
}

const SERVER_ERROR = 500

/**
 * The handler of a route: who calls, how often, with what, and whether they may, in this order; then what it does,
 * written down before and after where it may change anything. Never rejects: what fails is a problem.
 */
export function createHandler(route: Route, options: HandlerOptions) {
  const { lakemark, audit, authenticate, limits, routes, isBehindAzure } = options
  const trail = createAuditTrail(options)

  async function answer(request: HttpRequest, context: InvocationContext): Promise<Answer> {
    const origin = originOf(request, context, isBehindAzure)
    const body = await readBody(route, request)
    const authentication = await authenticate(route, request, body)
    if ('refused' in authentication) {
      limit(origin.address ?? 'unknown', 'refused')
      context.info('a call was refused', { route: route.name, problem: authentication.refused.problem })
      return authentication.refused
    }
    const { caller } = authentication
    limit(keyOf(caller, origin), route.changes ? 'change' : 'read')

    const known = { caller, origin }
    // Whoever may not make this call at all is not told what else is wrong with it, and costs nothing more.
    const asked = { ...known, parameters: paramsOf(route, request) }
    const refused = await refuseUnless(await byStanding(caller), context, asked)
    if (refused !== undefined) return refused
    const input = parseInput(route, request, body)
    const call: Call = { lakemark, audit, routes, caller, request, ...input }
    const parameters = {
      ...input.params,
      ...input.query,
      ...(route.body === undefined ? {} : { body: input.body }),
    }
    const refusal = await refuseUnless(await byRules(call), context, { ...known, parameters })
    if (refusal !== undefined) return refusal
    if (!route.changes) return route.handle(call)

    const finish = await trail.begin(route, context, { ...known, parameters })
    const answered = await route.handle(call).catch((error: unknown) => failed(error, context))
    await finish(answered)
    return answered
  }

  function limit(caller: string, kind: RateClass): void {
    const waitMs = limits?.take(caller, kind)
    if (waitMs === undefined) return
    const headers = retryAfter(waitMs)
    const detail = `so many calls are not taken; call again in ${headers['Retry-After']} s`
    throw new ProblemError(problem(429, 'too-many-requests', detail, { headers }))
  }

  function byRole(caller: Caller): Decision {
    const isProven = route.proof === 'webhook' && caller.kind === 'webhook'
    return route.access === 'public' || isProven ? { allowed: true } : mayCall(caller, route.access)
  }

  async function byStanding(caller: Caller): Promise<Decision> {
    const decision = byRole(caller)
    if (decision.allowed || route.access === 'public' || route.operates === undefined) return decision
    const { rules } = await lakemark()
    return mayOperateSome(caller, route.access, rules().rules.rules)
  }

  async function byRules(call: Call): Promise<Decision> {
    if (route.operates === undefined) return { allowed: true }
    const operated = await route.operates(call)
    return operated === undefined ? byRole(call.caller) : mayOperateAll(call.caller, operated)
  }

  async function refuseUnless(
    decision: Decision,
    context: InvocationContext,
    who: { caller: Caller; origin: Origin; parameters: Record<string, unknown> },
  ): Promise<Answer | undefined> {
    if (decision.allowed) return undefined
    const refusal = problem(403, decision.problem, decision.reason)
    context.info('a call was refused', {
      route: route.name,
      caller: who.caller.id,
      problem: decision.problem,
    })
    if (route.changes) await trail.refused(route, context, who, refusal)
    return refusal
  }

  /**
   * Trouble stands in the log, by the id of the call, with its reason; a defect of ours with all that is known of it,
   * and in the answer without.
   */
  function failed(error: unknown, context: InvocationContext): Answer {
    const answer = fromError(error)
    if (answer !== undefined) {
      if (answer.status >= SERVER_ERROR) {
        context.warn('a call could not be answered', {
          route: route.name,
          problem: answer.problem,
          reason: reasonOf(error),
        })
      }
      return answer
    }
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error)
    context.error(redacted(`${route.name} failed: ${told}`))
    return problem(
      500,
      'internal',
      'the service could not answer; its log says why, under the id of this instance',
    )
  }

  return async function handler(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
    const answered = await answer(request, context).catch((error: unknown) => failed(error, context))
    return toResponse(answered, `urn:uuid:${context.invocationId}`)
  }
}

/** Those of whom nothing is known but an address share what its other callers have. */
function keyOf({ kind, id, app }: Caller, { address }: Origin): string {
  return kind === 'anonymous' ? (address ?? 'unknown') : `${kind} ${id} ${app}`
}
