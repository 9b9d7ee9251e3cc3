import { app, type InvocationContext } from '@azure/functions'
import { fromQueueText } from '../core/work-message.ts'
import type { LakemarkOpener } from '../open-lakemark.ts'
import { WORK_QUEUE } from '../storage-names.ts'
import { unreadable } from './unreadable.ts'

const CONNECTION = 'AzureWebJobsStorage'

/** Messages of the work queue, and those of its poison queue. */
export function registerWork(lakemark: LakemarkOpener): void {
  app.storageQueue('onWork', {
    queueName: WORK_QUEUE,
    connection: CONNECTION,
    handler: async (input, context) => {
      const { work, takeInListing, resync, recordPoison } = await lakemark()
      const message = fromQueueText(input)
      if (message === undefined) await recordPoison(unreadable(input))
      else if (message.kind === 'assets') await work(message.assets, { redelivered: isRedelivered(context) })
      else if (message.kind === 'run') await resync.work(message)
      else await takeInListing(message)
    },
  })

  app.storageQueue('onWorkPoison', {
    queueName: `${WORK_QUEUE}-poison`,
    connection: CONNECTION,
    handler: async input => {
      const { recordPoison } = await lakemark()
      await recordPoison(fromQueueText(input) ?? unreadable(input))
    },
  })
}

function isRedelivered({ triggerMetadata }: InvocationContext): boolean {
  return Number(triggerMetadata?.dequeueCount ?? 1) > 1
}
