import * as z from 'zod'
import type { AuditEntry } from '../../app/audit/audit.ts'
import { json } from '../http/answers.ts'
import { CONTINUATION_ANSWER, PAGE } from '../http/input.ts'
import { defineRoute } from '../http/route.ts'

const time = z.iso
  .datetime({ offset: true, error: 'expected a time such as 2026-01-31T12:00:00Z' })
  .optional()

const shown = z.object({
  id: z.string().describe('Of the call: the instance of its answer, where that was a problem.'),
  at: z.iso.datetime(),
  caller: z.object({
    kind: z.enum(['user', 'app', 'webhook', 'local', 'anonymous']),
    id: z.string().nullable().describe('The object id.'),
    app: z.string().nullable().describe('The client id of the app that called.'),
    name: z.string().nullable(),
  }),
  route: z.string().describe("The operation's id."),
  parameters: z.record(z.string(), z.unknown()).describe('Without secrets.'),
  address: z.string().nullable(),
  correlation: z.string(),
  outcome: z
    .object({ status: z.int(), problem: z.string().nullable(), at: z.iso.datetime() })
    .nullable()
    .describe('Null: it was begun, and how it ended was not recorded.'),
})

export type AuditCallView = z.output<typeof shown>

export const AUDIT_ROUTES = [
  defineRoute({
    name: 'audit',
    method: 'GET',
    path: 'audit',
    summary: 'Who changed what through this API, newest first',
    access: 'Lakemark.Admin',
    changes: false,
    query: z.strictObject({
      ...PAGE,
      from: time.describe('Calls of then and later.'),
      to: time.describe('Calls before then.'),
    }),
    answers: {
      200: {
        description: 'A page of calls',
        schema: z.object({ calls: z.array(shown), continuation: CONTINUATION_ANSWER }),
      },
    },
    async handle({ audit, query: { limit, continuation, from, to } }) {
      const log = await audit()
      const page = await log.list({ limit, continuation, from: msOf(from), to: msOf(to) })
      return json(200, { calls: page.items.map(show), continuation: page.continuation ?? null })
    },
  }),
]

function show({
  id,
  at,
  caller,
  route,
  parameters,
  address,
  correlation,
  outcome,
}: AuditEntry): z.output<typeof shown> {
  return {
    id,
    at: timeOf(at),
    caller: {
      kind: caller.kind,
      id: caller.id ?? null,
      app: caller.app ?? null,
      name: caller.name ?? null,
    },
    route,
    parameters,
    address: address ?? null,
    correlation,
    outcome:
      outcome === undefined
        ? null
        : { status: outcome.status, problem: outcome.problem ?? null, at: timeOf(outcome.at) },
  }
}

function msOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time)
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
