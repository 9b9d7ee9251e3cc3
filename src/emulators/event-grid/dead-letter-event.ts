/** An event that was given up, in the schema in which it was to be delivered ("Event Grid message delivery and retry"). */
import type { Owed } from './backlog.ts'
import { type CloudEvent, type DeliverySchema, type GridEvent, toCloudEvent } from './event.ts'

export type DeadLetter = GridDeadLetter | CloudDeadLetter

/** Times are ISO 8601. */
export interface GridDeadLetter extends GridEvent {
  deadLetterReason: string
  deliveryAttempts: number
  lastDeliveryOutcome: string
  publishTime: string
  lastDeliveryAttemptTime: string
}

/** The same in lower case, as the attributes of a CloudEvent are. */
export interface CloudDeadLetter extends CloudEvent {
  deadletterreason: string
  deliveryattempts: number
  lastdeliveryoutcome: string
  publishtime: string
  lastdeliveryattempttime: string
}

export function toDeadLetter(owed: Owed, deadLetterReason: string, schema: DeliverySchema): DeadLetter {
  const { event, attempts, lastOutcome, publishedAt, lastAttemptAt } = owed
  const lastDeliveryOutcome = lastOutcome ?? ''
  const publishTime = new Date(publishedAt).toISOString()
  const lastDeliveryAttemptTime = new Date(lastAttemptAt ?? publishedAt).toISOString()
  return schema === 'CloudEventSchemaV1_0'
    ? {
        ...toCloudEvent(event),
        deadletterreason: deadLetterReason,
        deliveryattempts: attempts,
        lastdeliveryoutcome: lastDeliveryOutcome,
        publishtime: publishTime,
        lastdeliveryattempttime: lastDeliveryAttemptTime,
      }
    : {
        ...event,
        deadLetterReason,
        deliveryAttempts: attempts,
        lastDeliveryOutcome,
        publishTime,
        lastDeliveryAttemptTime,
      }
}
