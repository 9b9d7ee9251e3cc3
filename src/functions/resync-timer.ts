import { app } from '@azure/functions'
import type { LakemarkOpener } from '../open-lakemark.ts'

/** Starts the re-sync that heals lost events. */
export function registerResync(lakemark: LakemarkOpener, schedule: string): void {
  app.timer('onResync', {
    schedule,
    handler: async () => {
      const { resync } = await lakemark()
      await resync.startScheduled()
    },
  })
}
