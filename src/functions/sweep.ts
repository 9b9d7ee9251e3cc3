import { app } from '@azure/functions'
import type { LakemarkOpener } from '../open-lakemark.ts'

/** Wakes what has lost its message, and looks after the credentials of datastores. */
export function registerSweep(lakemark: LakemarkOpener, schedule: string): void {
  app.timer('onSweep', {
    schedule,
    handler: async () => {
      const { sweep, resync, rotation } = await lakemark()
      await Promise.all([sweep(), resync.sweep(), rotation.sweep()])
    },
  })
}
