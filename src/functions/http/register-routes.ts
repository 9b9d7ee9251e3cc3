import { app } from '@azure/functions'
import { createHandler, type HandlerOptions } from './handler.ts'

/**
 * Registers every route with the host. Azure's own function keys are not asked for: who may call is decided by the
 * route's definition, the same in Azure and everywhere else.
 */
export function registerRoutes(options: HandlerOptions): void {
  for (const route of options.routes) {
    app.http(route.name, {
      methods: [route.method],
      route: route.path,
      authLevel: 'anonymous',
      handler: createHandler(route, options),
    })
  }
}
