import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import { PermanentError, reasonOf, TransientError, UnreadableError } from '../core/errors.ts'
import type { LakemarkOpener, OpenLakemark } from '../open-lakemark.ts'

export type Answer = (lakemark: OpenLakemark, request: HttpRequest) => Promise<HttpResponseInit>

/**
 * The handler of a request: trouble that may pass is answered with 503, what is refused with 400, and what the
 * ledger holds and this version cannot read with 500 and the place of it.
 */
export function answering(lakemark: LakemarkOpener, answer: Answer) {
  return async (request: HttpRequest): Promise<HttpResponseInit> => {
    try {
      return await answer(await lakemark(), request)
    } catch (error) {
      if (error instanceof TransientError) return problem(503, 'unavailable', reasonOf(error))
      if (error instanceof PermanentError) return problem(400, 'refused', reasonOf(error))
      if (error instanceof UnreadableError) return problem(500, 'unreadable', reasonOf(error))
      throw error
    }
  }
}

/** RFC 9457 problem JSON. */
export function problem(status: number, type: string, detail: string): HttpResponseInit {
  return {
    status,
    headers: { 'Content-Type': 'application/problem+json' },
    body: JSON.stringify({ type: `urn:lakemark:${type}`, status, title: type, detail }),
  }
}

export function json(status: number, body: unknown): HttpResponseInit {
  return { status, jsonBody: body }
}
