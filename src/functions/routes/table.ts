import type { Route } from '../http/route.ts'
import { ROUTES } from './routes.ts'

/**
 * What a host has to know of each route before the first call. The package holds the values of this module instead
 * of it, so that functions are registered without the definitions and all that they stand on.
 */
export const ROUTE_TABLE: readonly Pick<Route, 'name' | 'method' | 'path'>[] = ROUTES.map(
  ({ name, method, path }) => ({ name, method, path }),
)
