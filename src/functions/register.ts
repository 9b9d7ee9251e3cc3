import { createAuditRetention } from '../app/audit/audit-retention.ts'
import { registerBlobEvents } from './blob-events.ts'
import { registerDeadLetters } from './dead-letter.ts'
import { registerRoutes } from './http/register-routes.ts'
import { registerQueuedEvents } from './queued-events.ts'
import type { Registration } from './registration.ts'
import { registerResync } from './resync-timer.ts'
import { ROUTE_TABLE } from './routes/table.ts'
import { registerRules } from './rules.ts'
import { registerSecretEvents } from './secret-events.ts'
import { registerSweep } from './sweep.ts'
import { registerWork } from './work.ts'

/** All functions of the app; the same in Azure, in the embedded host and in tests. */
export function registerFunctions(registration: Registration): void {
  const { lakemark, sweepSchedule, deadLetterSchedule, rulesSchedule, resyncSchedule } = registration
  const { audit, auditDays, now = Date.now } = registration
  registerBlobEvents(lakemark)
  registerQueuedEvents(lakemark)
  registerSecretEvents(lakemark)
  registerWork(lakemark)
  registerSweep(lakemark, sweepSchedule)
  registerDeadLetters(lakemark, deadLetterSchedule)
  registerRules(lakemark, rulesSchedule)
  registerResync(lakemark, resyncSchedule, createAuditRetention({ audit, days: auditDays, now }))
  registerRoutes(ROUTE_TABLE, async () => {
    // Only with the first call: most starts of the app are for an event or a message.
    const { createApi } = await import('./api.ts')
    return createApi(registration)
  })
}
