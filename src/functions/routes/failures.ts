import * as z from 'zod'
import {
  deliveryIn,
  FAILURE_KINDS,
  type Failure,
  type RetryReport,
  type RetrySelection,
} from '../../app/failures/failure.ts'
import type { Caller } from '../../core/access/caller.ts'
import { mayCall, mayOperate, type Operated, operatedRules } from '../../core/access/decision.ts'
import { isAssetName } from '../../core/naming.ts'
import { isFromRequest } from '../../core/register/request.ts'
import type { OpenLakemark } from '../../open-lakemark.ts'
import { json, problem } from '../http/answers.ts'
import { CONTINUATION_ANSWER, PAGE } from '../http/input.ts'
import { ASSET_NAME, RULE_NAME, WORKSPACE_ALIAS } from '../http/names.ts'
import { defineRoute } from '../http/route.ts'
import { unknownAsset } from './answers.ts'
import { operatedAsset } from './operated-asset.ts'

const MAX_TEXT = 300

const FILTER = {
  kind: z.enum(FAILURE_KINDS, `expected one of ${FAILURE_KINDS.join(', ')}`).optional(),
  rule: RULE_NAME,
  workspace: WORKSPACE_ALIAS.describe('Deliveries only: nothing else has one.'),
  asset: ASSET_NAME,
}

const failureShown: z.ZodType<Failure> = z.object({
  id: z.string().describe('For retrying this one.'),
  kind: z
    .enum(FAILURE_KINDS)
    .describe(
      'delivery: a workspace has refused a version for good; refusal: a file matches a rule and cannot be registered; message: work or a listing failed in every attempt; dead-letter: an undelivered event that nobody can read.',
    ),
  rule: z.string().nullable(),
  asset: z.string().nullable(),
  version: z.int().nullable(),
  workspace: z.string().nullable().describe('Its alias.'),
  file: z.string().nullable().describe('account/container/path, of a folder with a slash at its end.'),
  reason: z.string(),
  since: z.iso.datetime(),
})

const retryReport: z.ZodType<Omit<RetryReport, 'continuation'>> = z.object({
  started: z
    .int()
    .describe('Deliveries that are pending again, files that were taken in, messages that were sent again.'),
  cleared: z.int().describe('Whose cause was gone: they are no longer in the list.'),
  left: z.int().describe('Looked at, and nothing could be done: they stay in the list.'),
  notAllowed: z.int().describe('Of rules that others operate: nothing was done.'),
})

const retryBody = z
  .strictObject({
    ...FILTER,
    id: z
      .string()
      .regex(/^[\w:.-]{1,500}$/, 'expected the id of a failure')
      .optional(),
    all: z.literal(true, 'expected true').optional(),
    continuation: PAGE.continuation,
  })
  .superRefine(({ id, all, continuation: _, ...filter }, context) => {
    const hasFilter = Object.values(filter).some(value => value !== undefined)
    const ways = [id !== undefined, all !== undefined, hasFilter].filter(Boolean).length
    if (ways === 1) return
    const expected = 'the id of a failure, or any of rule, workspace, asset and kind, or "all": true'
    context.addIssue({
      code: 'custom',
      message: ways === 0 ? `expected ${expected}` : `expected one way to say which: ${expected}`,
    })
  })

