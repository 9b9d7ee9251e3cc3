import { isIP } from 'node:net'
import type { HttpRequest, InvocationContext } from '@azure/functions'
import type { AuditEntry, AuditLog } from '../../app/audit/audit.ts'
import { toAuditParameters } from '../../core/access/audit-parameters.ts'
import type { Caller } from '../../core/access/caller.ts'
import { reasonOf } from '../../core/errors.ts'
import { type Answer, typeOf } from './answers.ts'
import type { Route } from './route.ts'

export interface AuditTrailOptions {
  audit: () => Promise<AuditLog>
  now: () => number
}

export interface Origin {
  address: string | undefined
  correlation: string
}

/**
 * Writes down what a call is about to change, and afterwards what became of it. The first must succeed before
 * anything is done: no change without a trace. Should the second fail, the change is made and answered as it is, and
 * its entry stands without an outcome, which says that it was begun.
 */
export function createAuditTrail({ audit, now }: AuditTrailOptions) {
  /** Rejects with TransientError: the call must not be made. The function that it gives never rejects. */
  async function begin(
    route: Route,
    context: InvocationContext,
    who: { caller: Caller; origin: Origin; parameters: Record<string, unknown> },
  ): Promise<(answer: Answer) => Promise<void>> {
    const log = await audit()
    const entry = { ...entryOf(route, context, who), outcome: undefined }
    await log.append(entry)
    return async answer => {
      try {
        await log.append({ ...entry, outcome: outcomeOf(answer) })
      } catch (error) {
        context.error('the outcome of a call is missing in the audit trail', {
          route: route.name,
          call: entry.id,
          status: answer.status,
          reason: reasonOf(error),
        })
      }
    }
  }

  /** Of a call that was refused to somebody who is known: nothing was done. */
  async function refused(
    route: Route,
    context: InvocationContext,
    who: { caller: Caller; origin: Origin; parameters: Record<string, unknown> },
    answer: Answer,
  ): Promise<void> {
    const log = await audit()
    await log.append({ ...entryOf(route, context, who), outcome: outcomeOf(answer) })
  }

  function entryOf(
    route: Route,
    { invocationId }: InvocationContext,
    { caller, origin, parameters }: { caller: Caller; origin: Origin; parameters: Record<string, unknown> },
  ): Omit<AuditEntry, 'outcome'> {
    const { kind, id, app, name } = caller
    return {
      id: invocationId,
      at: now(),
      caller: { kind, id, app, name },
      route: route.name,
      parameters: toAuditParameters(parameters),
      ...origin,
    }
  }

  function outcomeOf({ status, problem }: Answer): AuditEntry['outcome'] {
    return { status, problem: problem && typeOf(problem), at: now() }
  }

  return { begin, refused }
}

/** What a client may call its own call by: ids and trace contexts. Anything else is not kept. */
const CORRELATION = /^[0-9a-f-]{8,64}$/i

/** `isBehindAzure`: the last address in X-Forwarded-For is the one that Azure's front end saw. */
export function originOf(
  { headers }: HttpRequest,
  { invocationId }: InvocationContext,
  isBehindAzure: boolean,
): Origin {
  const given = headers.get('x-ms-client-request-id') ?? headers.get('x-correlation-id') ?? ''
  return {
    address: isBehindAzure ? lastAddress(headers.get('x-forwarded-for')) : undefined,
    correlation: CORRELATION.test(given) ? given : invocationId,
  }
}

/** Without its port: `203.0.113.7:443`, `[2001:db8::1]:443` or `2001:db8::1`. */
function lastAddress(forwarded: string | null): string | undefined {
  const last = forwarded?.split(',').at(-1)?.trim() ?? ''
  const [, bracketed] = /^\[([0-9a-f:.]+)\](?::\d+)?$/i.exec(last) ?? []
  const [, version4] = /^([\d.]+)(?::\d+)?$/.exec(last) ?? []
  const address = bracketed ?? version4 ?? last
  return isIP(address) === 0 ? undefined : address
}
