import { app } from '@azure/functions'
import type { createHandler } from './handler.ts'
import type { Route } from './route.ts'

export type RouteHandler = ReturnType<typeof createHandler>
/** By the names of their routes. */
export type RouteHandlers = ReadonlyMap<string, RouteHandler>

/**
 * Registers every route with the host; the handlers are opened with the first call. Azure's own function keys are
 * not asked for: who may call is decided by the route's definition, the same in Azure and everywhere else.
 */
export function registerRoutes(
  routes: readonly Pick<Route, 'name' | 'method' | 'path'>[],
  open: () => Promise<RouteHandlers>,
): void {
  let opened: Promise<RouteHandlers> | undefined
  for (const { name, method, path } of routes) {
    app.http(name, {
      methods: [method],
      route: path,
      authLevel: 'anonymous',
      async handler(request, context) {
        opened ??= open().catch((error: unknown) => {
          opened = undefined
          throw error
        })
        const handle = (await opened).get(name)
        if (handle === undefined) throw new Error(`the route ${name} has no definition`)
        return handle(request, context)
      },
    })
  }
}