/** All that has failed, in one list, and trying it again. */
export const FAILURE_ROUTES = [
  defineRoute({
    name: 'failures',
    method: 'GET',
    path: 'failures',
    summary:
      'What has failed for good: deliveries to a workspace, files that cannot be registered, messages and dead letters',
    access: 'Lakemark.Read',
    changes: false,
    query: z.strictObject({
      ...PAGE,
      ...FILTER,
      q: z
        .string()
        .max(MAX_TEXT)
        .optional()
        .describe('Stands in the asset, the file or the reason; upper and lower case are the same.'),
    }),
    answers: {
      200: {
        description: 'A page of them, each with its reason; deliveries come first',
        schema: z.object({ failures: z.array(failureShown), continuation: CONTINUATION_ANSWER }),
      },
    },
    async handle({ lakemark, query: { limit, continuation, ...filter } }) {
      const { failures } = await lakemark()
      const page = await failures.list(filter, { limit, continuation })
      return json(200, { failures: page.items, continuation: page.continuation ?? null })
    },
  }),
  defineRoute({
    name: 'retryFailures',
    method: 'POST',
    path: 'failures/retry',
    summary: 'Tries again what has failed: one by its id, some by a filter, or all; page by page',
    access: 'Lakemark.Operate',
    changes: true,
    body: retryBody,
    async operates({ lakemark, body }) {
      return touched(await lakemark(), toSelection(body))
    },
    answers: {
      202: {
        description: 'What was begun. Where there is a continuation there is more: call again with it',
        schema: retryReport.and(z.object({ continuation: CONTINUATION_ANSWER })),
      },
      404: { description: 'There is no such failure' },
    },
    async handle({ lakemark, body, caller }) {
      const { failures, rules } = await lakemark()
      const { asset, continuation } = body
      const mayRetry = (rule: string | undefined) =>
        // Who may operate all that the asset was made of was asked before.
        (asset !== undefined && rule !== undefined && isFromRequest(rule)) ||
        isAllowed(caller, rule, rules().rules.rules)
      const report = await failures.retry(toSelection(body), { continuation, mayRetry })
      if (report === undefined) return problem(404, 'unknown-failure', 'no failure has this id')
      return json(202, { ...report, continuation: report.continuation ?? null })
    },
  }),
  defineRoute({
    name: 'retryAsset',
    method: 'POST',
    path: 'assets/{name}/retry',
    summary: "Makes an asset's failed deliveries pending again",
    access: 'Lakemark.Operate',
    changes: true,
    async operates({ lakemark, params: { name = '' } }) {
      return operatedAsset(await lakemark(), name)
    },
    answers: {
      202: {
        description: 'How many versions are delivered again',
        schema: z.object({ asset: z.string(), versions: z.int() }),
      },
      404: { description: 'There is no such asset' },
    },
    async handle({ lakemark, params: { name = '' } }) {
      const { retry } = await lakemark()
      const retried = isAssetName(name) ? await retry(name) : undefined
      return retried === undefined
        ? unknownAsset(name)
        : json(202, { asset: name, versions: retried.retried })
    },
  }),
]

function toSelection({
  id,
  all: _,
  continuation: __,
  ...filter
}: z.output<typeof retryBody>): RetrySelection {
  return id === undefined ? { filter } : { id }
}

/** Where it is not said whose failures they are, the role is needed; those of others' rules are left out then. */
async function touched(lakemark: OpenLakemark, selection: RetrySelection): Promise<Operated | undefined> {
  const inForce = lakemark.rules().rules.rules
  if ('id' in selection) {
    const rule = await lakemark.failures.ruleOf(selection.id)
    const asset = deliveryIn(selection.id)?.asset
    if (rule === undefined) return undefined
    if (isFromRequest(rule)) return asset === undefined ? undefined : operatedAsset(lakemark, asset)
    return { rules: operatedRules([rule], inForce), beyond: false }
  }
  const { rule, asset } = selection.filter
  if (rule !== undefined && !isFromRequest(rule)) {
    return { rules: operatedRules([rule], inForce), beyond: false }
  }
  return asset === undefined ? undefined : operatedAsset(lakemark, asset)
}

/** Of a failure. Undefined: it is no rule's. */
function isAllowed(
  caller: Caller,
  rule: string | undefined,
  inForce: Parameters<typeof operatedRules>[1],
): boolean {
  if (rule === undefined) return mayCall(caller, 'Lakemark.Operate').allowed
  if (isFromRequest(rule)) {
    // Whose ground it lies on is asked where one asset is tried again; of many, what may be somebody's is left out.
    const isGuarded = inForce.some(({ operators }) => operators.length > 0)
    return mayCall(caller, isGuarded ? 'Lakemark.Admin' : 'Lakemark.Operate').allowed
  }
  return operatedRules([rule], inForce).every(it => mayOperate(caller, it).allowed)
}
