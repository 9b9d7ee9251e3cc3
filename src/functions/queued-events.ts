import { randomUUID } from 'node:crypto'
import { app, type InvocationContext } from '@azure/functions'
import { fromEventQueue } from '../core/queued-events.ts'
import type { LakemarkOpener } from '../open-lakemark.ts'
import { EVENT_QUEUE } from '../storage-names.ts'
import { unreadable } from './unreadable.ts'

const CONNECTION = 'AzureWebJobsStorage'
const MESSAGE_ID = /^[0-9A-Za-z-]{1,64}$/

/**
 * Storage events that Event Grid leaves in a queue. They are always listened to: which way events come is for their
 * subscription to say, and may change, or be both for a while, without anything being lost. Throwing makes the
 * message come again. Unlike those of the work queue it is the only trace of its events, and the host does not try a
 * message of a poison queue for ever: from there they go to the dead letters, which are. What is no event at all is
 * shown among the failures.
 */
export function registerQueuedEvents(lakemark: LakemarkOpener): void {
  app.storageQueue('onBlobEventQueued', {
    queueName: EVENT_QUEUE,
    connection: CONNECTION,
    handler: async input => {
      const { intake, recordPoison } = await lakemark()
      const events = fromEventQueue(input)
      if (events === undefined) await recordPoison(unreadable(input))
      else await intake.events(events)
    },
  })

  app.storageQueue('onBlobEventQueuedPoison', {
    queueName: `${EVENT_QUEUE}-poison`,
    connection: CONNECTION,
    handler: async (input, context) => {
      const { leaveEvents, recordPoison } = await lakemark()
      const events = fromEventQueue(input)
      if (events === undefined) await recordPoison(unreadable(input))
      else await leaveEvents(idOf(context), events)
    },
  })
}

function idOf({ triggerMetadata }: InvocationContext): string {
  const id = String(triggerMetadata?.['id'] ?? '')
  return MESSAGE_ID.test(id) ? id : randomUUID()
}
