import * as z from 'zod'
import type { RunView } from '../../app/resync/run-view.ts'
import type { StartAnswer } from '../../app/resync/runs.ts'
import type { Caller } from '../../core/access/caller.ts'
import { type Operated, operatedRules } from '../../core/access/decision.ts'
import type { RunFilter } from '../../core/resync/filter.ts'
import type { OpenLakemark } from '../../open-lakemark.ts'
import { type Answer, json, ProblemError, problem } from '../http/answers.ts'
import { CONTINUATION_ANSWER, PAGE } from '../http/input.ts'
import { ASSET_NAME, RULE_NAME, WORKSPACE_ALIAS } from '../http/names.ts'
import { defineRoute } from '../http/route.ts'
import { operatedAsset } from './operated-asset.ts'
import { runShown } from './run-answers.ts'

const MAX_KEY_LENGTH = 200
const BUSY_SECONDS = 60
/** A run takes seconds at least; Data Factory asks again after this time. */
export const POLL_SECONDS = 5

const name = (what: string, most: number) =>
  z
    .string()
    .min(1, `expected ${what}`)
    .max(most, `expected ${what}, of at most ${most} characters`)
    .optional()

const filter = z.strictObject({
  container: name('account/container, or a container', 90).describe('As rules name it.'),
  prefix: z
    .string()
    .max(1024)
    .refine(text => text.isWellFormed(), 'expected whole characters, as paths have')
    .optional()
    .describe('Paths in the container begin with this.'),
  rule: RULE_NAME,
  asset: ASSET_NAME,
  workspace: WORKSPACE_ALIAS.describe('It is given what it lacks.'),
  since: z.iso
    .datetime({ offset: true, error: 'expected a time such as 2026-01-31T12:00:00Z' })
    .optional()
    .describe('Only files written since then.'),
  dryRun: z.boolean().default(false).describe('Counts, and changes nothing.'),
  verify: z.boolean().default(false).describe('Also compares the ledger with what Azure ML has.'),
})

const UNKNOWN = { 404: { description: 'There is no such run' } }
const LOCATION = {
  Location: 'The run; asking it answers 202 until it has ended.',
  'Retry-After': 'Seconds, to ask there.',
}
/** Of routes that begin a run. */
export const IDEMPOTENCY_KEY = {
  'Idempotency-Key': `1 to ${MAX_KEY_LENGTH} characters; for a day, the same key of the same caller leads to the same run.`,
}

