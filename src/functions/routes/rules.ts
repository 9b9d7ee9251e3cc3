import * as z from 'zod'
import type { OpenLakemark } from '../../open-lakemark.ts'
import { type Answer, json } from '../http/answers.ts'
import { defineRoute } from '../http/route.ts'

/** As large as GitHub's push events may be; nothing of one is needed but its signature. */
const MAX_WEBHOOK_BYTES = 25 * 1024 * 1024

const query = z.strictObject({
  include: z.enum(['files'], 'expected files').optional().describe('files: the rule files as they are.'),
})
const shown = z.object({
  count: z.int().describe('How many rules are in force.'),
  active: z
    .object({ commit: z.string().nullable(), address: z.string(), since: z.iso.datetime() })
    .optional(),
  candidate: z
    .object({
      commit: z.string(),
      address: z.string(),
      problems: z.array(z.string()),
      seenAt: z.iso.datetime(),
    })
    .nullable()
    .describe('A newer commit that was refused, with its problems.'),
  trouble: z
    .object({ reason: z.string(), at: z.iso.datetime() })
    .nullable()
    .describe('What the last look at the source met.'),
  files: z.array(z.object({ path: z.string(), text: z.string() })).optional(),
})

export type RulesView = z.output<typeof shown>

/** The rules: shown, and looked for anew. */
export const RULES_ROUTES = [
  defineRoute({
    name: 'rules',
    method: 'GET',
    path: 'rules',
    summary: 'The rules in force, and a newer commit of them that was refused',
    access: 'Lakemark.Read',
    changes: false,
    query,
    answers: { 200: { description: 'What is known of the rules', schema: shown } },
    handle: async ({ lakemark, query }) => show(await lakemark(), query.include === 'files'),
  }),
  defineRoute({
    name: 'refreshRules',
    method: 'POST',
    path: 'rules/refresh',
    summary: 'Asks the source of the rules for newer ones now; also a push webhook of git servers',
    access: 'Lakemark.Operate',
    // The webhook's secret, as git servers use it.
    proof: 'webhook',
    changes: true,
    query,
    maxBodyBytes: MAX_WEBHOOK_BYTES,
    answers: { 200: { description: 'What is known of the rules now', schema: shown } },
    async handle({ lakemark, query }) {
      const opened = await lakemark()
      await opened.keeper.refresh()
      return show(opened, query.include === 'files')
    },
  }),
]

function show({ keeper, rules }: OpenLakemark, withFiles: boolean): Answer {
  const { active, candidate } = keeper.state()
  const trouble = keeper.trouble()
  return json(200, {
    count: rules().rules.rules.length,
    active: active && {
      commit: rules().commit ?? null,
      address: active.address,
      since: timeOf(active.since),
    },
    candidate: candidate === undefined ? null : { ...candidate, seenAt: timeOf(candidate.seenAt) },
    trouble: trouble === undefined ? null : { ...trouble, at: timeOf(trouble.at) },
    ...(withFiles ? { files: active?.files ?? [] } : {}),
  })
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
