/** The API's document: https://spec.openapis.org/oas/v3.1.1.html. It holds what the routes' definitions say. */
import * as z from 'zod'
import { PROBLEMS, typeOf } from './answers.ts'
import { parametersOf, type Route, type RouteAnswer } from './route.ts'

type Json = Record<string, unknown>

const VERSION = '1.0.0'
const PROBLEM = { $ref: '#/components/schemas/Problem' }

export function toOpenApi(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = `/${route.path}`
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: toOperation(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lakemark',
      version: VERSION,
      description:
        'Registers the files that land in a data lake as versioned data assets in Azure Machine Learning workspaces.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/api' }],
    paths,
    components: {
      securitySchemes: {
        entra: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'An access token of Entra ID for this API, with the app role that x-required-role names.',
        },
        webhookPassword: {
          type: 'http',
          scheme: 'basic',
          description: "The push webhook's secret as the password, as Azure DevOps sends it.",
        },
        webhookSignature: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Hub-Signature-256',
          description: "sha256= and the HMAC of the body by the push webhook's secret, as GitHub sends it.",
        },
      },
      schemas: { Problem: problemSchema() },
    },
  }
}

function toOperation(route: Route): Json {
  const { name, summary, access, body, answers } = route
  return {
    operationId: name,
    summary,
    security: securityOf(route),
    ...(access === 'public' ? {} : { 'x-required-role': access }),
    ...(route.operates === undefined
      ? {}
      : {
          description:
            'Where a rule names its operators, they may call without the role, and nobody else with it.',
        }),
    parameters: [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)],
    ...(body === undefined
      ? {}
      : { requestBody: { content: { 'application/json': { schema: schemaOf(body) } } } }),
    responses: Object.fromEntries(
      Object.entries({ ...commonAnswers(route), ...answers }).map(([status, answer]) => [
        status,
        toResponse(answer),
      ]),
    ),
  }
}

function securityOf({ access, proof }: Route): Json[] {
  if (access === 'public') return []
  const webhook = proof === 'webhook' ? [{ webhookPassword: [] }, { webhookSignature: [] }] : []
  return [{ entra: [] }, ...webhook]
}

function pathParameters(route: Route): Json[] {
  return parametersOf(route).map(name => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
}

function queryParameters({ query }: Route): Json[] {
  if (query === undefined) return []
  const { properties = {}, required = [] } = schemaOf(query) as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
  }))
}

function headerParameters({ headers = {} }: Route): Json[] {
  return Object.entries(headers).map(([name, description]) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  }))
}

/** What the routes have in common: what their definitions do not say. */
function commonAnswers({ access, body, changes }: Route): Record<number, RouteAnswer> {
  const withBody: Record<number, RouteAnswer> = { 415: { description: 'The body is not JSON' } }
  const closed: Record<number, RouteAnswer> = {
    401: {
      description: 'The caller is not known',
      headers: { 'WWW-Authenticate': 'How it may make itself known.' },
    },
    403: { description: 'The caller may not do this; the detail says what would be needed' },
  }
  const retry = { 'Retry-After': 'Seconds.' }
  return {
    400: { description: 'The request is not as it should be, or asks for what cannot be done' },
    ...(access === 'public' ? {} : closed),
    411: { description: 'The body came in chunks, without its length' },
    413: { description: 'The body is too large' },
    ...(body === undefined ? {} : withBody),
    429: { description: 'The caller calls too often', headers: retry },
    500: { description: 'A defect of the service, or something stored that it cannot read' },
    503: {
      description: changes
        ? 'Something that is needed does not answer; where that is the audit trail, nothing was done'
        : 'Something that is needed does not answer',
      headers: retry,
    },
  }
}

function toResponse({ description, schema, contentType, headers }: RouteAnswer): Json {
  const content =
    schema !== undefined
      ? { 'application/json': { schema: schemaOf(schema) } }
      : contentType !== undefined
        ? { [contentType]: { schema: { type: 'string' } } }
        : { 'application/problem+json': { schema: PROBLEM } }
  const named = Object.entries(headers ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ])
  return { description, ...(named.length === 0 ? {} : { headers: Object.fromEntries(named) }), content }
}

/** As a client writes it. What zod alone can check is left to it. */
function schemaOf(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    unrepresentable: 'any',
  })
  return rest
}

function problemSchema(): Json {
  return {
    type: 'object',
    description: 'RFC 9457.',
    required: ['type', 'title', 'status', 'detail', 'instance'],
    properties: {
      type: {
        type: 'string',
        enum: Object.keys(PROBLEMS).map(name => typeOf(name as keyof typeof PROBLEMS)),
      },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string', description: 'For people.' },
      instance: {
        type: 'string',
        description: 'Of this call: the audit trail and the log know it by the same id.',
      },
    },
  }
}
