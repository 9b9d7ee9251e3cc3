import type { HttpRequest } from '@azure/functions'
import * as z from 'zod'
import { ProblemError, problem } from './answers.ts'
import { parametersOf, type Route } from './route.ts'

const DEFAULT_MAX_BODY_BYTES = 64 * 1024
const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000
const MAX_CONTINUATION_LENGTH = 4096
const MAX_PROBLEMS = 50
const MAX_NAME_LENGTH = 100
/** The keys of function apps, which may come in any address. */
const HOST_PARAMETERS = ['code', 'clientid']

const LIMIT = `expected a whole number from 1 to ${MAX_LIMIT}`
const CONTINUATION = 'expected the value of an earlier answer'

/** The query of every route that answers pages. */
export const PAGE = {
  limit: z.coerce
    .number(LIMIT)
    .int(LIMIT)
    .min(1, LIMIT)
    .max(MAX_LIMIT, LIMIT)
    .default(DEFAULT_LIMIT)
    .describe('How many of them at most; there may be fewer, even none, and still more to come.'),
  continuation: z
    .string()
    .max(MAX_CONTINUATION_LENGTH, CONTINUATION)
    .regex(/^[\w+/=.-]+$/, CONTINUATION)
    .optional()
    .describe('What the answer before gave, for the page behind it.'),
}

/** Of every answer that is a page. */
export const CONTINUATION_ANSWER = z
  .string()
  .nullable()
  .describe('For the next page; null: this was the last.')

export interface Input {
  params: Record<string, string>
  query: Record<string, unknown>
  body: unknown
}

/** The whole body. Rejects with ProblemError where it is longer than the route takes. */
export async function readBody(route: Route, request: HttpRequest): Promise<Buffer> {
  const max = route.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES
  const tooLarge = () => new ProblemError(problem(413, 'too-large', `the body is longer than ${max} bytes`))
  if (Number(request.headers.get('content-length') ?? 0) > max) throw tooLarge()
  const body = Buffer.from(await request.arrayBuffer())
  if (body.length > max) throw tooLarge()
  // The host of Azure hands on no body whose length was not said, and an empty one is another request.
  if (body.length === 0 && request.headers.has('transfer-encoding')) {
    const detail = 'send the body with its length in Content-Length; one in chunks does not come through'
    throw new ProblemError(problem(411, 'length-required', detail))
  }
  return body
}

/** Throws ProblemError that names all that is wrong, and repeats no value. */
export function parseInput(route: Route, request: HttpRequest, body: Buffer): Input {
  const params = paramsOf(route, request)
  const query = parse(route.query ?? z.strictObject({}), queryOf(request), 'query')
  if (route.body === undefined) return { params, query, body: undefined }
  return { params, query, body: parse(route.body, bodyOf(request, body), 'body', route.whyUnknown) }
}

/** Of the route's path, as they came. */
export function paramsOf(route: Route, { params }: HttpRequest): Record<string, string> {
  return Object.fromEntries(parametersOf(route).map(name => [name, params[name] ?? '']))
}

function queryOf({ query }: HttpRequest): Record<string, string> {
  const entries = [...query.entries()].filter(([name]) => !HOST_PARAMETERS.includes(name.toLowerCase()))
  return Object.fromEntries(entries)
}

function bodyOf({ headers }: HttpRequest, body: Buffer): unknown {
  if (body.length === 0) return {}
  // Web pages can send other types to addresses that are not theirs without asking first.
  const type = headers.get('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ProblemError(problem(415, 'unsupported-media-type', 'expected Content-Type: application/json'))
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error
    throw new ProblemError(problem(400, 'bad-request', 'body: expected JSON in UTF-8'))
  }
}

function parse<T extends z.ZodType>(
  schema: T,
  value: unknown,
  where: string,
  whyUnknown: Route['whyUnknown'] = () => undefined,
): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const errors = result.error.issues.slice(0, MAX_PROBLEMS).map(issue => ({
    in: where,
    path: pathOf(issue.path),
    problem: problemOf(issue, whyUnknown),
  }))
  const more = result.error.issues.length - errors.length
  if (more > 0) errors.push({ in: where, path: '', problem: `and ${more} problems more` })
  const detail = errors
    .map(({ path, problem }) => `${path === '' ? where : path}: ${problem}`)
    .join('; ')
    .slice(0, 900)
  throw new ProblemError(problem(400, 'bad-request', detail, { errors }))
}

/** As people write it: `definitions[1].name`. */
function pathOf(steps: readonly PropertyKey[]): string {
  const path = steps.map(step => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  return path.replace(/^\./, '').slice(0, MAX_NAME_LENGTH)
}

function problemOf(issue: z.core.$ZodIssue, whyUnknown: NonNullable<Route['whyUnknown']>): string {
  if (issue.code !== 'unrecognized_keys') return issue.message
  const names = issue.keys.slice(0, MAX_PROBLEMS).map(key => {
    const why = whyUnknown(key)
    return key.slice(0, MAX_NAME_LENGTH) + (why === undefined ? '' : ` (${why})`)
  })
  return `not known here: ${names.join(', ')}`
}
