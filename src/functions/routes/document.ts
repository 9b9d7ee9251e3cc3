import * as z from 'zod'
import { json } from '../http/answers.ts'
import { toOpenApi } from '../http/openapi.ts'
import { defineRoute } from '../http/route.ts'

export const DOCUMENT_ROUTES = [
  defineRoute({
    name: 'openapi',
    method: 'GET',
    path: 'openapi.json',
    summary: 'This document: the whole API as OpenAPI 3.1',
    access: 'Lakemark.Read',
    changes: false,
    answers: { 200: { description: 'The document', schema: z.looseObject({ openapi: z.string() }) } },
    handle: async ({ routes }) => json(200, toOpenApi(routes)),
  }),
]
