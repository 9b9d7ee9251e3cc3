import * as z from 'zod'
import { json, problem } from '../http/answers.ts'
import { BLOB_ADDRESS, parseAddress } from '../http/blob-address.ts'
import { defineRoute } from '../http/route.ts'

export const EXPLAIN_ROUTES = [
  defineRoute({
    name: 'explain',
    method: 'GET',
    path: 'explain',
    summary: 'What each rule makes of a file, and what the ledger knows of it',
    access: 'Lakemark.Read',
    changes: false,
    query: z.strictObject(BLOB_ADDRESS),
    answers: {
      200: {
        description: 'Why the file is registered, or is not',
        schema: z.object({
          file: z.string().describe('account/container/path'),
          account: z.string(),
          container: z.string(),
          path: z.string(),
          commit: z.string().nullable(),
          source: z.enum(['service', 'rules']),
          isDirectory: z.boolean(),
          isWatched: z.boolean(),
          rules: z
            .array(
              z.looseObject({
                rule: z.string(),
                reason: z.string().nullable().describe('Why the rule leaves the file; null: it takes it.'),
              }),
            )
            .describe('Those that match first, then the nearest.'),
          nearest: z.object({ rule: z.string(), advice: z.string() }).nullable(),
        }),
      },
    },
    async handle({ lakemark, query }) {
      const { explain, rules } = await lakemark()
      const parsed = parseAddress(query, rules().rules)
      if ('problem' in parsed) return problem(400, 'bad-request', parsed.problem)
      return json(200, await explain(parsed.ref))
    },
  }),
]
