/** What documents of runs must be like, see `ledger-content.ts`. Absent is what JSON leaves out: `undefined`. */
import * as z from 'zod'
import type { DocumentKind } from '../app/resync/ports.ts'

const text = z.string()
const count = z.int().min(0)
/** Milliseconds since 1970, up to the latest time that a Date can hold. */
const time = z.number().min(0).max(8_640_000_000_000_000)
const counters = z.record(text, count)

const filter = z.object({
  container: text.optional(),
  prefix: text.optional(),
  rule: text.optional(),
  asset: text.optional(),
  workspace: text.optional(),
  since: time.optional(),
  dryRun: z.boolean(),
  verify: z.boolean(),
})
const kind = z.literal('register').optional()
const request = z.object({ id: text, kind, filter, ground: text, by: text, createdAt: time })
const place = z.object({
  account: text,
  container: text,
  prefix: text,
  splits: count,
  order: z.enum(['flat', 'hierarchical', 'unknown']),
  target: count.optional(),
})
const checkpoint = z.object({
  continuation: text.optional(),
  from: text.optional(),
  prefixes: z.array(text).optional(),
  turns: z.record(text, z.object({ at: time, count })),
  since: time.optional(),
  followed: count,
  found: z.object({ new: text, changed: text }).optional(),
  isListed: z.boolean().optional(),
  restarts: count.optional(),
  reads: count.optional(),
})

const DOCUMENTS: Record<DocumentKind, z.ZodType> = {
  run: request.extend({
    state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
    phase: z.enum(['listing', 'verifying', 'delivering', 'done']),
    startedAt: time.optional(),
    endedAt: time.optional(),
    listedAt: time.optional(),
    reason: text.optional(),
    counters,
    expected: count.optional(),
  }),
  part: z.object({
    id: text,
    kind: z.enum(['listing', 'verifying', 'delivering']),
    state: z.enum(['waiting', 'open', 'split', 'done', 'failed']),
    place: place.optional(),
    checkpoint,
    counters,
    lease: z.object({ owner: text, until: time }).optional(),
    progressAt: time,
    attempts: count,
    reason: text.optional(),
  }),
  asset: z.object({ decided: z.object({ registered: count, failed: count }).optional() }),
  finding: z.object({
    asset: text,
    workspace: text,
    version: count.optional(),
    kind: z.enum(['missing', 'archived', 'foreign', 'unanswered']),
    detail: text,
    at: time,
  }),
  key: z.object({ run: text, ground: text, at: time }),
  register: z.object({
    open: z.array(request),
    scheduled: text.optional(),
    scheduledAt: time.optional(),
    succeededAt: time.optional(),
  }),
  ground: z.object({ listed: count, at: time }),
  plan: z.object({ places: z.array(place) }),
  registration: z.object({
    workspaces: z.array(text),
    datastores: z.array(
      z.object({
        account: text,
        container: text,
        name: text,
        kind: z.enum(['azure_blob', 'azure_data_lake_gen2']),
      }),
    ),
    datasets: z.array(z.object({ name: text, path: text })),
    files: z.array(count),
  }),
}

/** What is wrong with it, and where; undefined: nothing. */
export function documentFault(kind: DocumentKind, content: unknown): string | undefined {
  const issue = DOCUMENTS[kind].safeParse(content).error?.issues[0]
  return issue === undefined ? undefined : `${issue.path.join('.') || kind}: ${issue.message}`
}
