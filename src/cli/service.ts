import { readConfig } from '../config.ts'
import { findRunning } from './running.ts'
import { UsageError } from './usage-error.ts'

const TIMEOUT_MS = 30_000

/** Nothing listens there. */
export class NoAnswerError extends UsageError {}

/** Calls the HTTP API of the service that runs on this machine. Throws UsageError with its reason where it refuses. */
export async function callService<T>(
  path: string,
  method: 'GET' | 'POST' = 'GET',
  body?: unknown,
): Promise<T> {
  const { home, port } = readConfig()
  const base = (await findRunning(home))?.service ?? `http://127.0.0.1:${port}`
  let response: Response
  try {
    response = await fetch(`${base}/api/${path}`, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined
        ? {}
        : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    })
  } catch {
    throw new NoAnswerError(`no answer from ${base}; is Lakemark running? Start it with: npm start`)
  }
  const answer: unknown = await response.json()
  if (response.ok) return answer as T
  const { detail } = answer as { detail?: string }
  throw new UsageError(detail ?? `${base} answered ${response.status}`)
}
