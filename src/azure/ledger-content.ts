/**
 * What the content of a row must be like, so that what another version wrote, or somebody by hand, is told from
 * what can be worked with. Unknown fields are let pass. Absent is what JSON leaves out: `undefined`.
 */
import * as z from 'zod'

/** The latest time that a Date can hold. */
const LATEST_MS = 8_640_000_000_000_000

const text = z.string()
const count = z.int().min(0)
const time = z.number().min(0).max(LATEST_MS)
const ref = z.object({ account: text, container: text, path: text })
const type = z.enum(['uri_file', 'uri_folder', 'mltable'])
const cause = z.enum(['at once', 'settled', 'maxWait', 'marker', 'requested'])
const digest = z.string().regex(/^[0-9a-f]{64}$/)

const place = z.object({ at: time, count })
/** A `Turn`. */
export const turn = place.extend({ reads: place.optional() })
const cursor = z.object({
  next: count,
  attempts: count,
  notBefore: time.optional(),
  troubledSince: time.optional(),
  reason: text.optional(),
  turn: turn.optional(),
})
const spec = z.object({
  rule: text,
  commit: text.optional(),
  type,
  account: text,
  container: text,
  datastore: z.object({ name: text, kind: text }),
  dataPath: text,
  description: text.optional(),
  tags: z.record(text, text),
  workspaces: z.array(text),
})
const outcome = z.discriminatedUnion('state', [
  z.object({ state: z.literal('registered'), at: time }),
  z.object({ state: z.literal('failed'), at: time, reason: text }),
])

export const SHAPES = {
  head: z.object({
    type,
    lastOrdinal: count,
    offset: count,
    lastCut: count,
    open: count,
    seeded: z.boolean(),
    cursors: z.record(text, cursor),
    wakeAt: time.optional(),
    lease: z.object({ owner: text, until: time }).optional(),
  }),
  file: z.object({
    key: text,
    ref,
    etag: text,
    sizeBytes: count,
    sequencer: text.optional(),
    removed: z.boolean(),
    cut: count,
    target: text,
    recordedAt: time,
  }),
  member: z.object({ key: text, ref, etag: text, sizeBytes: count, cut: count }),
  gathering: z.object({
    target: text,
    cut: count,
    spec,
    files: count,
    bytes: count,
    digest,
    lastEtag: text,
    since: time,
    dueAt: time,
    cause,
  }),
  version: z.object({
    ordinal: count,
    cut: count,
    spec,
    files: count,
    bytes: count,
    fingerprint: digest,
    etag: text,
    cause,
    cutAt: time,
    outcomes: z.record(text, outcome),
    movedTo: count.optional(),
    movedFrom: count.optional(),
    withdraw: z.array(text).optional(),
  }),
  budget: z.object({
    level: z.number(),
    at: time,
    stoppedUntil: time,
    raisedAt: time,
    tightSince: time.optional(),
  }),
  refusal: z.object({
    rule: text,
    ref,
    key: text,
    etag: text.optional(),
    asset: text.optional(),
    reason: text,
    at: time,
    since: time.optional(),
    message: text.optional(),
  }),
}

export type Shape = keyof typeof SHAPES

/** What is wrong with it, and where; undefined: nothing. */
export function faultOf(content: unknown, shape: Shape): string | undefined {
  const result = SHAPES[shape].safeParse(content)
  const issue = result.error?.issues[0]
  return issue === undefined ? undefined : `${issue.path.join('.') || 'content'}: ${issue.message}`
}
