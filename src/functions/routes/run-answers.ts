import * as z from 'zod'

const time = z.iso.datetime().nullable()
const text = z.string().nullable()

/** A re-sync run as it is answered. */
export const runShown = z.object({
  id: z.string(),
  kind: z.enum(['resync', 'register']),
  state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  phase: z.enum(['listing', 'verifying', 'delivering', 'done']),
  filter: z.object({
    container: text,
    prefix: text,
    rule: text,
    asset: text,
    workspace: text,
    since: time,
    dryRun: z.boolean(),
    verify: z.boolean(),
  }),
  by: z.string(),
  createdAt: z.iso.datetime(),
  startedAt: time,
  endedAt: time,
  reason: text.describe('Why it failed, or who cancelled it.'),
  counters: z
    .record(z.string(), z.int())
    .describe('listed, matched, new, registered, failed, bytes and more.'),
  listedPerSecond: z.number().nullable(),
  estimatedEnd: time.describe('Of the listing.'),
  parts: z.object({ total: z.int(), ended: z.int(), failed: z.int() }),
  trouble: z.array(z.string()).describe('What parts that are not over have met last.'),
})
