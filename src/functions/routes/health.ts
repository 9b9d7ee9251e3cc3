import { z } from 'zod'
import { reasonOf, TransientError } from '../../core/errors.ts'
import { json } from '../http/answers.ts'
import { defineRoute } from '../http/route.ts'

const health = z.object({
  status: z.enum(['ready', 'unready']),
  ledger: z.string().describe('ready, or why it is not.'),
  rules: z.object({ count: z.int(), commit: z.string().nullable() }),
  counts: z.record(z.string(), z.number()).describe('What was counted in this process since its start.'),
})

/** Whether the service lives, and whether it is ready. */
export const HEALTH_ROUTES = [
  defineRoute({
    name: 'live',
    method: 'GET',
    path: 'health/live',
    summary: 'Whether the process answers at all; it looks at nothing else and tells nothing else',
    access: 'public',
    changes: false,
    answers: { 200: { description: 'It does', schema: z.object({ status: z.literal('live') }) } },
    handle: async () => json(200, { status: 'live' }),
  }),
  defineRoute({
    name: 'health',
    method: 'GET',
    path: 'health',
    summary: 'Whether the service is ready, which is whether the ledger answers, and what was counted',
    access: 'Lakemark.Read',
    changes: false,
    answers: {
      200: { description: 'Ready', schema: health },
      503: { description: 'Not ready, with the reason', schema: health },
    },
    async handle({ lakemark }) {
      const { status, rules, counters } = await lakemark()
      const { rules: active, commit } = rules()
      const facts = {
        rules: { count: active.rules.length, commit: commit ?? null },
        counts: counters.all(),
      }
      try {
        await status.ping()
      } catch (error) {
        if (!(error instanceof TransientError)) throw error
        return json(503, { status: 'unready', ledger: reasonOf(error), ...facts })
      }
      return json(200, { status: 'ready', ledger: 'ready', ...facts })
    },
  }),
]
