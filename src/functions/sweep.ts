import { app } from '@azure/functions'
import type { Registration } from './register.ts'

/** Wakes what has lost its message. */
export function registerSweep(lakemark: Registration['lakemark'], schedule: string): void {
  app.timer('onSweep', {
    schedule,
    handler: async () => {
      const { sweep } = await lakemark()
      await sweep()
    },
  })
}
