import { readConfig } from '../config.ts'
import { findRunning } from './running.ts'
import { UsageError } from './usage-error.ts'

const TIMEOUT_MS = 30_000

/** Nothing listens there. */
export class NoAnswerError extends UsageError {}

/** Calls the HTTP API of the service that runs on this machine. Throws UsageError with its reason where it refuses. */
export async function callService<T>(path: string, method: 'GET' | 'POST' = 'GET'): Promise<T> {
  const { home, port } = readConfig()
  const base = (await findRunning(home))?.service ?? `http://127.0.0.1:${port}`
  let response: Response
  try {
    response = await fetch(`${base}/api/${path}`, { method, signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch {
    throw new NoAnswerError(`no answer from ${base}; is Lakemark running? Start it with: npm start`)
  }
  const body: unknown = await response.json()
  if (response.ok) return body as T
  const { detail } = body as { detail?: string }
  throw new UsageError(detail ?? `${base} answered ${response.status}`)
}
