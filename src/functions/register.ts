import type { LakemarkOpener } from '../open-lakemark.ts'
import { registerApi } from './api.ts'
import { registerBlobEvents } from './blob-events.ts'
import { registerSweep } from './sweep.ts'
import { registerWork } from './work.ts'

export interface Registration {
  /** Opened with the first invocation, not while functions are being registered. */
  lakemark: LakemarkOpener
  /** Six fields, seconds first. */
  sweepSchedule: string
}

/** All functions of the app; the same in Azure, in the embedded host and in tests. */
export function registerFunctions({ lakemark, sweepSchedule }: Registration): void {
  registerBlobEvents(lakemark)
  registerWork(lakemark)
  registerSweep(lakemark, sweepSchedule)
  registerApi(lakemark)
}
