import { app } from '@azure/functions'
import type { LakemarkOpener } from '../open-lakemark.ts'

/**
 * Takes in what Event Grid could not deliver. By a timer that lists the container, rather than by an event for each
 * blob: such an event would come through the very Event Grid that has just failed to reach this app, would want a
 * subscription of its own with dead letters of its own, and may itself be lost. A listing sees whatever still lies
 * there, however long the app was away, and needs no way in from outside.
 */
export function registerDeadLetters(lakemark: LakemarkOpener, schedule: string): void {
  app.timer('onDeadLetter', {
    schedule,
    handler: async () => {
      const { redriveDeadLetters } = await lakemark()
      await redriveDeadLetters()
    },
  })
}
