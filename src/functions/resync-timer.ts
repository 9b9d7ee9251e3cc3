import { app } from '@azure/functions'
import type { Log } from '../app/ports.ts'
import type { LakemarkOpener } from '../open-lakemark.ts'

/** Once a day: starts the re-sync that heals lost events, and removes what is not needed any more. */
export function registerResync(
  lakemark: LakemarkOpener,
  schedule: string,
  pruneAudit: (log: Log) => Promise<void>,
): void {
  app.timer('onResync', {
    schedule,
    handler: async () => {
      const { resync, failures, log } = await lakemark()
      const [started] = await Promise.allSettled([resync.startScheduled(), failures.clean(), pruneAudit(log)])
      if (started.status === 'rejected') throw started.reason
    },
  })
}
