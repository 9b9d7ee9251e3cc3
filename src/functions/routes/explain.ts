import * as z from 'zod'
import { json, problem } from '../http/answers.ts'
import { BLOB_ADDRESS, parseAddress } from '../http/blob-address.ts'
import { defineRoute } from '../http/route.ts'
import { gathering, lakeFacts, sighting, versionDetail } from './answers.ts'

const ruleShown = z.object({
  rule: z.string(),
  file: z.string().describe('Where the rule stands.'),
  line: z.int(),
  reason: z.string().nullable().describe('Why the rule leaves the file; null: it takes it.'),
  result: z
    .looseObject({ kind: z.enum(['matched', 'refused', 'missed']) })
    .describe('What it makes of the file, or the first condition that does not hold.'),
  ledger: z
    .object({
      recorded: sighting.describe('The newest news of the file that was recorded; null: none has ever come.'),
      gathering,
      version: versionDetail.nullable().describe('The one that its newest content is part of.'),
      refusal: z
        .object({ reason: z.string(), at: z.iso.datetime() })
        .nullable()
        .describe("The rule's last one of the file."),
      obstacle: z.string().nullable().describe('What stands in the way of the next version.'),
    })
    .nullable()
    .describe('Of a rule that matches what the ledger knows.'),
})

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
          nearestContainers: z
            .array(z.string())
            .describe('account/container, of those that rules name, where no rule names this one.'),
          lake: lakeFacts,
          rules: z.array(ruleShown).describe('Those that match first, then the nearest.'),
          notShown: z.int().describe('Rules of the container that do not match, and are left out.'),
          ofOtherContainers: z.int().describe('Rules for other containers.'),
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
