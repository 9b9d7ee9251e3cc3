/**
 * What Event Grid writes when it gives up: a JSON array of events as they were to be delivered, each with some more
 * fields (Microsoft's "Event Grid message delivery and retry"; CloudEvents have the same fields in lower case).
 */
import { reasonOf } from './errors.ts'
import { parseStorageEvent } from './storage-events.ts'

export type ParsedDeadLetter =
  | {
      kind: 'events'
      events: unknown[]
      /** Elements that are no events of either schema: nobody knows what they are. */
      strangers: number
      /** Why they could not be delivered, in Event Grid's words: some of them, for people. */
      reasons: string[]
    }
  | { kind: 'unreadable'; reason: string }

const MAX_REASONS = 5
const MAX_REASON_LENGTH = 100

/** Never throws: what is not an array of events, or one event, is unreadable with its reason. */
export function parseDeadLetter(content: Uint8Array): ParsedDeadLetter {
  if (content.length === 0) return unreadable('is empty')
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content))
  } catch (error) {
    return unreadable(`is not JSON in UTF-8: ${reasonOf(error, MAX_REASON_LENGTH)}`)
  }
  const elements: unknown[] = Array.isArray(value) ? value : [value]
  const events = elements.filter(isEvent)
  if (events.length === 0) return unreadable('holds no event: expected a JSON array of Event Grid events')
  return { kind: 'events', events, strangers: elements.length - events.length, reasons: reasonsOf(events) }
}

/** An event that says too little, or that needs nothing to be done, is one all the same. */
function isEvent(element: unknown): boolean {
  const parsed = parseStorageEvent(element)
  return parsed.kind !== 'ignored' || parsed.reason !== 'not-an-event'
}

function reasonsOf(events: readonly unknown[]): string[] {
  const reasons = new Set<string>()
  for (const event of events) {
    const { deadLetterReason, deadletterreason } = event as Record<string, unknown>
    const reason = deadLetterReason ?? deadletterreason
    if (typeof reason === 'string') reasons.add(reason.slice(0, MAX_REASON_LENGTH))
    if (reasons.size === MAX_REASONS) break
  }
  return [...reasons]
}

function unreadable(reason: string): ParsedDeadLetter {
  return { kind: 'unreadable', reason }
}
