/** One event on the wire in the Event Grid schema. */
export interface GridEvent<Data = unknown> {
  /** Resource ID of the source. */
  topic: string
  subject: string
  eventType: string
  /** ISO 8601. */
  eventTime: string
  id: string
  data: Data
  dataVersion: string
  metadataVersion: string
}

/** The same event in CloudEvents 1.0, as Event Grid maps it. */
export interface CloudEvent<Data = unknown> {
  id: string
  source: string
  specversion: '1.0'
  type: string
  subject: string
  /** ISO 8601. */
  time: string
  data: Data
}

export type DeliverySchema = 'EventGridSchema' | 'CloudEventSchemaV1_0'

export function toCloudEvent<Data>(event: GridEvent<Data>): CloudEvent<Data> {
  const { topic: source, subject, eventType: type, eventTime: time, id, data } = event
  return { id, source, specversion: '1.0', type, subject, time, data }
}
