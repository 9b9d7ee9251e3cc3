import { z } from 'zod'
import { type ParsedAddress, parseBlobAddress, toBlobRef } from '../../core/blob-url.ts'
import { json, problem } from '../http/answers.ts'
import { defineRoute } from '../http/route.ts'

/** More than an address may have, of which the parser of addresses tells better what is wrong. */
const MAX_ADDRESS_LENGTH = 16 * 1024

const part = z.string().max(MAX_ADDRESS_LENGTH, 'is too long').optional()
const query = z.strictObject({
  url: part.describe(
    'https://…, abfss://…, wasbs://…, account/container/path, or container/path as the rules name it.',
  ),
  account: part.describe('With container and path, instead of url.'),
  container: part,
  path: part.describe('Without any encoding of ours.'),
})

export const EXPLAIN_ROUTES = [
  defineRoute({
    name: 'explain',
    method: 'GET',
    path: 'explain',
    summary: 'What each rule makes of a file, and what the ledger knows of it',
    access: 'Lakemark.Read',
    changes: false,
    query,
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
      const parsed = parseAddress(query, rules().rules.rules)
      if ('problem' in parsed) return problem(400, 'bad-request', parsed.problem)
      return json(200, await explain(parsed.ref))
    },
  }),
]

function parseAddress(
  { url, account, container, path }: z.output<typeof query>,
  watched: readonly { account: string; container: string }[],
): ParsedAddress {
  if (url !== undefined) return named('url', parseBlobAddress(url, watched))
  if (account === undefined || container === undefined || path === undefined) {
    return { problem: 'expected ?url=, or ?account=&container=&path=' }
  }
  return named('account, container, path', toBlobRef(account, container, path))
}

function named(what: string, parsed: ParsedAddress): ParsedAddress {
  return 'problem' in parsed ? { problem: `${what}: ${parsed.problem}` } : parsed
}