/** Re-sync: lake, ledger and workspaces are brought into line. */
export const RUN_ROUTES = [
  defineRoute({
    name: 'resync',
    method: 'POST',
    path: 'resync',
    summary:
      'Compares the lake with the ledger and takes in what is missing; joins a run over the same ground',
    access: 'Lakemark.Operate',
    changes: true,
    headers: IDEMPOTENCY_KEY,
    body: filter,
    async operates({ lakemark, body }) {
      const opened = await lakemark()
      const byFilter = touched(opened, toFilter(body))
      // Of an asset, versions of all rules that have ever made it may be delivered again.
      const { asset, rule, verify } = body
      const made = verify && rule === undefined && asset !== undefined && (await operatedAsset(opened, asset))
      return made ? { rules: [...byFilter.rules, ...made.rules], beyond: made.beyond } : byFilter
    },
    answers: {
      202: { description: 'The run', schema: runShown, headers: LOCATION },
      422: { description: 'The Idempotency-Key was used for another request' },
    },
    async handle({ lakemark, body, caller, request }) {
      const idempotencyKey = idempotencyKeyOf(request, caller)
      const { resync } = await lakemark()
      const started = await resync.start({ filter: toFilter(body), by: nameOf(caller), idempotencyKey })
      return started.kind === 'refused' ? refusal(started) : underWay(started.run, request.url)
    },
  }),
  defineRoute({
    name: 'runs',
    method: 'GET',
    path: 'runs',
    summary: 'Re-sync runs, newest first',
    access: 'Lakemark.Read',
    changes: false,
    query: z.strictObject(PAGE),
    answers: {
      200: {
        description: 'A page of runs',
        schema: z.object({ runs: z.array(runShown), continuation: CONTINUATION_ANSWER }),
      },
    },
    async handle({ lakemark, query }) {
      const { resync } = await lakemark()
      const { items, continuation } = await resync.list(query)
      return json(200, { runs: items, continuation: continuation ?? null })
    },
  }),
  defineRoute({
    name: 'run',
    method: 'GET',
    path: 'runs/{id}',
    summary: 'One re-sync run: how far it is, and what it has found',
    access: 'Lakemark.Read',
    changes: false,
    answers: {
      200: { description: 'It has ended', schema: runShown },
      202: { description: 'It is under way', schema: runShown, headers: LOCATION },
      ...UNKNOWN,
    },
    async handle({ lakemark, params: { id = '' }, request }) {
      const { resync } = await lakemark()
      const run = await resync.get(id)
      if (run === undefined) return unknownRun(id)
      return run.endedAt === null ? underWay(run, request.url) : json(200, run)
    },
  }),
  defineRoute({
    name: 'runFindings',
    method: 'GET',
    path: 'runs/{id}/findings',
    summary: 'What a run with verify has found in Azure ML that differs from the ledger',
    access: 'Lakemark.Read',
    changes: false,
    query: z.strictObject(PAGE),
    answers: {
      200: {
        description: 'A page of findings',
        schema: z.object({
          findings: z.array(
            z.object({
              asset: z.string(),
              workspace: z.string(),
              version: z.int().optional(),
              kind: z.enum(['missing', 'archived', 'foreign', 'unanswered']),
              detail: z.string(),
              at: z.iso.datetime(),
            }),
          ),
          continuation: CONTINUATION_ANSWER,
        }),
      },
      ...UNKNOWN,
    },
    async handle({ lakemark, params: { id = '' }, query }) {
      const { resync } = await lakemark()
      const page = await resync.findings(id, query)
      if (page === undefined) return unknownRun(id)
      const findings = page.items.map(finding => ({ ...finding, at: new Date(finding.at).toISOString() }))
      return json(200, { findings, continuation: page.continuation ?? null })
    },
  }),
  defineRoute({
    name: 'cancelRun',
    method: 'DELETE',
    path: 'runs/{id}',
    summary: 'Cancels a run; what it has taken in stays',
    access: 'Lakemark.Operate',
    changes: true,
    async operates({ lakemark, params: { id = '' } }) {
      const opened = await lakemark()
      const run = await opened.resync.get(id)
      if (run?.kind === 'register') return opened.register.operatedRun(id)
      return run === undefined ? undefined : touched(opened, filterOf(run))
    },
    answers: { 200: { description: 'The run, as it is now', schema: runShown }, ...UNKNOWN },
    async handle({ lakemark, params: { id = '' }, caller }) {
      const { resync } = await lakemark()
      const cancelled = await resync.cancel(id, nameOf(caller))
      return cancelled === undefined ? unknownRun(id) : json(200, cancelled.run)
    },
  }),
]

/** Whoever starts a run must be allowed to operate each rule that it touches. */
function touched({ resync, rules }: OpenLakemark, wanted: Partial<RunFilter>): Operated {
  return { rules: operatedRules(resync.rulesTouched(wanted), rules().rules.rules), beyond: false }
}

function toFilter({ since, ...rest }: z.output<typeof filter>): Partial<RunFilter> {
  return { ...rest, since: since === undefined ? undefined : Date.parse(since) }
}

function filterOf({ filter: { container, rule, asset, workspace } }: RunView): Partial<RunFilter> {
  return {
    container: container ?? undefined,
    rule: rule ?? undefined,
    asset: asset ?? undefined,
    workspace: workspace ?? undefined,
  }
}

/** The caller's own: others may have the same name, and use the same key. Throws ProblemError. Undefined: there is none. */
export function idempotencyKeyOf(
  { headers }: Pick<Request, 'headers'>,
  { kind, id, app }: Caller,
): string | undefined {
  const key = headers.get('idempotency-key')
  if (key === null) return undefined
  if (key !== '' && key.length <= MAX_KEY_LENGTH) return JSON.stringify([kind, id ?? app ?? null, key])
  const detail = `Idempotency-Key: expected 1 to ${MAX_KEY_LENGTH} characters`
  throw new ProblemError(problem(400, 'bad-request', detail))
}

function underWay(run: RunView, url: string): Answer {
  const headers = { Location: new URL(`/api/runs/${run.id}`, url).href, 'Retry-After': String(POLL_SECONDS) }
  return json(202, run, headers)
}

export function refusal({ why, reason }: Extract<StartAnswer, { kind: 'refused' }>): Answer {
  if (why === 'nothing') return problem(400, 'refused', reason)
  if (why === 'key') return problem(422, 'key-reused', reason)
  return problem(429, 'too-many-requests', reason, { headers: { 'Retry-After': String(BUSY_SECONDS) } })
}

export function nameOf({ kind, id, app, name }: Caller): string {
  return name ?? id ?? app ?? kind
}

export function unknownRun(id: string): Answer {
  return problem(404, 'unknown-run', `no run is called "${id.slice(0, 100)}"`)
}
