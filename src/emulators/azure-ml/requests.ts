import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type * as z from 'zod'
import { reasonOf } from '../../core/errors.ts'
import { ArmError, userError } from './arm-errors.ts'
import type { Query } from './routes.ts'

/** ARM takes no larger requests. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024

/** General availability versions of the resource types data, data/versions and datastores, newest first. */
export const API_VERSIONS = ['2024-10-01', '2024-04-01', '2023-10-01', '2023-04-01', '2022-10-01'] as const

const BEARER = /^Bearer +\S+/i

/** Throws ArmError 413 as soon as the body is known to be too large; the rest of it is read and forgotten. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
    else chunks.length = 0
  }
  if (size <= MAX_BODY_BYTES) return Buffer.concat(chunks)
  const message = `The request content size exceeds the maximum size of ${MAX_BODY_BYTES} bytes.`
  throw new ArmError(413, 'RequestContentTooLarge', message)
}

/** Any non-empty bearer token counts. Throws ArmError 401, with the challenge that clients look for. */
export function requireBearer(headers: IncomingHttpHeaders): void {
  if (BEARER.test(headers.authorization ?? '')) return
  const trouble = headers.authorization === undefined ? 'is missing' : "is not of the form 'Bearer <token>'"
  const challenge =
    'Bearer authorization_uri="https://login.microsoftonline.com/common", error="invalid_token"'
  throw new ArmError(
    401,
    'AuthenticationFailed',
    `Authentication failed. The 'Authorization' header ${trouble}.`,
    { headers: { 'www-authenticate': challenge } },
  )
}

/** Returns the api-version. Throws ArmError 400 where it is missing or not supported. */
export function requireApiVersion(query: Query): string {
  const version = query.one('api-version')
  if (version === undefined || version === '') {
    throw new ArmError(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    )
  }
  if (API_VERSIONS.some(supported => supported === version)) return version
  throw new ArmError(
    400,
    'InvalidApiVersionParameter',
    `The api-version '${version}' is invalid. The supported versions are '${API_VERSIONS.join(',')}'.`,
  )
}

/** Throws ArmError 415 for another media type, as ARM does. */
export function requireJson(headers: IncomingHttpHeaders): void {
  const type = headers['content-type'] ?? ''
  if (/^application\/json\s*(;|$)/i.test(type)) return
  throw new ArmError(
    415,
    'UnsupportedMediaType',
    `The content media type '${type}' is not supported. Only 'application/json' is supported.`,
  )
}

/** Throws ArmError 400: not JSON (InvalidRequestContent), or not of the shape (UserError, with targets). */
export function parseBody<T>(schema: z.ZodType<T>, body: Buffer): T {
  const parsed = schema.safeParse(parseJson(body))
  if (parsed.success) return parsed.data
  const details = parsed.error.issues.map(issue => {
    const target = issue.path.map(String).join('.')
    return { code: 'BadArgument', target, message: `${target === '' ? 'body' : target}: ${issue.message}` }
  })
  throw userError(400, `The request is invalid. ${details.map(detail => detail.message).join('; ')}`, details)
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    throw new ArmError(
      400,
      'InvalidRequestContent',
      `The request content was invalid and could not be deserialized: '${reasonOf(error)}'.`,
    )
  }
}
