import type { LakemarkOpener } from '../open-lakemark.ts'
import { registerApi } from './api.ts'
import { registerBlobEvents } from './blob-events.ts'
import { registerDeadLetters } from './dead-letter.ts'
import { registerExplain } from './explain.ts'
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
  rulesWebhookSecret: string | undefined
}

/** All functions of the app; the same in Azure, in the embedded host and in tests. */
export function registerFunctions(registration: Registration): void {
  const { lakemark, sweepSchedule, deadLetterSchedule, rulesSchedule, rulesWebhookSecret } = registration
  registerBlobEvents(lakemark)
  registerWork(lakemark)
  registerSweep(lakemark, sweepSchedule)
  registerDeadLetters(lakemark, deadLetterSchedule)
  registerApi(lakemark)
  registerExplain(lakemark)
  registerRules({ lakemark, schedule: rulesSchedule, webhookSecret: rulesWebhookSecret })
}
