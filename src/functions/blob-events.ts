import { app, trigger } from '@azure/functions'
import type { LakemarkOpener } from '../open-lakemark.ts'
import { toEvents } from './events.ts'

/** The name is part of the Event Grid subscription's address: a wrong one there loses events silently. */
export const BLOB_EVENT_FUNCTION = 'onBlobEvent'

/**
 * Storage events, in Event Grid's schema or as CloudEvents: all of a delivery in one invocation, as far as the host
 * knows how to, which the library's own `app.eventGrid` cannot ask for. Throwing makes Event Grid send the whole
 * delivery again; what was taken in of it is known then.
 */
export function registerBlobEvents(lakemark: LakemarkOpener): void {
  app.generic(BLOB_EVENT_FUNCTION, {
    trigger: trigger.generic({ type: 'eventGridTrigger', cardinality: 'many' }),
    handler: async (input: unknown) => {
      const { intake } = await lakemark()
      await intake.events(toEvents(input))
    },
  })
}
