import type { QueueSettings } from './host-json.ts'

type Encoding = QueueSettings['messageEncoding']

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** What a queue message says; undefined when it is not encoded as host.json's messageEncoding promises. */
export function decodeQueueText(stored: string, encoding: Encoding): string | undefined {
  if (encoding === 'none') return stored
  return BASE64.test(stored) ? Buffer.from(stored, 'base64').toString('utf8') : undefined
}

export function encodeQueueText(content: string | Uint8Array, encoding: Encoding): string {
  const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content)
  return encoding === 'base64' ? bytes.toString('base64') : bytes.toString('utf8')
}
