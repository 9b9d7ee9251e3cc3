import * as z from 'zod'
import type { RegistrationView } from '../../app/register/view.ts'
import { hasRole } from '../../core/access/caller.ts'
import type { RequestProblem } from '../../core/register/request.ts'
import { type Answer, json, problem } from '../http/answers.ts'
import { defineRoute } from '../http/route.ts'
import { registerBody, whyUnknown } from './register-body.ts'
import { IDEMPOTENCY_KEY, idempotencyKeyOf, nameOf, POLL_SECONDS, refusal, unknownRun } from './runs.ts'

/** Of a request's problems that are told. */
const MAX_PROBLEMS = 100
const MAX_DETAIL = 900

const time = z.iso.datetime().nullable()

const registration = z.object({
  id: z.string(),
  state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  phase: z.enum(['listing', 'verifying', 'delivering', 'done']),
  by: z.string(),
  createdAt: z.iso.datetime(),
  startedAt: time,
  endedAt: time,
  reason: z.string().nullable().describe('What is not registered, and why.'),
  trouble: z.array(z.string()).describe('What is in the way at the moment.'),
  dryRun: z.boolean(),
  assets: z
    .array(
      z.object({
        dataset: z.string(),
        datastore: z.string(),
        asset: z.string(),
        type: z.enum(['uri_file', 'uri_folder']),
        source: z.string().describe('account/container/path, as it was asked for.'),
        files: z.int().describe('That lie there.'),
        new: z.int(),
        changed: z.int(),
        refused: z.int().describe('That cannot be taken in.'),
        settling: z.int().describe('That were left out, as they are still being copied.'),
        troubled: z.int(),
        version: z.int().nullable().describe('The newest version that points there.'),
        workspaces: z
          .record(
            z.string(),
            z.object({
              state: z.enum(['pending', 'registered', 'failed', 'absent']),
              reason: z.string().nullable(),
            }),
          )
          .describe('Where that version is, by alias.'),
      }),
    )
    .describe('One for each dataset and datastore.'),
}) satisfies z.ZodType<RegistrationView>

const LOCATION = {
  Location: 'What becomes of it; asking there answers 202 until it has ended.',
  'Retry-After': 'Seconds, to ask there.',
}

/** What a caller names is registered, without a rule for it. */
export const REGISTER_ROUTES = [
  defineRoute({
    name: 'register',
    method: 'POST',
    path: 'register',
    summary: 'Registers datasets that a caller names, as new versions where their content has changed',
    access: 'Lakemark.Operate',
    changes: true,
    query: z.strictObject({
      dryRun: z
        .enum(['true', 'false'], 'expected true or false')
        .default('false')
        .describe('Checks and counts, and changes nothing.'),
    }),
    headers: IDEMPOTENCY_KEY,
    body: registerBody,
    whyUnknown,
    async operates({ lakemark, body, caller }) {
      const { register } = await lakemark()
      return register.operated(body, caller)
    },
    answers: {
      202: { description: 'It is under way', schema: registration, headers: LOCATION },
      422: { description: 'The Idempotency-Key was used for another request' },
    },
    async handle({ lakemark, body, query, caller, request }) {
      const idempotencyKey = idempotencyKeyOf(request, caller)
      const { register } = await lakemark()
      const dryRun = query.dryRun === 'true'
      const started = await register.start({ request: body, dryRun, by: nameOf(caller), idempotencyKey })
      if (started.kind === 'wrong') return wrong(started.problems)
      return started.kind === 'refused' ? refusal(started) : underWay(started.registration, request.url)
    },
  }),
  defineRoute({
    name: 'registration',
    method: 'GET',
    path: 'register/{id}',
    summary: 'What became of a request to register: versions, and their state in each workspace',
    access: 'Lakemark.Read',
    changes: false,
    async operates({ lakemark, params: { id = '' }, caller }) {
      // Who may start it may follow it, and whoever may read anything may read this.
      if (hasRole(caller, 'Lakemark.Read')) return undefined
      const { register } = await lakemark()
      const operated = await register.operatedRun(id)
      return operated === undefined || operated.beyond ? undefined : operated
    },
    answers: {
      200: { description: 'All of it is registered', schema: registration },
      202: { description: 'It is under way', schema: registration, headers: LOCATION },
      404: { description: 'There is no such request' },
      422: {
        description: 'Not all of it is registered: `reason` says what, and `registration` all the rest',
      },
    },
    async handle({ lakemark, params: { id = '' }, request }) {
      const { register } = await lakemark()
      const found = await register.get(id)
      if (found === undefined) return unknownRun(id)
      if (found.endedAt === null) return underWay(found, request.url)
      if (found.state === 'done') return json(200, found)
      // A pipeline's activity fails with it, as it did when the ancestor answered with an error.
      return problem(422, 'not-registered', found.reason ?? `the run ${found.state}`, { registration: found })
    },
  }),
]

function underWay(registration: RegistrationView, url: string): Answer {
  const { href } = new URL(`/api/register/${registration.id}`, url)
  return json(202, registration, { Location: href, 'Retry-After': String(POLL_SECONDS) })
}

function wrong(problems: readonly RequestProblem[]): Answer {
  const errors = problems.slice(0, MAX_PROBLEMS).map(({ path, problem }) => ({ in: 'body', path, problem }))
  const more = problems.length - errors.length
  if (more > 0) errors.push({ in: 'body', path: '', problem: `and ${more} problems more` })
  const detail = errors.map(({ path, problem }) => `${path === '' ? 'body' : path}: ${problem}`).join('; ')
  return problem(400, 'bad-request', detail.slice(0, MAX_DETAIL), { errors })
}
