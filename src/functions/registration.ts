import type { AuditLog } from '../app/audit/audit.ts'
import type { AuthSettings } from '../config.ts'
import type { LakemarkOpener } from '../open-lakemark.ts'

/** What the functions are registered with. */
export interface Registration {
  /** Opened with the first invocation, not while functions are being registered. */
  lakemark: LakemarkOpener
  /** Six fields, seconds first. */
  sweepSchedule: string
  deadLetterSchedule: string
  rulesSchedule: string
  resyncSchedule: string
  rulesWebhookSecret: string | undefined
  auth: AuthSettings
  isBehindAzure?: boolean
  /** The audit trail, opened when it is first needed. */
  audit: () => Promise<AuditLog>
  /** So long an entry of it is kept. */
  auditDays: number
  now?: () => number
}
