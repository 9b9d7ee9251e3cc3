import * as z from 'zod'
import { type Health, unopened } from '../../app/questions/health.ts'
import { APP_VERSION } from '../../app-version.ts'
import { reasonOf } from '../../core/errors.ts'
import { SECOND } from '../../core/time.ts'
import { redacted } from '../../log.ts'
import type { LakemarkOpener, OpenLakemark } from '../../open-lakemark.ts'
import { createTimeLimit } from '../../time-limit.ts'
import { json } from '../http/answers.ts'
import { defineRoute } from '../http/route.ts'
import { health } from './answers.ts'

/** Errors whose messages say what is in the way of opening; their modules need not be loaded for that. */
const TOLD = ['TransientError', 'PermanentError', 'UnreadableError', 'ConfigError', 'RulesError']

/** A service that is being opened for the first time may take longer, and says so meanwhile. */
const OPENING_MS = 10 * SECOND
const inTime = createTimeLimit(OPENING_MS)

/** Whether the service lives, and whether it is ready. */
export const HEALTH_ROUTES = [
  defineRoute({
    name: 'live',
    method: 'GET',
    path: 'health/live',
    summary: 'Whether the process answers at all; it looks at nothing else and tells nothing else',
    access: 'public',
    changes: false,
    answers: { 200: { description: 'It does', schema: z.object({ status: z.literal('live') }) } },
    handle: async () => json(200, { status: 'live' }),
  }),
  defineRoute({
    name: 'health',
    method: 'GET',
    path: 'health',
    summary:
      'Whether the service is ready, which dependency is not, how the last scheduled re-sync went, and what was counted',
    access: 'Lakemark.Read',
    changes: false,
    answers: {
      200: { description: 'Ready', schema: health },
      503: { description: 'Not ready; what it depends on says why', schema: health },
    },
    async handle({ lakemark }) {
      const opened = await open(lakemark)
      const found = 'reason' in opened ? unopened(opened.reason, APP_VERSION) : await opened.lakemark.health()
      return json(found.status === 'ready' ? 200 : 503, withoutSecrets(found))
    },
  }),
]

async function open(lakemark: LakemarkOpener): Promise<{ lakemark: OpenLakemark } | { reason: string }> {
  try {
    return { lakemark: await inTime(lakemark()) }
  } catch (error) {
    if (!(error instanceof Error) || !TOLD.includes(error.name)) throw error
    return { reason: reasonOf(error) }
  }
}

/** Reasons are repeated as they came. */
function withoutSecrets(found: Health): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(found).map(([name, value]) => [name, typeof value === 'string' ? redacted(value) : value]),
  )
}
