import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { reasonOf } from '../core/errors.ts'
import { DAY, MINUTE } from '../core/time.ts'
import { parseTimeSpan } from './time-span.ts'

/**
 * What of host.json matters here, parsed: spans of time are milliseconds, absent settings have their
 * defaults.
 */
export interface HostJson {
  readonly version: '2.0'
  /** undefined: an invocation may take as long as it likes (`"-1"`). */
  readonly functionTimeoutMs: number | undefined
  readonly http: { readonly routePrefix: string }
  readonly queues: QueueSettings
}

export interface QueueSettings {
  /** Messages fetched at a time. */
  readonly batchSize: number
  /** The next batch is fetched when no more than this many messages are being worked on. */
  readonly newBatchThreshold: number
  /** A message that has failed this many times goes to the poison queue. */
  readonly maxDequeueCount: number
  /** How long a message that failed stays hidden before it comes again. */
  readonly visibilityTimeoutMs: number
  /** The longest pause between two looks into an empty queue. */
  readonly maxPollingIntervalMs: number
  readonly messageEncoding: 'base64' | 'none'
}

// Limits and defaults as documented for the Functions runtime 4 and its storage queue extension 5.
const MAX_BATCH_SIZE = 32
const MAX_VISIBILITY_MS = 7 * DAY
export const MIN_POLLING_MS = 100
const MAX_POLLING_MS = MINUTE
/** What a timer of Node can count to. */
const MAX_FUNCTION_TIMEOUT_MS = 24 * DAY
const DEFAULTS = {
  functionTimeoutMs: 30 * MINUTE,
  routePrefix: 'api',
  batchSize: 16,
  maxDequeueCount: 5,
  visibilityTimeoutMs: 0,
  maxPollingIntervalMs: MINUTE,
  messageEncoding: 'base64',
} as const

/** Reads and checks host.json. Throws an Error that names every wrong setting and what would be right. */
export async function readHostJson(path: string): Promise<HostJson> {
  return parseHostJson(await readFile(path, 'utf8'), path)
}

/** As `readHostJson`, for a text in hand; `source` is the name that errors give it. */
export function parseHostJson(text: string, source = 'host.json'): HostJson {
  const result = schema.safeParse(parseJson(text, source))
  if (!result.success) {
    throw new Error(result.error.issues.map(issue => `${source}  ${toSentence(issue)}`).join('\n'))
  }
  const { functionTimeout, extensions } = result.data
  const queues = extensions.queues
  return {
    version: '2.0',
    functionTimeoutMs: functionTimeout === '-1' ? undefined : functionTimeout,
    http: { routePrefix: extensions.http.routePrefix.replace(/^\/+|\/+$/g, '') },
    queues: {
      batchSize: queues.batchSize,
      newBatchThreshold: queues.newBatchThreshold ?? Math.floor(queues.batchSize / 2),
      maxDequeueCount: queues.maxDequeueCount,
      visibilityTimeoutMs: queues.visibilityTimeout,
      maxPollingIntervalMs: queues.maxPollingInterval,
      messageEncoding: queues.messageEncoding,
    },
  }
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(`${source}  is not JSON: ${reasonOf(cause)}`, { cause })
  }
}

function toSentence(issue: z.core.$ZodIssue): string {
  const where = issue.path.join('.')
  return where === '' ? issue.message : `${where}: ${issue.message}`
}

const queueKeys =
  'batchSize, newBatchThreshold, maxDequeueCount, visibilityTimeout, maxPollingInterval, messageEncoding'

const queues = z.strictObject(
  {
    batchSize: whole(1, MAX_BATCH_SIZE).default(DEFAULTS.batchSize),
    newBatchThreshold: whole(0).optional(),
    maxDequeueCount: whole(1).default(DEFAULTS.maxDequeueCount),
    visibilityTimeout: span(0, MAX_VISIBILITY_MS, '00:00:00 to 7.00:00:00').default(
      DEFAULTS.visibilityTimeoutMs,
    ),
    maxPollingInterval: span(MIN_POLLING_MS, MAX_POLLING_MS, '00:00:00.1 to 00:01:00').default(
      DEFAULTS.maxPollingIntervalMs,
    ),
    messageEncoding: z
      .enum(['base64', 'none'], { error: issue => `is ${show(issue.input)}; "base64" or "none"` })
      .default(DEFAULTS.messageEncoding),
  },
  {
    error: issue =>
      issue.code === 'unrecognized_keys'
        ? `has no setting ${issue.keys.join(', ')}; there are ${queueKeys}`
        : `is ${show(issue.input)}; an object with ${queueKeys}`,
  },
)

const http = z.looseObject(
  {
    routePrefix: z
      .string({ error: issue => `is ${show(issue.input)}; a text such as "api", or "" for none` })
      .default(DEFAULTS.routePrefix),
  },
  { error: issue => `is ${show(issue.input)}; an object with routePrefix` },
)

const schema = z.looseObject(
  {
    version: z.literal('2.0', { error: issue => `is ${show(issue.input)}; "2.0"` }),
    functionTimeout: z
      .union([z.literal('-1'), span(1, MAX_FUNCTION_TIMEOUT_MS, 'up to 24.00:00:00, or "-1" for no limit')], {
        error: issue => `is ${show(issue.input)}; a span of time such as "00:05:00", or "-1" for no limit`,
      })
      .default(DEFAULTS.functionTimeoutMs),
    extensions: z
      .looseObject({ http: http.prefault({}), queues: queues.prefault({}) }, { error: 'is not an object' })
      .prefault({}),
  },
  { error: issue => `is ${show(issue.input)}; an object with version, functionTimeout, extensions` },
)

function whole(min: number, max?: number) {
  const right = max === undefined ? `a whole number from ${min}` : `a whole number from ${min} to ${max}`
  const error = (issue: { input?: unknown }) => `is ${show(issue.input)}; ${right}`
  return z
    .int({ error })
    .min(min, { error })
    .max(max ?? Number.MAX_SAFE_INTEGER, { error })
}

function span(minMs: number, maxMs: number, right: string) {
  const error = (issue: { input?: unknown }) =>
    `is ${show(issue.input)}; a span of time [d.]hh:mm:ss, ${right}`
  return z.string({ error }).transform((text, context) => {
    const ms = parseTimeSpan(text)
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms
    context.addIssue({ code: 'custom', message: error({ input: text }) })
    return z.NEVER
  })
}

function show(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value)
}
