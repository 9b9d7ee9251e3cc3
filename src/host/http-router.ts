import type { EventGridWebhook } from './event-grid-webhook.ts'
import type { HostFunction, HttpTrigger } from './host-function.ts'
import { runHttpFunction } from './http-function.ts'
import type { HttpAnswer, HttpCall } from './http-message.ts'
import { compileRoute, type HttpRoute } from './http-route.ts'
import type { Invoker } from './invoker.ts'

export interface HttpRouterOptions {
  readonly functions: readonly HostFunction[]
  readonly routePrefix: string
  readonly webhook: EventGridWebhook
  readonly invoker: Invoker
}

interface RoutedFunction {
  readonly fn: HostFunction
  readonly trigger: HttpTrigger
  readonly route: HttpRoute
}

const WEBHOOK_PATH = '/runtime/webhooks/eventgrid'

/**
 * Finds who answers a request: the host's own addresses, the Event Grid webhook, or an HTTP function.
 * Throws an Error when a route cannot be read or two functions would answer the same requests.
 */
export function createHttpRouter(
  options: HttpRouterOptions,
): (call: HttpCall) => HttpAnswer | Promise<HttpAnswer> {
  const { functions, webhook, invoker } = options
  const routed = routeFunctions(functions, options.routePrefix)
  const names = functions.map(fn => ({ name: fn.name, type: fn.trigger.type }))

  /** Not all of it is a function of its own that waits: events come by the thousand. */
  function answer(call: HttpCall): HttpAnswer | Promise<HttpAnswer> {
    const path = call.url.pathname.toLowerCase()
    return path === WEBHOOK_PATH || path === `${WEBHOOK_PATH}/` ? webhook(call) : answerOther(call)
  }

  async function answerOther(call: HttpCall): Promise<HttpAnswer> {
    const path = call.url.pathname
    const found = find(call)
    if (found !== undefined) return runHttpFunction(found.fn, call, found.params, invoker)
    if (call.method === 'GET' && path === '/')
      return { status: 200, body: 'The functions of this host are up.' }
    if (call.method === 'GET' && path === '/admin/functions') {
      return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(names) }
    }
    return { status: 404, body: 'Nothing answers here.' }
  }

  function find(call: HttpCall): { fn: HostFunction; params: Record<string, string> } | undefined {
    for (const { fn, trigger, route } of routed) {
      const params = trigger.methods.includes(call.method) ? route.match(call.url.pathname) : undefined
      if (params !== undefined) return { fn, params }
    }
    return undefined
  }

  return answer
}

function routeFunctions(functions: readonly HostFunction[], prefix: string): RoutedFunction[] {
  const routed: RoutedFunction[] = []
  for (const fn of functions) {
    const { trigger } = fn
    if (trigger.type !== 'httpTrigger') continue
    const route = compileRoute(prefix, trigger.route)
    const rival = routed.find(
      one =>
        shapeOf(one.route) === shapeOf(route) &&
        one.trigger.methods.some(method => trigger.methods.includes(method)),
    )
    if (rival)
      throw new Error(`functions ${rival.fn.name} and ${fn.name} answer the same requests: ${route.template}`)
    routed.push({ fn, trigger, route })
  }
  return routed.sort((a, b) => (a.route.rank < b.route.rank ? -1 : Number(a.route.rank > b.route.rank)))
}

/** Two templates of one shape differ at most in the names of their parameters. */
function shapeOf(route: HttpRoute): string {
  return route.template.toLowerCase().replace(/\{(\**)[^}:?]*/g, '{$1')
}
