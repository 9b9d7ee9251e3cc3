import * as z from 'zod'
import { json, problem } from '../http/answers.ts'
import { BLOB_ADDRESS, parseAddress } from '../http/blob-address.ts'
import { PAGE } from '../http/input.ts'
import { defineRoute } from '../http/route.ts'
import { fileKnowledge } from './answers.ts'

export const FILE_ROUTES = [
  defineRoute({
    name: 'files',
    method: 'GET',
    path: 'files',
    summary:
      'All that is known of one file: the rules that match, and every asset, version and refusal that it ever led to',
    access: 'Lakemark.Read',
    changes: false,
    query: z.strictObject({ ...BLOB_ADDRESS, ...PAGE }),
    answers: {
      200: {
        description:
          'What the rules in force make of it, with the first page of what the ledger knows; further pages go through the rest of the ledger',
        schema: fileKnowledge,
      },
    },
    async handle({ lakemark, query }) {
      const { knowFile, rules } = await lakemark()
      const parsed = parseAddress(query, rules().rules)
      if ('problem' in parsed) return problem(400, 'bad-request', parsed.problem)
      const { continuation, ...known } = await knowFile(parsed.ref, query)
      return json(200, { ...known, continuation: continuation ?? null })
    },
  }),
]
