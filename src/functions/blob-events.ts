import { app, trigger } from '@azure/functions'
import type { LakemarkOpener } from '../open-lakemark.ts'

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
      await intake.events((Array.isArray(input) ? input : [input]).map(toEvent))
    },
  })
}

/** Collections may reach a function as texts. What is not JSON is for the intake to complain of. */
function toEvent(item: unknown): unknown {
  if (typeof item !== 'string') return item
  try {
    return JSON.parse(item)
  } catch (error) {
    if (error instanceof SyntaxError) return item
    throw error
  }
}
