import { app } from '@azure/functions'
import type { Registration } from './register.ts'

/** The name is part of the Event Grid subscription's address: a wrong one there loses events silently. */
export const BLOB_EVENT_FUNCTION = 'onBlobEvent'

/** One storage event, in Event Grid's schema or as a CloudEvent. Throwing makes Event Grid send it again. */
export function registerBlobEvents(lakemark: Registration['lakemark']): void {
  app.eventGrid(BLOB_EVENT_FUNCTION, {
    handler: async event => {
      const { intake } = await lakemark()
      await intake.events([event])
    },
  })
}
