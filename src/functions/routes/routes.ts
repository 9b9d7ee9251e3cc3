import type { Route } from '../http/route.ts'
import { ASSET_ROUTES } from './assets.ts'
import { AUDIT_ROUTES } from './audit.ts'
import { DOCUMENT_ROUTES } from './document.ts'
import { EXPLAIN_ROUTES } from './explain.ts'
import { FAILURE_ROUTES } from './failures.ts'
import { FILE_ROUTES } from './files.ts'
import { HEALTH_ROUTES } from './health.ts'
import { METRICS_ROUTES } from './metrics.ts'
import { REGISTER_ROUTES } from './register.ts'
import { RULES_ROUTES } from './rules.ts'
import { RUN_ROUTES } from './runs.ts'

/** The whole HTTP API. */
export const ROUTES: readonly Route[] = [
  ...HEALTH_ROUTES,
  ...METRICS_ROUTES,
  ...ASSET_ROUTES,
  ...FAILURE_ROUTES,
  ...FILE_ROUTES,
  ...EXPLAIN_ROUTES,
  ...RULES_ROUTES,
  ...RUN_ROUTES,
  ...REGISTER_ROUTES,
  ...AUDIT_ROUTES,
  ...DOCUMENT_ROUTES,
]
