/** What a call was asked with, fit to be kept: without secrets, and bounded. */
import { redacted } from '../redaction.ts'

/** Of the parameters as JSON text, which Table Storage keeps in one property of 32 Ki characters. */
export const MAX_PARAMETERS_LENGTH = 16_000
/** What is so called is never kept, whatever it holds. */
const SECRET_NAMES =
  /^(code|sig|.*(token|secret|password|passwd|credential|authorization|connectionstring|apikey|(account|access|shared|function|host)_?key))$/i
const CUT = '…'

/** What is too long is kept as the beginning of its JSON text, under `truncated`. */
export function toAuditParameters(parameters: Record<string, unknown>): Record<string, unknown> {
  const kept = cut(parameters) as Record<string, unknown>
  const text = JSON.stringify(kept)
  return text.length <= MAX_PARAMETERS_LENGTH ? kept : { truncated: text.slice(0, MAX_PARAMETERS_LENGTH) }

  function cut(value: unknown): unknown {
    if (typeof value === 'string') return redacted(value)
    if (Array.isArray(value)) return value.map(cut)
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
    return Object.fromEntries(
      entries.map(([name, inner]) => [name, SECRET_NAMES.test(name.replace(/[-.]/g, '')) ? CUT : cut(inner)]),
    )
  }
}
