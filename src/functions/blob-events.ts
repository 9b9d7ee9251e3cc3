import { app } from '@azure/functions'
import type { LakemarkOpener } from '../open-lakemark.ts'

/** The name is part of the Event Grid subscription's address: a wrong one there loses events silently. */
export const BLOB_EVENT_FUNCTION = 'onBlobEvent'

/** One storage event, in Event Grid's schema or as a CloudEvent. Throwing makes Event Grid send it again. */
export function registerBlobEvents(lakemark: LakemarkOpener): void {
  app.eventGrid(BLOB_EVENT_FUNCTION, {
    handler: async event => {
      const { intake } = await lakemark()
      await intake.events([event])
    },
  })
}
