import type { Log } from './app/ports.ts'

export type LogLevel = 'info' | 'warn' | 'error'
const LEVELS: readonly LogLevel[] = ['info', 'warn', 'error']

/** What must never be read in a log, whatever field it comes in: signatures of SAS, account keys, tokens. */
const SECRETS: readonly [RegExp, string][] = [
  [/([?&;]sig=)[^&;\s"]+/gi, '$1…'],
  [/(AccountKey=)[^;\s"]+/gi, '$1…'],
  [/(Bearer\s+)[\w.~+/-]+=*/gi, '$1…'],
  [/(SharedKey\s+[^:\s]+:)[^\s"]+/gi, '$1…'],
]

/** One JSON object a line: time, level, message, fields. Errors become their message and stack. */
export function createLog(level: LogLevel, write: (line: string) => void = line => console.error(line)): Log {
  const enabled = new Set(LEVELS.slice(LEVELS.indexOf(level)))
  const at =
    (level: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      if (!enabled.has(level)) return
      const line = JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }, plain)
      write(redacted(line))
    }
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

export function redacted(text: string): string {
  return SECRETS.reduce((line, [secret, instead]) => line.replace(secret, instead), text)
}

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack }
  return typeof value === 'bigint' ? String(value) : value
}
