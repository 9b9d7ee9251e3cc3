import type { Log } from './app/ports.ts'
import { redacted } from './core/redaction.ts'

export { redacted } from './core/redaction.ts'

export type LogLevel = 'info' | 'warn' | 'error'
const LEVELS: readonly LogLevel[] = ['info', 'warn', 'error']

/** One JSON object a line: time, level, message, fields. Errors become their message and stack. */
export function createLog(level: LogLevel, write: (line: string) => void = line => console.error(line)): Log {
  const enabled = new Set(LEVELS.slice(LEVELS.indexOf(level)))
  const at =
    (level: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      if (!enabled.has(level)) return
      const line = JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }, plain)
      write(escaped(line))
    }
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

/** JSON leaves these as they are; a terminal obeys some of them, and some readers take others for a new line. */
function escaped(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A field that is so called is nothing for a log, whatever it holds. */
const SECRET_FIELDS =
  /^(authorization|.*password|.*passwd|.*connection_?string|.*(account|access|shared|api|function|host)_?key|(access|refresh|id)_?token|client_?secret)$/i

function plain(key: string, value: unknown): unknown {
  // Each text on its own: in the finished line a secret might end in the middle of an escape.
  if (typeof value === 'string') return SECRET_FIELDS.test(key.replace(/[-.]/g, '')) ? '…' : redacted(value)
  if (value instanceof Error) {
    const { name, message, stack, cause } = value
    return { name, message, stack, ...(cause === undefined ? {} : { cause: toText(cause) }) }
  }
  return typeof value === 'bigint' ? String(value) : value
}

/** SDK errors carry whole requests along: of what caused an error, what it says is enough. */
function toText(cause: unknown): string {
  return redacted(String(cause instanceof Error ? cause.message : cause))
}
