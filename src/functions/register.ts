import { createRateLimits } from '../access/rate-limits.ts'
import type { AuditLog } from '../app/audit.ts'
import type { StorageConnection } from '../azure/storage-clients.ts'
import type { AuthSettings } from '../config.ts'
import type { LakemarkOpener } from '../open-lakemark.ts'
import { registerBlobEvents } from './blob-events.ts'
import { registerDeadLetters } from './dead-letter.ts'
import { createAuthentication } from './http/authentication.ts'
import { registerRoutes } from './http/register-routes.ts'
import { openAudit } from './open-audit.ts'
import { registerResync } from './resync-timer.ts'
import { ROUTES } from './routes/routes.ts'
import { registerRules } from './rules.ts'
import { registerSweep } from './sweep.ts'
import { registerWork } from './work.ts'

export interface Registration {
  /** Opened with the first invocation, not while functions are being registered. */
  lakemark: LakemarkOpener
  /** Six fields, seconds first. */
  sweepSchedule: string
  deadLetterSchedule: string
  rulesSchedule: string
  resyncSchedule: string
  rulesWebhookSecret: string | undefined
  /** Nothing said: nobody is asked who they are, and only this machine is answered. */
  auth?: AuthSettings
  isBehindAzure?: boolean
  /** Where the audit trail is kept, unless `audit` is given. */
  storage?: StorageConnection | undefined
  audit?: () => Promise<AuditLog>
  now?: () => number
}

/** All functions of the app; the same in Azure, in the embedded host and in tests. */
export function registerFunctions(registration: Registration): void {
  const { lakemark, sweepSchedule, deadLetterSchedule, rulesSchedule, resyncSchedule } = registration
  registerBlobEvents(lakemark)
  registerWork(lakemark)
  registerSweep(lakemark, sweepSchedule)
  registerDeadLetters(lakemark, deadLetterSchedule)
  registerRules(lakemark, rulesSchedule)
  registerResync(lakemark, resyncSchedule)
  registerApi(registration)
}

function registerApi(registration: Registration): void {
  const { lakemark, storage, rulesWebhookSecret: webhookSecret, isBehindAzure = false } = registration
  const { auth = { kind: 'none' }, audit = openAudit(storage), now = Date.now } = registration
  registerRoutes({
    routes: ROUTES,
    lakemark,
    audit,
    authenticate: createAuthentication({ auth, webhookSecret, now }),
    // Where nobody else is answered, nobody need be kept from calling too often.
    limits: auth.kind === 'none' ? undefined : createRateLimits(now),
    isBehindAzure,
    now,
  })
}
